/// Sent as an interval, cut to whole microseconds.
extension Duration: PostgresEncodable, PostgresDecodable {
    public static var postgresType: PostgresType { .interval }

    /// Throws `invalidValue` past 292,000 years.
    public func encode(into buffer: inout PostgresBuffer) throws(PostgresError) {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        guard !overflow, !carry else {
            throw PostgresError(.invalidValue, "a duration is longer than PostgreSQL's intervals")
        }
        buffer.append(sum)
        buffer.append(Int32(0))  // days
        buffer.append(Int32(0))  // months
    }

    /// Reads an interval without months, which have no fixed length; a day counts 24 hours.
    public static func decode(_ value: PostgresValue) -> Duration? {
        guard value.type == PostgresType.interval.oid, let microseconds = value.integer(as: Int64.self),
            let days = value.integer(at: 8, as: Int32.self), value.integer(at: 12, as: Int32.self) == 0
        else { return nil }
        return .microseconds(microseconds) + .seconds(Int64(days) * 86_400)
    }
}
