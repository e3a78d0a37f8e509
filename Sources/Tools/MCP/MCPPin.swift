public import MCP

/// Whether a tool is the one that somebody has approved.
public struct MCPPin: Sendable, Hashable {
    /// Of the tool as its server defines it now.
    public let digest: String
    /// Of the tool as it was approved; nil when nobody has pinned it.
    public let approved: String?

    public init(of tool: MCPTool, approved: String?) {
        digest = tool.digest
        self.approved = approved
    }

    /// Why the tool is disabled; nil when it is not.
    public var problem: String? {
        guard let approved, approved != digest else { return nil }
        return
            "its definition has changed since it was approved (pinned \(approved), now \(digest)). Look at it, and put the new value into `pins` to approve it."
    }
}
