internal import Documents
internal import JSON
internal import Queue
internal import Worker

extension TaskContext {
    /// Nil for what is absent or null. Throws `PermanentFailure` for what is no duration.
    func duration(_ value: JSONValue?, _ field: String) throws -> Duration? {
        guard let value, value != .null else { return nil }
        guard let duration = DurationText.duration(value) else {
            throw PermanentFailure(
                "the argument \"\(field)\" of \(task.kind) is no duration as 30s, 10m, 2h or 1d", reason: "arguments")
        }
        return duration
    }

    /// The arguments, whatever they are.
    func arguments() throws -> JSONValue {
        do {
            return try JSONValue(parsing: task.args)
        } catch {
            // As of a number that no program can hold, which PostgreSQL can.
            throw PermanentFailure("the arguments cannot be read: \(error)", reason: "arguments")
        }
    }

    /// Says that what the task returns, or speaks of, came from outside: agents that are told of it must not take it for
    /// their own.
    func taint() async throws {
        _ = try await step("tainted") { true }
    }

    /// What the database will not take now, it will not take later.
    func permanently<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as QueueError where error.code == .invalidValue || error.code == .tooLarge {
            throw PermanentFailure("\(error)", reason: "arguments")
        }
    }

    /// - Parameter what: What they would become, in a row that is not encrypted.
    func refuseSecrets(_ what: String) throws {
        guard task.argsWereEncrypted else { return }
        throw PermanentFailure(
            "the arguments are encrypted, but \(what) would not be; take what it needs from a task without a key",
            reason: "arguments")
    }
}
