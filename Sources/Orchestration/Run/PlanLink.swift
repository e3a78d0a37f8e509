internal import Agents
internal import JSON
internal import Postgres
internal import Providers
internal import Queue
internal import Worker

/// What a task of a plan says to the database; one method to one SQL function.
struct PlanLink: Sendable {
    /// A large plan takes its time.
    private static let expansionDeadline: Duration = .seconds(600)

    let key: AttemptKey
    let database: any Database
    /// Equal for all links on the same connections.
    let source: ObjectIdentifier
    private let coder: PayloadCoder

    init(_ context: TaskContext) {
        key = context.key
        database = context.pool
        source = ObjectIdentifier(context.pool)
        coder = PayloadCoder(context.cipher)
    }

    /// What a run has recorded of its versions.
    struct Pins: Decodable, Sendable {
        let id: Int64
        /// Versions of the plans inside, by name.
        let plans: [String: Int64]
    }

    /// A subtask, and how it ended.
    struct Child: Sendable {
        let id: Int64
        let name: String
        let kind: String
        /// Nil: it is open.
        let end: TaskEnd?
        let output: JSONValue?
        /// Its failure counts as met.
        let isForgiven: Bool
        /// It is part of the run that this one is a fork of.
        let isShared: Bool
        /// When it ended, by the clock of the database; nil for what is open or shared.
        let endedAt: Int64?
    }

    func document(_ version: Int64) async throws -> (value: JSONValue, bytes: Int) {
        let result = try await database.call("select document from agentcorp.plan_document($1)", [version])
        let bytes = try result.rows[0].bytes(0)
        return (try JSONValue(parsing: bytes), bytes.count)
    }

