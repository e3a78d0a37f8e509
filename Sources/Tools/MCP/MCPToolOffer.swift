internal import JSON
public import MCP

/// A tool of an MCP server as a tool of ours.
public struct MCPToolOffer: Sendable {
    public let tool: Tool
    /// What its server says of it.
    public let definition: MCPTool
    public let pin: MCPPin

    /// - Parameter client: Of the server that has the tool.
    public init(_ definition: MCPTool, of client: MCPClient) {
        let configuration = client.configuration
        self.definition = definition
        pin = MCPPin(of: definition, approved: configuration.pins[definition.name])
        let name = "\(configuration.name).\(definition.name)"
        let effect = ToolEffect(of: definition, configured: configuration.effects[definition.name])
        let digest = definition.digest
        // A little more than the client's own limit, whose message says more.
        let timeout = configuration.maximumTime + configuration.startTimeout + .seconds(5)
        func offer(
            _ description: String, _ schema: JSONSchema, call: @escaping @Sendable (ToolCall) async throws -> ToolResult
        )
            -> Tool
        {
            Tool(
                name, description: description, parameters: schema, effect: effect, timeout: timeout,
                isTainting: true, call: call)
        }
        // The words of a definition that nobody has approved are not shown to a model.
        func disable(_ reason: String) -> Tool {
            offer("Disabled: \(reason)", Self.anything) { _ in throw ToolError("\(name) is disabled: \(reason)") }
        }
        if let problem = pin.problem {
            tool = disable(problem)
            return
        }
        do {
            tool = offer(definition.description, try JSONSchema(definition.inputSchema)) { call in
                try await Self.run(call, of: definition.name, as: name, digest: digest, effect, client)
            }
        } catch {
            tool = disable("its schema is none: \(error)")
        }
    }

    private static let anything = JSONSchema.object([:], allowsOthers: true)

    private static func run(
        _ call: ToolCall, of tool: String, as name: String, digest: String, _ effect: ToolEffect, _ client: MCPClient
    ) async throws -> ToolResult {
        try await check(tool, as: name, digest: digest, client)
        var meta: [String: JSONValue] = ["agentcorp/idempotencyKey": .string(call.key)]
        if let traceparent = call.traceparent { meta["traceparent"] = .string(traceparent) }
        do {
            switch try await client.call(tool, arguments: call.arguments, meta: meta) {
            case .complete(let result): return ToolResult(result)
            case .inputRequired(let request): throw MCPInputRequired(tool: name, request: request)
            }
        } catch let error as MCPError {
            guard error.mayHaveRun else { throw ToolError(error.message) }
            throw effect == .once
                ? error.adding("Whether it took effect is not known: look before you call it again.") : error
        }
    }

    /// A server may change a tool after it was looked at. The list is kept for a while, so this costs little.
    private static func check(_ tool: String, as name: String, digest: String, _ client: MCPClient) async throws {
        let current: MCPTool?
        do {
            current = try await client.tools()[tool]
        } catch let error as MCPError {
            // Whatever went wrong, nothing was called yet.
            throw ToolError(error.message)
        }
        guard let current else {
            throw ToolError("\(name) does not exist any more: its server no longer lists it.")
        }
        guard current.digest == digest else {
            throw ToolError(
                "\(name) is disabled: its definition has changed since this process listed it (it was \(digest), now \(current.digest))."
            )
        }
    }
}

/// A server asks for answers before it completes a call: a person's matter, mostly.
public struct MCPInputRequired: Error, Sendable, Hashable, CustomStringConvertible {
    /// `server.tool`.
    public let tool: String
    public let request: MCPInputRequest

    public var description: String {
        let questions = request.requests.sorted { $0.key < $1.key }.map { name, question in
            "\(name): \(question["params"]?["message"]?.string ?? question["method"]?.string ?? "?")"
        }
        return "\(tool) needs answers first: \(questions.joined(separator: "; ").prefix(1000))"
    }
}
