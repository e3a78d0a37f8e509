/// The tools of one agent: a fixed set, in one order always, so that what is sent to a model stays the same.
public struct ToolSet: Sendable {
    /// Sorted by name.
    public let tools: [Tool]
    /// Their names as a provider knows them.
    public let names: ToolNames
    private let byName: [String: Tool]

    /// Of two tools with one name the last counts.
    public init(_ tools: [Tool]) {
        byName = Dictionary(tools.map { ($0.name, $0) }) { $1 }
        self.tools = byName.values.sorted { $0.name < $1.name }
        names = ToolNames(byName.keys)
    }

    /// The tool that a model called: by the name that its provider knows, or by its own.
    public func tool(called name: String) -> Tool? { names.name(for: name).flatMap { byName[$0] } }

    public var isEmpty: Bool { tools.isEmpty }
}
