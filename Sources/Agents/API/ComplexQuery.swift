package import JSON
internal import Queue
internal import Worker

/// The kind `complex_query`: an agent decomposes a query, answers the pieces one after the other, and sums up.
///
/// Each piece is a subtask with a name, so a second run of the handler finds those that are there and goes on.
package enum ComplexQuery {
    static let kind = "complex_query"

    struct Arguments: Codable, Sendable {
        let agent: String
        let query: String
        let most: Int?
    }

    static func schema(atMost most: Int) -> JSONSchema {
        .object([
            "subtasks": .array(
                of: .object(["description": .string("What is to be done, complete in itself.")]),
                "In the order in which they are to be done.", counts: 1...max(1, min(most, 50)))
        ])
    }

    package static func subtasks(in output: JSONValue) -> [String] {
        guard case .array(let items)? = output["subtasks"] else { return [] }
        return items.compactMap { $0["description"]?.string }
    }

    static func decomposition(of query: String, atMost most: Int) -> String {
        """
        Break the following task into at most \(most) subtasks that are done one after the other. Each description must \
        make sense to somebody who sees only it and the results of those before. A task that is simple has one subtask. \
        Do not do the task.

        The task:
        \(query)
        """
    }

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        try context.refuseEncryptedArguments()
        let arguments: Arguments = try context.decode()
        let most = min(max(arguments.most ?? 8, 1), 50)
        let children = try await context.children()
        func child(_ name: String) -> NeededTask? { children.first { $0.name == name } }

        guard let plan = child("decompose") else {
            return try await add(
                "decompose", decomposition(of: arguments.query, atMost: most), schema: schema(atMost: most), arguments,
                context)
        }
        guard let output = plan.output else { return .waitForChildren }
        let pieces = subtasks(in: output)
        var done = ""
        for (index, piece) in pieces.enumerated() {
            guard let answer = child("subtask \(index + 1)") else {
                let before = done.isEmpty ? "" : "\n\nThis has been done before:\n\(done)"
                return try await add(
                    "subtask \(index + 1)",
                    "Do this part of a larger task.\n\nThe larger task: \(arguments.query)\n\nYour part: \(piece)\(before)",
                    arguments, context)
            }
            guard let output = answer.output else { return .waitForChildren }
            done += "\n\(index + 1). \(piece)\n\(output.string ?? output.text)\n"
        }
        if pieces.count == 1, let only = child("subtask 1")?.output { return try .output(only) }
        guard let end = child("synthesize") else {
            return try await add(
                "synthesize",
                "Answer the task from the results of its parts. Say it as one answer, not part by part.\n\nThe task: \(arguments.query)\n\nThe parts and their results:\n\(done)",
                arguments, context)
        }
        guard let output = end.output else { return .waitForChildren }
        return try .output(output)
    }

    private static func add(
        _ name: String, _ prompt: String, schema: JSONSchema? = nil, _ arguments: Arguments, _ context: TaskContext
    ) async throws -> TaskResult {
        var args: [String: JSONValue] = ["agent": .string(arguments.agent), "prompt": .string(prompt)]
        args["schema"] = schema?.value
        let node: JSONValue = .object([
            "kind": "agent", "name": .string(name), "args": .object(args),
            "concurrency_key": .string("agent:\(arguments.agent)"),
        ])
        _ = try await context.handOn([node])
        return .waitForChildren
    }
}
