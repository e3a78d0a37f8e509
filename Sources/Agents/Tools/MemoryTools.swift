internal import JSON
internal import Postgres
internal import Queue
internal import Tools
internal import Worker

/// Tools with which agents remember, and share what they know. Which scopes an agent may read and write its
/// configuration says.
enum MemoryTools {
    static let all = [get, set, append, search]

    private static let scope = JSONSchema.oneOf(
        AgentMemory.Scope.allCases.map(\.rawValue),
        "Whose memory: that of this run and all its tasks, of you, of the user, or of everybody. run if left out.")
    private static let key = JSONSchema.string("The key.", lengths: 1...500)

    static let get = Tool(
        "memory.get", description: "Reads the value of a key from a memory; null when there is none.",
        parameters: .object(["key": key, "scope": scope], required: ["key"]), effect: .pure
    ) { call in
        let memory = try memory(call, toWrite: false)
        guard let entry = try await memory.get(text("key", of: call)) else { return ToolResult(.null) }
        return ToolResult(
            .object(["value": entry.value ?? .null, "version": .integer(Int64(entry.version))]),
            isTainted: entry.isTainted)
    }

    static let set = Tool(
        "memory.set",
        description:
            "Writes the value of a key in a memory. With expected_version it is written only if nobody else has written it since you read it (0: only if it is new).",
        parameters: .object(
            [
                "key": key, "scope": scope, "value": .any("Any JSON."),
                "expected_version": .integer("The version that you read.", in: 0...Int64(Int32.max)),
            ], required: ["key", "value"]),
        effect: .idempotent
    ) { call in
        let memory = try memory(call, toWrite: true)
        var expected: Int?
        if case .integer(let version)? = call.arguments["expected_version"] { expected = Int(version) }
        let write = try await memory.set(
            text("key", of: call), (call.arguments["value"] ?? .null).storable, expecting: expected, writeKey: call.key)
        guard write.isWritten else {
            return ToolResult(
                .object([
                    "written": false, "version": .integer(Int64(write.version)), "value": write.value ?? .null,
                    "hint": "Somebody else has written it. Decide by its value what to write, and expect its version.",
                ]), isError: true)
        }
        return ToolResult(.object(["written": true, "version": .integer(Int64(write.version))]))
    }

    static let append = Tool(
        "memory.append",
        description: "Adds an element to the list under a key in a memory. Others may add to it at the same time.",
        parameters: .object(["key": key, "scope": scope, "value": .any("Any JSON.")], required: ["key", "value"]),
        effect: .idempotent
    ) { call in
        let memory = try memory(call, toWrite: true)
        let write = try await memory.append(
            text("key", of: call), (call.arguments["value"] ?? .null).storable, writeKey: call.key)
        return ToolResult(.object(["written": .bool(write.isWritten), "version": .integer(Int64(write.version))]))
    }

    static let search = Tool(
        "memory.search",
        description: "Finds keys of a memory by words in them and in their values: words, \"phrases\", or, -without.",
        parameters: .object(
            [
                "query": .string("What to look for.", lengths: 1...1000), "scope": scope,
                "max_results": .integer("20 if left out.", in: 1...100),
            ], required: ["query"]), effect: .pure
    ) { call in
        let memory = try memory(call, toWrite: false)
        var limit = 20
        if case .integer(let number)? = call.arguments["max_results"] { limit = Int(number) }
        let found = try await memory.search(text("query", of: call), limit: limit)
        return ToolResult(
            .array(
                found.map { match in
                    var fields: [String: JSONValue] = ["key": .string(match.key), "excerpt": .string(match.excerpt)]
                    fields["value"] = match.value
                    return .object(fields)
                }), isTainted: found.contains(where: \.isTainted))
    }

    private static func text(_ field: String, of call: ToolCall) -> String { call.arguments[field]?.string ?? "" }

    /// The memory that a call means, if the agent may use it so.
    private static func memory(_ call: ToolCall, toWrite: Bool) throws -> Memory {
        let scope = try AgentScope.of(call)
        let wanted = call.arguments["scope"]?.string.flatMap(AgentMemory.Scope.init) ?? .run
        let allowed = toWrite ? scope.memory.write : scope.memory.read
        guard allowed.contains(wanted) else {
            let words = allowed.sorted().map(\.rawValue).joined(separator: ", ")
            throw ToolError(
                "You may not \(toWrite ? "write to" : "read") the memory of scope \(wanted.rawValue); you may use: \(words.isEmpty ? "none" : words)."
            )
        }
        return Memory(scope.context.pool, wanted, as: scope.context.task.id)
    }
}
