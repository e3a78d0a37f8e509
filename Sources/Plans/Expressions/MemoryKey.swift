/// A value of the memory, as `memory.<scope>.<key>` names it.
public struct MemoryKey: Sendable, Hashable {
    public static let scopes = ["run", "agent", "user", "global"]

    public let scope: String
    public let key: String

    public init(scope: String, key: String) {
        self.scope = scope
        self.key = key
    }
}
