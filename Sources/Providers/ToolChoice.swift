/// Whether a model may, must or must not call tools.
public enum ToolChoice: Sendable, Hashable, Codable {
    case auto
    case none
    /// Some tool.
    case required
    /// This tool.
    case named(String)
}
