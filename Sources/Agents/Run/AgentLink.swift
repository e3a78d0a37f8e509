internal import JSON
internal import Postgres
internal import Providers
internal import Queue
internal import Worker

/// What a running agent says to the database; one method to one SQL function.
struct AgentLink: Sendable {
    /// A model's answer with all that is recorded of it.
    struct Turn: Sendable {
        let seq: Int
        let provider: String
        let model: String
        let finish: FinishReason
        let requestHash: [UInt8]
        let message: AssistantMessage
        let calls: [PlannedCall]
        let usage: TokenUsage?
        let cost: USD?
        let took: Duration
    }

    /// A tool call that an answer asks for.
    struct PlannedCall: Sendable, Encodable {
        let id: String
        let tool: String
        let effect: String
        let state: String
        let args: JSONValue?
        /// Of a call that cannot run.
        let result: CallResult?
    }

    /// What became of the wish to call a model.
    enum Reservation: Sendable {
        case granted
        /// Within the limits of the provider it may be made after this time.
        case wait(Duration, reason: String)
        /// The budget of this task, or of one above it, does not allow it: `usd`, `tokens`, `turns` or `time`.
        case exhausted(reason: String, budget: Int64?)
    }

    let database: any Database
    let key: AttemptKey

    init(_ context: TaskContext) {
        database = context.pool
        key = context.key
    }

    private var attempt: Int32 { Int32(key.attempt) }

    /// Nil: no attempt has begun yet.
    func state() async throws -> RunState? {
        let result = try await database.call("select agentcorp.run_state($1)", [key.task])
        return try result.rows[0].bytesOrNil(0).map { try JSONCoding.decode($0) }
    }

    /// Takes over what an earlier attempt has begun; nil: none has.
    func resume() async throws -> RunState? {
        let result = try await database.call("select agentcorp.begin_run($1, $2)", [key.task, attempt])
        return try result.rows[0].bytesOrNil(0).map { try JSONCoding.decode($0) }
    }

    func begin(
        agent: String, version: Int, prompt: JSONValue?, session: String?, budget: AgentBudget?,
        fork: AgentArguments.Fork?
    ) async throws -> RunState {
        let result = try await database.call(
            "select agentcorp.begin_run($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                key.task, attempt, agent, Int32(version), prompt.map { PostgresJSON($0.bytes) }, session,
                PostgresJSON((budget?.json ?? .object([:])).bytes), fork.map { PostgresJSON($0.json.bytes) },
            ])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    func beginTurn(
        _ seq: Int, provider: String, model: String, usd: USD?, tokens: Int
    ) async throws -> Reservation {
        let result = try await database.call(
            "select granted, reason, budget_task, wait from agentcorp.begin_turn($1, $2, $3, $4, $5, $6::text::numeric, $7)",
            [key.task, attempt, Int32(seq), provider, model, usd?.description, Int64(tokens)])
        let row = result.rows[0]
        if try row.bool(0) { return .granted }
        let reason = try row.stringOrNil(1) ?? "limit"
        if let wait = try row.durationOrNil(3) { return .wait(wait, reason: reason) }
        return .exhausted(reason: reason, budget: try row.int64OrNil(2))
    }

    /// Ends a model call that brought nothing; one that may have been billed is charged as it was reserved.
    func dropTurn(_ seq: Int, charge: Bool) async throws {
        _ = try await database.call("select agentcorp.drop_turn($1, $2, $3)", [key.task, Int32(seq), charge])
    }

    func commit(_ turn: Turn) async throws {
        _ = try await database.call(
            """
            select agentcorp.commit_turn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::text::numeric, $16)
            """,
            [
                key.task, attempt, Int32(turn.seq), turn.provider, turn.model, turn.finish.rawValue,
                PostgresBytes(turn.requestHash),
                try JSONCoding.encode(turn.message), try JSONCoding.encode(turn.calls),
                (turn.usage?.input).map { Int32(clamping: $0) },
                (turn.usage?.output).map { Int32(clamping: $0) }, (turn.usage?.cacheRead).map { Int32(clamping: $0) },
                (turn.usage?.cacheWrite).map { Int32(clamping: $0) },
                (turn.usage?.reasoning).map { Int32(clamping: $0) }, turn.cost?.description, turn.took,
            ])
    }

    /// The arguments to run a call with; nil when it is not to run any more.
    func startCall(turn: Int, idx: Int) async throws -> JSONValue? {
        let result = try await database.call(
            "select state, args from agentcorp.start_call($1, $2, $3, $4)",
            [key.task, attempt, Int32(turn), Int32(idx)])
        let row = result.rows[0]
        guard try row.string(0) == "started" else { return nil }
        return try row.bytesOrNil(1).map { try JSONValue(parsing: $0) } ?? .object([:])
    }

    /// - Parameter output: All of it, where `result` is less.
    func finishCall(
        turn: Int, idx: Int, result: CallResult, output: JSONValue?, isTainted: Bool
    ) async throws {
        _ = try await database.call(
            "select agentcorp.finish_call($1, $2, $3, $4, $5, $6, $7, $8)",
            [
                key.task, attempt, Int32(turn), Int32(idx), result.isError, try JSONCoding.encode(result),
                output.map { PostgresJSON($0.bytes) }, isTainted,
            ])
    }

    /// Ends the doubt about an interrupted call: without a result it runs again.
    func settleCall(turn: Int, idx: Int, result: CallResult?) async throws {
        _ = try await database.call(
            "select agentcorp.settle_call($1, $2, $3, $4, $5, $6, $7)",
            [
                key.task, attempt, Int32(turn), Int32(idx), result == nil, result?.isError ?? false,
                try result.map { try JSONCoding.encode($0) },
            ])
    }

    func addNote(_ note: Note) async throws {
        _ = try await database.call(
            "select agentcorp.add_note($1, $2, $3, $4)",
            [key.task, attempt, Int32(note.turn), PostgresJSON(note.json.bytes)])
    }

    /// - Parameter covers: The last message that it stands for.
    func addSummary(_ text: String, after turn: Int, covers: Int) async throws {
        _ = try await database.call(
            "select agentcorp.add_summary($1, $2, $3, $4, $5)",
            [key.task, attempt, Int32(turn), Int32(covers), PostgresJSON(JSONValue.string(text).bytes)])
    }

    func showPartial(_ text: String, turn: Int) async throws {
        _ = try await database.call(
            "select agentcorp.show_partial($1, $2, $3, $4)", [key.task, attempt, Int32(turn), text])
    }

    /// Asks people about a call, once as long as nobody has answered.
    func requestApproval(
        turn: Int, idx: Int, reason: String, title: String, decisions: [String], policy: ApprovalPolicy,
        fallback: String?, schema: JSONValue? = nil
    ) async throws -> ApprovalRequest {
        try await ApprovalLink(database, key).request(
            turn: turn, idx: idx, reason: reason, title: title, decisions: decisions, approvers: policy.approvers,
            expires: policy.expires, fallback: policy.expires == nil ? nil : fallback, schema: schema)
    }

    func coolDown(provider: String, model: String, for time: Duration, reason: String) async throws {
        _ = try await database.call(
            "select agentcorp.cool_down($1, $2, agentcorp.clock() + $3, $4)", [provider, model, time, reason])
    }
}