    /// The versions that a run keeps to, from its first attempt on: of a plan by name, or of one by its row.
    func pin(_ name: String?, version: Int?, row: Int64?) async throws -> Pins {
        let result = try await database.call(
            "select agentcorp.pin_plan($1, $2, $3, $4, $5)",
            [key.task, Int32(key.attempt), name, version.map { Int32(clamping: $0) }, row])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    /// Those that a task has recorded.
    func pins(of task: Int64) async throws -> Pins? {
        let result = try await database.call("select agentcorp.step_get($1, 'plan')", [task])
        return try result.rows[0].bytesOrNil(0).map { try JSONCoding.decode($0) }
    }

    /// How much is left of the time that the task has altogether; zero: nothing.
    func timeLeft(of timeout: Duration) async throws -> Duration {
        let result = try await database.call(
            "select agentcorp.time_left($1, $2, $3)", [key.task, Int32(key.attempt), timeout])
        return try result.rows[0].duration(0)
    }

    /// Stores a plan that has no name.
    func putFragment(_ document: JSONValue) async throws -> Int64 {
        let result = try await database.call("select agentcorp.put_fragment($1)", [PostgresJSON(document.bytes)])
        return try result.rows[0].int64(0)
    }

    /// What the original of a task was told, and what it recorded under a name.
    func source(
        of original: Int64, step: String? = nil
    ) async throws -> (args: JSONValue, input: JSONValue?, step: JSONValue?) {
        let result = try await database.call(
            "select args, input, step_value from agentcorp.fork_source($1, $2, $3)", [key.task, original, step])
        let row = result.rows[0]
        func value(_ column: Int, _ purpose: PayloadPurpose) throws -> JSONValue? {
            try row.bytesOrNil(column).map { try JSONValue(parsing: try coder.open($0, for: purpose)) }
        }
        return (
            try value(0, .args) ?? .null, try value(1, .step(name: "input")), try value(2, .step(name: step ?? ""))
        )
    }

    /// Adds subtasks with what is recorded of why, and a budget for all of them; returns their number.
    ///
    /// - Parameter shared: Tasks of another run that stand for some of those that would be subtasks, by name.
    @discardableResult
    func expand(
        _ subtasks: [JSONValue], steps: [String: JSONValue] = [:], budget: AgentBudget? = nil,
        shared: [String: Int64] = [:]
    ) async throws -> Int {
        let tasks = try coder.seal(tasks: PostgresJSON(JSONValue.array(subtasks).bytes))
        var sealed: [UInt8] = [UInt8(ascii: "{")]
        for (name, value) in steps {
            if sealed.count > 1 { sealed.append(UInt8(ascii: ",")) }
            sealed += JSONValue.string(name).bytes + [UInt8(ascii: ":")]
            sealed += try coder.seal(PostgresJSON(value.bytes), for: .step(name: name)).bytes
        }
        sealed.append(UInt8(ascii: "}"))
        do {
            let result = try await database.call(
                "select agentcorp.expand($1, $2, $3, $4, $5::text::numeric, $6, $7, $8, $9)",
                [
                    key.task, Int32(key.attempt), tasks, PostgresJSON(sealed), budget?.usd?.description,
                    budget?.tokens, (budget?.turns).map { Int32(clamping: $0) }, budget?.time,
                    JSONValue.object(shared.mapValues { .integer($0) }).postgres,
                ], deadline: Self.expansionDeadline)
            return Int(try result.rows[0].int32(0))
        } catch let error as QueueError where error.code == .invalidValue || error.code == .tooLarge {
            // What the queue does not take now, it will not take later.
            throw PermanentFailure("\(error)", reason: "plan")
        }
    }

    /// Those of the values that are there, and why one cannot be read.
    func values(_ keys: Set<ScopeKey>) async throws -> [ScopeKey: Result<ScopeValue, any Error>] {
        let keys = Array(keys)
        let parts = keys.map(\.source.parts)
        let result = try await database.call(
            "select n, source, id, outcome, value, error from agentcorp.plan_scope($1, $2, $3, $4)",
            [keys.map(\.root), keys.map(\.scope), parts.map(\.source), parts.map(\.name)])
        var found: [ScopeKey: Result<ScopeValue, any Error>] = [:]
        for row in result.rows { found[keys[Int(try row.int64(0)) - 1]] = Result { try scopeValue(row) } }
        return found
    }

    private func scopeValue(_ row: PostgresRow) throws -> ScopeValue {
        let source = try row.string(1)
        let purpose: PayloadPurpose =
            switch source {
            case "task", "previous": .output(task: try row.int64(2))
            case "input": .step(name: "input")
            default: .args
            }
        let stored = try row.bytesOrNil(4)
        var value = try stored.map { try JSONValue(parsing: try coder.open($0, for: purpose)) }
        switch source {
        case "args": value = value?["input"]
        case "trigger": value = value?["trigger"] ?? value?["event"]?["data"]
        default: break
        }
        return ScopeValue(
            end: try TaskEnd(outcome: row.int16OrNil(3), error: row.bytesOrNil(5)), value: value,
            isSecret: stored.map { StoredForm($0) == .sealed } ?? false)
    }

    /// The subtasks, in the order in which they were added.
    ///
    /// - Parameters:
    ///   - task: Nil: of this one.
    ///   - outputs: Names of those whose outputs are wanted; nil: of all.
    func children(of task: Int64? = nil, outputs: [String]? = nil) async throws -> [Child] {
        let result = try await database.call(
            "select id, name, kind, outcome, error, output, handled, shared, ended_us from agentcorp.plan_children($1, $2, $3)",
            [task ?? key.task, outputs, key.task], deadline: Self.expansionDeadline)
        return try result.rows.map { row throws in
            let id = try row.int64(0)
            return Child(
                id: id, name: try row.stringOrNil(1) ?? "", kind: try row.string(2),
                end: try TaskEnd(outcome: row.int16OrNil(3), error: row.bytesOrNil(4)),
                output: try row.bytesOrNil(5).map {
                    try JSONValue(parsing: try coder.open($0, for: .output(task: id)))
                }, isForgiven: try row.bool(6), isShared: try row.bool(7),
                endedAt: try row.int64OrNil(8))
        }
    }
}

extension ScopeKey.Source {
    /// As the database names it.
    fileprivate var parts: (source: String, name: String) {
        switch self {
        case .task(let name): ("task", name)
        case .previous(let id): ("previous", "\(id)")
        case .input: ("input", "")
        case .trigger: ("trigger", "")
        }
    }
}
