public import FoundationEssentials
public import Postgres

/// What a running task says to the database: its steps, its progress, its needs.
public struct TaskLink: Sendable {
    let database: any Database
    /// The attempt that speaks; the functions refuse it once it has ended.
    public let key: AttemptKey
    let coder: PayloadCoder

    public init(_ database: any Database, _ key: AttemptKey, cipher: (any PayloadCipher)? = nil) {
        self.database = database
        self.key = key
        coder = PayloadCoder(cipher)
    }

    /// The arguments in full, decrypted, from what the claim returned, and whether they were encrypted.
    package func args(_ claimed: [UInt8]) async throws -> (args: [UInt8], wereEncrypted: Bool) {
        var args = claimed
        if StoredForm(args) == .reference {
            args = try await database.call("select agentcorp.args_of($1)", [key.task]).rows[0].bytes(0)
        }
        return (try coder.open(args, for: .args), StoredForm(args) == .sealed)
    }

    /// Encrypts an output, and stores a large one ahead of the end: the end then carries a reference.
    package func output(_ output: PostgresJSON) async throws -> PostgresJSON {
        let sealed = try coder.seal(output, for: .output(task: key.task))
        guard sealed.bytes.count > PayloadCoder.inlineLimit else { return sealed }
        let result = try await database.call(
            "select agentcorp.store_output($1, $2, $3)", [key.task, Int32(key.attempt), sealed])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON($0) } ?? sealed
    }

    /// The recorded value of a step; nil when no attempt has computed it yet.
    public func step(_ name: String) async throws -> PostgresJSON? {
        let result = try await database.call("select agentcorp.step_get($1, $2)", [key.task, name])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON(try coder.open($0, for: .step(name: name))) }
    }

    /// The recorded steps by name. Values that take more than `inlineBytes` are nil.
    public func steps(inlineBytes: Int) async throws -> [String: PostgresJSON?] {
        let result = try await database.call(
            "select name, value from agentcorp.steps($1, $2)", [key.task, Int32(clamping: inlineBytes)])
        var steps: [String: PostgresJSON?] = [:]
        for row in result.rows {
            let name = try row.string(0)
            let value = try row.bytesOrNil(1).map { PostgresJSON(try coder.open($0, for: .step(name: name))) }
            steps.updateValue(value, forKey: name)
        }
        return steps
    }

    /// Records the value of a step and returns what is recorded: the first one wins.
    ///
    /// Throws `QueueError` with code `leaseLost` when the attempt was ended by somebody else, and with `once`, code
    /// `wrongState` when another value is recorded: roll back what belongs to this one.
    public func putStep(_ name: String, _ value: PostgresJSON, once: Bool = false) async throws -> PostgresJSON {
        let result = try await database.call(
            "select agentcorp.step_put($1, $2, $3, $4, $5)",
            [key.task, Int32(key.attempt), name, try coder.seal(value, for: .step(name: name)), once])
        return PostgresJSON(try coder.open(try result.rows[0].bytes(0), for: .step(name: name)))
    }

    /// The event that ends a wait, or `{"timed_out": true}`; nil when the wait goes on: end the attempt as suspended.
    ///
    /// With a key it waits for the event of topic and key, whenever that comes or came; without, for the next of the topic.
    public func awaitEvent(
        _ topic: String, key eventKey: String?, name: String, timeout: Duration?
    ) async throws -> PostgresJSON? {
        let result = try await database.call(
            "select agentcorp.await_event($1, $2, $3, $4, $5, $6)",
            [key.task, Int32(key.attempt), name, topic, eventKey, timeout])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON($0) }
    }

    /// Publishes an event in the name of the task, once unless it has a key; returns its id.
    ///
    /// Throws `QueueError` with code `leaseLost` when the attempt was ended by somebody else.
    package func emitEvent(_ topic: String, data: PostgresJSON, key eventKey: String?) async throws -> Int64 {
        let result = try await database.call(
            "select agentcorp.emit_from($1, $2, $3, $4, $5)", [key.task, Int32(key.attempt), topic, data, eventKey])
        return try result.rows[0].int64(0)
    }

    /// The event that ends a wait for one that contains `filter`; nil when the wait goes on.
    ///
    /// - Parameter passed: A position up to which none was the right one.
    package func awaitEvent(
        _ topic: String, filter: PostgresJSON, passed: String?, name: String, timeout: Duration?
    ) async throws -> PostgresJSON? {
        let result = try await database.call(
            "select agentcorp.await_event($1, $2, $3, $4, null, $5, $6, $7)",
            [key.task, Int32(key.attempt), name, topic, timeout, filter, passed])
        return try result.rows[0].bytesOrNil(0).map { PostgresJSON($0) }
    }

    /// Events of a topic that were committed after a position.
    ///
    /// - Parameter before: What was read of them already.
    package func readEvents(
        _ topic: String, since: String, filter: PostgresJSON, after before: EventStretch? = nil
    ) async throws -> EventStretch {
        let result = try await database.call(
            "select reached, after_xact, after_id, events, at from agentcorp.read_events($1, $2, $3, $4, $5, $6, $7)",
            [
                topic, since, filter, Int32(EventStretch.size), before?.reached, before?.lastTransaction ?? "0",
                before?.lastID ?? 0,
            ])
        let row = result.rows[0]
        return EventStretch(
            events: try JSONCoding.decode(try row.bytes(3)), reached: try row.string(0),
            at: try row.timestamp(4).date, lastTransaction: try row.string(1), lastID: try row.int64(2))
    }

    /// How long there is still to sleep until a moment, which a step of that name keeps; zero when it has passed.
    public func sleep(until moment: Date, name: String) async throws -> Duration {
        let result = try await database.call(
            "select agentcorp.sleep_until($1, $2, $3, $4)",
            [key.task, Int32(key.attempt), name, PostgresTimestamp(moment)])
        return try result.rows[0].duration(0)
    }

    /// The same for a time that runs from the first call on.
    public func sleep(for duration: Duration, name: String) async throws -> Duration {
        let result = try await database.call(
            "select agentcorp.sleep_for($1, $2, $3, $4)", [key.task, Int32(key.attempt), name, duration])
        return try result.rows[0].duration(0)
    }

    /// Shows how far the task is: a fraction from 0 to 1 and a line of text.
    public func reportProgress(_ fraction: Double?, _ message: String?) async throws {
        _ = try await database.call(
            "select agentcorp.report_progress($1, $2, $3, $4)", [key.task, Int32(key.attempt), fraction, message])
    }

    /// The tasks that this one needed, its subtasks among them, in the order of their ids; at most 100,000.
    public func needs() async throws -> [NeededTask] {
        // A row each: all outputs in one JSON document could be more than jsonb holds.
        let result = try await database.call(
            "select to_jsonb(n) from agentcorp.needs_of($1, 100000) n order by n.id", [key.task])
        return try result.rows.map { row throws in
            var task = try JSONCoding.decode(try row.bytes(0), as: NeededTask.self)
            task.output = try task.output.map { try coder.open($0, for: .output(task: task.id)) }
            return task
        }
    }

    /// Ends the attempt as completed, within the transaction that `database` is in.
    ///
    /// Throws `QueueError` with code `leaseLost` when somebody else has ended it; the transaction must then be rolled back.
    public func complete(worker: Int64, output: PostgresJSON?) async throws {
        let result = try await database.call(
            "select agentcorp.finish($1, $2, $3, output => $4)",
            [
                key.task, Int32(key.attempt), worker,
                try output.map { try coder.seal($0, for: .output(task: key.task)) },
            ])
        guard try result.rows[0].bool(0) else {
            throw QueueError(.leaseLost, "attempt \(key.attempt) of task \(key.task) has ended", sqlState: "AC002")
        }
    }
}
