public import Postgres

/// What runs the SQL functions: a pool, or one connection when calls belong to the caller's own transaction.
public protocol Database: Sendable {
    /// Runs one statement.
    func query(_ sql: String, _ parameters: [any PostgresEncodable], deadline: Duration?) async throws -> PostgresResult
}

extension PostgresPool: Database {}
extension PostgresConnection: Database {}

extension Database {
    /// Runs one SQL function and turns the errors of class `AC` into `QueueError`.
    package func call(_ sql: String, _ parameters: [any PostgresEncodable] = [], deadline: Duration? = nil) async throws
        -> PostgresResult
    {
        do {
            return try await query(sql, parameters, deadline: deadline)
        } catch let error as PostgresError {
            throw QueueError(error) ?? error
        }
    }

    /// The shards of this server.
    package func shards() async throws -> [Int16] {
        let result = try await call("select s.shard from agentcorp.shard s order by 1")
        return try result.rows.map { row throws in try row.int16(0) }
    }

    /// Runs a function that returns one JSON document and decodes it.
    package func json<Value: Decodable>(_ sql: String, _ parameters: [any PostgresEncodable] = []) async throws -> Value
    {
        let result = try await call(sql, parameters)
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }
}
