internal import JSON
internal import Queue
internal import Worker

/// Kind `value`: a task that brings what it was given, in the place of one whose output somebody has set.
enum ValueHandler {
    static let kind = "value"

    static func subtask(named name: String, _ value: JSONValue) -> JSONValue {
        .object(["name": .string(name), "kind": .string(kind), "args": .object(["value": value])])
    }

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        guard let value = try context.arguments()["value"] else {
            throw PermanentFailure("the arguments of kind value need \"value\"", reason: "arguments")
        }
        return .completed(value.postgres)
    }
}
