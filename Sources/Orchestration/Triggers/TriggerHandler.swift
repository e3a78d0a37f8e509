internal import JSON
internal import Plans
internal import Postgres
internal import Queue
internal import Worker

/// Kind `plan_trigger`: an event came that a plan has a trigger for. It starts the run, or says why not.
///
/// The expressions are those of the version that was current when the event came. `event` is its data. A run is started
/// once for each key, or for each event, so it does not matter how often this runs.
struct TriggerHandler: Sendable {
    private struct Arguments: Decodable {
        let plan: String
        /// The name of the trigger.
        let trigger: String
        let on: JSONValue
        let event: JSONValue
    }

    /// Keys that are longer are not kept.
    private static let longestKey = 1000

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let arguments = try context.decode(Arguments.self)
        let scope = ["event": arguments.event["data"] ?? .null]
        if let text = arguments.on["where"]?.string {
            let condition = try read { try Expression(text) }
            let evaluation = try await context.step("where") {
                try Evaluation(condition, in: PlanScope(with: scope))
            }
            guard evaluation.holds else { return .skipped("where: \(condition.text)") }
        }
        var key =
            try arguments.on["key"]?.string.map { text in try read { try Template(text) }.text(in: scope) } ?? ""
        if key.utf8.count > Self.longestKey {
            throw PermanentFailure("the key of the run is over \(Self.longestKey) bytes", reason: "trigger")
        }
        key.removeAll { $0 == "\0" }
        do {
            let started = try await PlanLink(context).start(
                arguments.plan, trigger: arguments.trigger, event: arguments.event, key: key,
                debounce: arguments.on["debounce"]?.string)
            return .completed(
                JSONValue.object(["run": .integer(started.run), "new": .bool(started.isNew)]).postgres)
        } catch let error as QueueError where error.code == .unknownTask {
            return .skipped("\(error.message)")
        } catch let error as QueueError where error.code == .invalidValue {
            throw PermanentFailure("\(error)", reason: "trigger")
        }
    }

    private func read<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw PermanentFailure("the trigger cannot be read: \(error)", reason: "trigger")
        }
    }
}

extension PlanLink {
    /// Starts the run of a plan for an event; with `debounce`, after a time in which no other came.
    func start(
        _ plan: String, trigger: String, event: JSONValue, key: String, debounce: String?
    ) async throws -> (run: Int64, isNew: Bool) {
        let result = try await database.call(
            "select run_id, is_new from agentcorp.start_by_event($1, $2, $3, $4, $5::text::interval)",
            [trigger, plan, event.postgres, key, debounce])
        return (try result.rows[0].int64(0), try result.rows[0].bool(1))
    }
}
