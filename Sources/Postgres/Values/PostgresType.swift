/// A PostgreSQL type, by the numbers the server's catalogue gives it.
public struct PostgresType: Sendable, Equatable {
    /// The type's OID; 0 leaves the choice to the server.
    public let oid: UInt32
    /// The OID of its array type; 0 where there is none.
    public let arrayOID: UInt32

    public init(oid: UInt32, arrayOID: UInt32) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    public static let bool = PostgresType(oid: 16, arrayOID: 1000)
    public static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    public static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    public static let int2 = PostgresType(oid: 21, arrayOID: 1005)
    public static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    public static let text = PostgresType(oid: 25, arrayOID: 1009)
    public static let json = PostgresType(oid: 114, arrayOID: 199)
    public static let float4 = PostgresType(oid: 700, arrayOID: 1021)
    public static let float8 = PostgresType(oid: 701, arrayOID: 1022)
    public static let timestamp = PostgresType(oid: 1114, arrayOID: 1115)
    public static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    public static let interval = PostgresType(oid: 1186, arrayOID: 1187)
    public static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
    public static let jsonb = PostgresType(oid: 3802, arrayOID: 3807)

    /// OIDs from here on belong to types that a user made.
    static let firstUserOID: UInt32 = 16384
    /// Types whose binary form is their text: char, name, text, json, xml, unknown, bpchar, varchar, cstring.
    static let textOIDs: Set<UInt32> = [18, 19, 25, 114, 142, 705, 1042, 1043, 2275]
    static let void: UInt32 = 2278
}
