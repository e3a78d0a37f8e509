internal import Postgres
internal import Queue

/// What the server says to the database; one method to one SQL function.
struct WebhookLink: Sendable {
    let database: any Database
    let deadline: Duration

    func webhooks() async throws -> [String: WebhookDirectory.Entry] {
        let result = try await database.call(
            "select name, secret_variable, paused from agentcorp.webhooks_served()", deadline: deadline)
        var entries: [String: WebhookDirectory.Entry] = [:]
        for row in result.rows {
            entries[try row.string(0)] = .init(secretVariable: try row.string(1), isPaused: try row.bool(2))
        }
        return entries
    }

    func start(
        _ webhook: String, delivery: String, body: PostgresJSON, proof: String?
    ) async throws -> (run: Int64, isNew: Bool) {
        let result = try await database.call(
            "select run_id, is_new from agentcorp.start_by_webhook($1, $2, $3, $4)",
            [webhook, delivery, body, proof], deadline: deadline)
        return (try result.rows[0].int64(0), try result.rows[0].bool(1))
    }
}
