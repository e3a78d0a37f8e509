internal import JSON
internal import Postgres
internal import Queue
internal import Tools
internal import Worker

/// The tool with which an agent tells everybody something.
enum EventTools {
    static let all = [publish]

    static let publish = Tool(
        "event.publish",
        description:
            "Publishes an event: tasks that wait for it go on, and subscriptions to its topic start their tasks.",
        parameters: .object(
            [
                "topic": .string("1 to 10 words with dots between them, as in orders.created."),
                "data": .any("What happened: any JSON."),
            ], required: ["topic"]),
        // The key of the call is the key of the event: the first one stands.
        effect: .idempotent
    ) { call in
        let scope = try AgentScope.of(call)
        let data = call.arguments["data"] ?? .object([:])
        let id = try await scope.context.manager.emitEvent(
            call.arguments["topic"]?.string ?? "", data: PostgresJSON(data.bytes), key: call.key)
        return ToolResult(.object(["event_id": .integer(id)]))
    }
}
