internal import FoundationEssentials
internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// Kind `wait`: waits for an event and returns its data, or for a time, without a worker.
enum WaitHandler {
    private struct Arguments: Decodable {
        let topic: String?
        let key: String?
        let `where`: String?
        /// What the condition speaks of besides `event`.
        let scope: [String: JSONValue]?
        let `for`: JSONValue?
        let until: String?
    }

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        let arguments = try context.decode(Arguments.self)
        let time = try context.duration(arguments.for, "for")
        let moment = try arguments.until.map { try date($0) }
        guard let topic = arguments.topic else {
            guard time != nil || moment != nil else {
                throw mistake("name a topic, a time (for), or a moment (until)")
            }
            if let time { try await context.sleep(for: time, name: "for") }
            if let moment { try await context.sleep(until: moment, name: "until") }
            return .completed(nil)
        }
        let link = TaskLink(context.pool, context.key)
        var timeout = time
        if let moment { timeout = try await link.sleep(until: moment, name: "until") }
        let found = try await context.permanently {
            try await event(topic, arguments, timeout: timeout, context)
        }
        guard let event = found else {
            throw PermanentFailure("no event of topic \(topic) has come in time", reason: "timeout")
        }
        // Nobody knows what whoever emitted it has read.
        try await context.taint()
        return .completed(event.data.postgres)
    }

    private static func event(
        _ topic: String, _ arguments: Arguments, timeout: Duration?, _ context: TaskContext
    ) async throws -> EventRecord? {
        guard let condition = try arguments.where.map({ try expression($0) }) else {
            return try await context.waitForEvent(topic, key: arguments.key, name: "event", timeout: timeout)
        }
        let scope = arguments.scope ?? [:]
        func holds(_ event: EventRecord) -> Bool {
            condition.holds(in: scope.merging(["event": event.data]) { $1 })
        }
        guard let key = arguments.key else {
            // The row of the wait is not encrypted.
            let filter = context.task.argsWereEncrypted ? [:] : condition.filter(on: "event", in: scope)
            return try await context.waitForEvent(
                topic, matching: filter, name: "event", timeout: timeout, where: holds)
        }
        guard let event = try await context.waitForEvent(topic, key: key, name: "event", timeout: timeout) else {
            return nil
        }
        guard holds(event) else {
            throw PermanentFailure(
                "the event of topic \(topic) and key \(key) is another one, and there will be no second: \(condition.text)",
                reason: "mismatch")
        }
        return event
    }

    private static func date(_ text: String) throws -> Date {
        let plain = Date.ISO8601FormatStyle()
        let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let moment = (try? plain.parse(text)) ?? (try? fractional.parse(text)) else {
            throw mistake("\"until\" is no moment as 2030-01-31T12:00:00Z: \(text.prefix(100))")
        }
        return moment
    }

    private static func expression(_ text: String) throws -> Plans.Expression {
        do throws(ExpressionError) {
            return try Plans.Expression(text)
        } catch {
            throw mistake("\"where\" is no expression: \(error)")
        }
    }

    private static func mistake(_ what: String) -> PermanentFailure {
        PermanentFailure("the arguments of a wait: \(what)", reason: "arguments")
    }
}
