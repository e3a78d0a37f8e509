internal import JSON
internal import Queue
internal import Tools
internal import Worker

/// Kind `tool`: one call of a tool, without a model.
///
/// A tool that may run only once is not run again when an attempt was lost while it ran: nobody knows whether it took
/// effect. The task fails then, with reason `ambiguous`.
struct ToolHandler: Sendable {
    let tools: ToolRegistry
    let servers: MCPServerPool?

    private struct Arguments: Decodable {
        let tool: String
        let args: JSONValue?
        let settings: JSONValue?

        enum CodingKeys: String, CodingKey {
            case tool, args
            case settings = "context_settings"
        }
    }

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let arguments = try context.decode(Arguments.self)
        let tool = try await tool(named: arguments.tool)
        let limits = try limits(arguments.settings)
        if tool.effect == .once {
            let attempt = try await context.step("started") { Int(context.task.attempt) }
            guard attempt == Int(context.task.attempt) else {
                throw PermanentFailure(
                    "attempt \(attempt) was lost while \(tool.name) ran: whether it took effect is not known. Look, and then retry the task or cancel it",
                    reason: "ambiguous")
            }
        }
        let call = ToolCall(
            arguments: arguments.args ?? .object([:]), key: "\(context.task.id)", context: limits,
            logger: context.logger)
        let result = try await tool.run(call)
        guard !result.isError else {
            throw tool.effect == .once
                ? PermanentFailure(result.content.string ?? result.content.text, reason: "tool")
                : TaskFailure(result.content.string ?? result.content.text, reason: "tool")
        }
        if result.isTainted { try await context.taint() }
        return .completed(result.content.storable.postgres)
    }

    private func tool(named name: String) async throws -> Tool {
        if let tool = tools.tool(named: name) { return tool }
        if let servers, let server = name.split(separator: ".").first.map(String.init),
            servers.servers.contains(server),
            let tool = try await servers.tools(of: server).first(where: { $0.name == name })
        {
            return tool
        }
        // Another worker may have it.
        let hint = Spelling.nearest(to: name, in: tools.names).map { "; did you mean \($0)?" } ?? ""
        throw TaskFailure("this worker has no tool \"\(name)\"\(hint)", reason: "tools")
    }

    private func limits(_ settings: JSONValue?) throws -> ToolExecutionContext {
        do {
            return try settings.map { try ToolExecutionContext(settings: $0) } ?? ToolExecutionContext()
        } catch {
            throw PermanentFailure("context_settings: \(error)", reason: "arguments")
        }
    }
}
