package import JSON
internal import Postgres
internal import Queue
package import Worker

/// What a running task says to people; one method to one SQL function.
package struct ApprovalLink: Sendable {
    private let database: any Database
    private let key: AttemptKey

    package init(_ context: TaskContext) {
        self.init(context.pool, context.key)
    }

    init(_ database: any Database, _ key: AttemptKey) {
        self.database = database
        self.key = key
    }

    /// Asks about a tool call, or without `turn` and `idx` about the task itself, once.
    ///
    /// - Parameters:
    ///   - value: Of a task: what is shown, and may be edited.
    ///   - approvers: Who may decide; empty: anybody.
    ///   - fallback: What counts when the time is over; nil: the task fails then.
    ///   - schema: Of a call: what edited arguments must fit.
    package func request(
        turn: Int? = nil, idx: Int? = nil, reason: String, title: String, decisions: [String], value: JSONValue? = nil,
        approvers: [String] = [], expires: Duration? = nil, fallback: String? = nil,
        schema: JSONValue? = nil
    ) async throws -> ApprovalRequest {
        let result = try await database.call(
            "select id, wait, result from agentcorp.request_approval($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            [
                key.task, Int32(key.attempt), turn.map { Int32($0) }, idx.map { Int32($0) }, reason, title, decisions,
                value.map { PostgresJSON($0.bytes) }, approvers, expires, fallback,
                schema.map { PostgresJSON($0.bytes) },
            ])
        let row = result.rows[0]
        return ApprovalRequest(
            id: try row.int64(0), wait: try row.durationOrNil(1),
            decision: try row.bytesOrNil(2).map { try JSONCoding.decode($0) })
    }

    /// What counts as decided now that the time is over, unless somebody has decided in the last moment.
    package func expire(_ approval: Int64) async throws -> ApprovalDecision {
        let result = try await database.call(
            "select agentcorp.expire_approval($1, $2, $3)", [key.task, Int32(key.attempt), approval])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }
}
