public import JSON

/// What the tools of an agent may touch; everything that is not allowed here is refused.
///
/// The fields are those of `context_settings` in an agent's configuration.
public struct ToolExecutionContext: Sendable, Hashable {
    /// The folder that file tools, commands and git are confined to; nil: there are none.
    public var allowedBasePath: String?

    public init(allowedBasePath: String? = nil) {
        self.allowedBasePath = allowedBasePath
    }
}
