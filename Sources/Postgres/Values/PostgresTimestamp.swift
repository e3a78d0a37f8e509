/// A moment, as the database counts it; sent as timestamptz.
public struct PostgresTimestamp: Sendable, Hashable, Comparable, PostgresEncodable, PostgresDecodable {
    /// Microseconds since 1970-01-01 00:00:00 UTC.
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// PostgreSQL's `infinity`.
    public static let infinity = PostgresTimestamp(microseconds: .max)
    /// PostgreSQL's `-infinity`.
    public static let minusInfinity = PostgresTimestamp(microseconds: .min)

    public static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// PostgreSQL counts from 2000-01-01.
    private static let epoch: Int64 = 946_684_800_000_000

    public static var postgresType: PostgresType { .timestamptz }

    /// Throws `invalidValue` for a finite moment that PostgreSQL's range cannot hold.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        guard self != .infinity, self != .minusInfinity else { return buffer.append(microseconds) }
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        guard !overflow, value != .min else {
            throw PostgresError(.invalidValue, "a timestamp is before PostgreSQL's first one")
        }
        buffer.append(value)
    }

    /// Reads timestamptz, and timestamp as if it were UTC.
    public static func decode(_ value: PostgresValue) -> PostgresTimestamp? {
        guard value.type == PostgresType.timestamptz.oid || value.type == PostgresType.timestamp.oid,
            let microseconds = value.integer(as: Int64.self)
        else { return nil }
        if microseconds == .max { return .infinity }
        if microseconds == .min { return .minusInfinity }
        return PostgresTimestamp(microseconds: microseconds &+ epoch)
    }
}
