/// A value that can be sent as a parameter, an array's element or a field of a COPY.
public protocol PostgresEncodable: Sendable {
    /// The type that the server is told, also for null.
    static var postgresType: PostgresType { get }
    /// Whether this stands for SQL's null; `encode` is not called then.
    var isPostgresNull: Bool { get }
    /// Appends the value in PostgreSQL's binary format.
    ///
    /// Throws `invalidValue` for what the type cannot hold, such as a NUL byte in text.
    func encode(into buffer: inout PostgresBuffer) throws(PostgresError)
    /// Appends all elements of an array, each after its length; implemented for you.
    static func encodeElements(_ elements: [Self], into buffer: inout PostgresBuffer) throws(PostgresError)
}

extension PostgresEncodable {
    public var isPostgresNull: Bool { false }

    // A requirement, so that each type gets its own specialised loop instead of a witness call per element.
    public static func encodeElements(
        _ elements: [Self], into buffer: inout PostgresBuffer
    ) throws(PostgresError) {
        for element in elements { try buffer.appendField(element) }
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }
    public var isPostgresNull: Bool { self?.isPostgresNull ?? true }

    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        try self?.encode(into: &buffer)
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { PostgresType(oid: Element.postgresType.arrayOID, arrayOID: 0) }

    /// Source: `array_send` in PostgreSQL's `arrayfuncs.c`.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        guard Element.postgresType.arrayOID != 0 else {
            throw PostgresError(.invalidValue, "\(Self.self) cannot be sent: arrays have one dimension here")
        }
        buffer.append(Int32(isEmpty ? 0 : 1))
        buffer.append(Int32(contains { $0.isPostgresNull } ? 1 : 0))
        buffer.append(Element.postgresType.oid)
        guard !isEmpty else { return }
        buffer.append(Int32(count))
        buffer.append(Int32(1))
        try Element.encodeElements(self, into: &buffer)
    }
}
