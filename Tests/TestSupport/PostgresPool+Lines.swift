public import Postgres

/// A query that gives each row of another one as a text: columns separated by `|`, null as nothing.
public func lineQuery(_ sql: String) -> String {
    """
    select (select string_agg(coalesce(j.value, ''), '|') from json_each_text(row_to_json(q)) j)
    from (\(sql)) q
    """
}

extension PostgresPool {
    /// The rows of a query, columns separated by `|`, null as nothing.
    public func lines(_ sql: String) async throws -> [String] {
        try await query(lineQuery(sql)).rows.map { try $0.stringOrNil(0) ?? "" }
    }

    /// Waits until a query gives this row alone.
    ///
    /// - Parameter note: More for the error.
    public func waitForLine(
        _ sql: String, _ expected: String, timeout: Duration = Patience.usual, note: () -> String = { "" }
    ) async throws {
        var last: [String] = []
        do {
            try await waitUntil(sql, timeout: timeout) {
                last = try await lines(sql)
                return last == [expected]
            }
        } catch {
            throw TestSupportError("\(error); the last was \(last)\(note())")
        }
    }
}
