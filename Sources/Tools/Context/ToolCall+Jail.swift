internal import Sandbox

extension ToolExecutionContext {
    /// The folder to work in. Throws `ToolError` when there is none: without a folder, no tool touches files.
    func jail() throws -> Jail {
        guard let allowedBasePath else {
            throw ToolError(
                "this agent has no folder to work in, so tools for files and commands do not work; whoever configures "
                    + "it sets allowed_base_path in its context_settings")
        }
        return try Jail(allowedBasePath)
    }
}

extension ToolCall {
    /// Does blocking work in the folder on a thread of its own; what the sandbox refuses is told to the model.
    func inFolder(
        _ work: @escaping @Sendable (Jail, BlockingWork.Cancellation) throws -> ToolResult
    ) async throws -> ToolResult {
        let context = context
        return try await Self.telling {
            try await BlockingWork.run { cancellation in try work(context.jail(), cancellation) }
        }
    }

    /// Turns what the sandbox refuses into what the model is told.
    static func telling<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as SandboxError {
            throw ToolError(error.description)
        }
    }
}
