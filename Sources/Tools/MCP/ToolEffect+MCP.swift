internal import MCP

extension ToolEffect {
    /// The effect of a tool of an MCP server: `once` unless the configuration says something milder.
    ///
    /// The server's own hints can make it stricter, never milder: whoever writes the server may lie, or err.
    ///
    /// - Parameter configured: A word of the configuration.
    init(of tool: MCPTool, configured: String?) {
        let configured = configured.flatMap { ToolEffect(rawValue: $0) } ?? .once
        self = max(configured, Self.least(by: tool.annotations))
    }

    /// The mildest effect that the hints leave possible.
    private static func least(by hints: MCPToolAnnotations) -> ToolEffect {
        guard hints.readOnlyHint == false || hints.readOnlyHint == nil && hints.destructiveHint == true else {
            return .pure
        }
        return hints.idempotentHint == true ? .idempotent : .once
    }
}
