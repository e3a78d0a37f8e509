internal import JSON
internal import Postgres
internal import Queue
internal import Worker

/// Kind `emit`: publishes an event, once, in the transaction in which the task ends.
enum EmitHandler {
    private struct Arguments: Decodable {
        let topic: String
        let data: JSONValue?
        let key: String?
    }

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        try context.refuseSecrets("an event")
        let arguments = try context.decode(Arguments.self)
        return try await context.permanently {
            try await context.completeInTransaction { connection in
                let event = try await TaskLink(connection, context.key).emitEvent(
                    arguments.topic, data: (arguments.data ?? .null).postgres, key: arguments.key)
                return JSONValue.object(["event_id": .integer(event)]).postgres
            }
        }
    }
}
