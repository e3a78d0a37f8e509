internal import JSON
internal import Providers
internal import Tools

/// The tools that one agent may call, and what they may touch.
struct Toolbox: Sendable {
    let tools: ToolSet
    let limits: ToolExecutionContext
    private let byName: [String: Tool]

    init(_ tools: ToolSet, limits: ToolExecutionContext) {
        self.tools = tools
        self.limits = limits
        byName = Dictionary(tools.tools.map { ($0.name, $0) }) { first, _ in first }
    }

    subscript(name: String) -> Tool? { byName[name] }

    /// Calls of one answer that are run.
    private static let mostCalls = 64

    /// The tools as a model is told of them.
    var definitions: [ToolDefinition] {
        tools.tools.map {
            ToolDefinition(
                name: tools.names.sent(for: $0.name) ?? $0.name, description: $0.description,
                parameters: $0.parameters.value)
        }
    }

    /// What becomes of a model's wish: a call that can run, or one that has failed already and says why.
    ///
    /// - Parameters:
    ///   - index: Of the call in its answer.
    ///   - callsBefore: Of the task, in earlier answers.
    func plan(_ request: ToolCallRequest, mayRun: Bool, index: Int, callsBefore: Int) -> AgentLink.PlannedCall {
        guard let tool = tools.tool(called: request.name) ?? byName[request.name] else {
            let sent = definitions.map(\.name)
            let hint = Spelling.nearest(to: request.name, in: sent).map { " Did you mean \($0)?" } ?? ""
            return refused(
                request, nil,
                "There is no tool \(request.name).\(hint) "
                    + (sent.isEmpty ? "You have no tools." : "Your tools are: \(sent.joined(separator: ", "))."))
        }
        guard mayRun else {
            return refused(request, tool, "Not run: this was the time for a final answer without tools.")
        }
        guard index < Self.mostCalls else {
            return refused(
                request, tool,
                "Not run: an answer may ask for \(Self.mostCalls) calls. Ask for the others after their results.")
        }
        if let most = limits.maximumOperations, callsBefore + index >= most {
            return refused(
                request, tool,
                "Not run: this agent may make \(most) tool calls, and has made them. Answer from what you know.")
        }
        guard let arguments = request.arguments else {
            return refused(request, tool, tool.refusal(ofArguments: request.rawArguments).content)
        }
        guard Self.kept(request) != nil else {
            return refused(
                request, tool,
                .string(
                    "Not run: the arguments are over \(Self.longestArguments >> 20) MiB, or have the reserved field \"$blob\"."
                ))
        }
        let violations = tool.parameters.violations(of: arguments)
        guard violations.isEmpty else { return refused(request, tool, tool.refusal(violations).content) }
        return AgentLink.PlannedCall(
            id: request.id, tool: tool.name, effect: tool.effect.rawValue, state: "planned", args: arguments,
            result: nil)
    }

    /// Of a call, in bytes. What is larger belongs into a file.
    private static let longestArguments = 1 << 20

    /// The arguments, if a row can have them.
    private static func kept(_ request: ToolCallRequest) -> JSONValue? {
        guard request.rawArguments.utf8.count <= longestArguments, request.arguments?["$blob"] == nil else {
            return nil
        }
        return request.arguments
    }

    private func refused(_ request: ToolCallRequest, _ tool: Tool?, _ why: JSONValue) -> AgentLink.PlannedCall {
        AgentLink.PlannedCall(
            id: request.id, tool: tool?.name ?? request.name, effect: (tool?.effect ?? .pure).rawValue,
            state: "failed", args: Self.kept(request), result: CallResult(content: why, isError: true))
    }

    private func refused(_ request: ToolCallRequest, _ tool: Tool?, _ why: String) -> AgentLink.PlannedCall {
        refused(request, tool, .string(why))
    }
}
