internal import JSON
internal import Synchronization

/// Tools by name, from which agents get theirs. Safe to use from everywhere.
public final class ToolRegistry: Sendable {
    /// The registry that agents use unless they are given another: it begins with the built-in tools.
    public static let global = ToolRegistry(builtin: BuiltinTools.all)

    private let registered: Mutex<[String: Tool]>

    /// An empty one.
    public init() {
        registered = Mutex([:])
    }

    private init(builtin: [Tool]) {
        registered = Mutex(Dictionary(uniqueKeysWithValues: builtin.map { ($0.name, $0) }))
    }

    /// Adds a tool. Throws `ToolRegistryError` when its name is taken, or is none.
    public func register(_ tool: Tool) throws(ToolRegistryError) {
        try Self.check(tool.name)
        let isNew = registered.withLock { tools in
            guard tools[tool.name] == nil else { return false }
            tools[tool.name] = tool
            return true
        }
        guard isNew else {
            throw ToolRegistryError(
                .taken, "there is a tool \(tool.name) already: give it another name, or call replace")
        }
    }

    /// Puts a tool in the place of the one with its name, or adds it. Throws `ToolRegistryError` when its name is none.
    public func replace(_ tool: Tool) throws(ToolRegistryError) {
        try Self.check(tool.name)
        registered.withLock { $0[tool.name] = tool }
    }

    /// Takes a tool away; false when there was none. Sets that hold it keep it.
    @discardableResult
    public func remove(_ name: String) -> Bool {
        registered.withLock { $0.removeValue(forKey: name) } != nil
    }

    public func tool(named name: String) -> Tool? { registered.withLock { $0[name] } }

    /// Sorted.
    public var names: [String] { registered.withLock { $0.keys.sorted() } }

    /// All of them, as they are now.
    public var all: ToolSet { ToolSet(registered.withLock { Array($0.values) }) }

    /// The tools with these names, as they are now; `*` in a name stands for any characters: `filesys.*`.
    ///
    /// Throws `ToolRegistryError` for a name that no tool has, also for one with `*`.
    public func subset(names: some Sequence<String>) throws(ToolRegistryError) -> ToolSet {
        let tools = registered.withLock { $0 }
        var chosen: [String: Tool] = [:]
        for name in names {
            let matching = name.contains("*") ? tools.keys.filter { Self.matches($0, name) } : [name]
            guard !matching.isEmpty, tools[matching[0]] != nil else { throw Self.unknown(name, tools.keys.sorted()) }
            for name in matching { chosen[name] = tools[name] }
        }
        return ToolSet(Array(chosen.values))
    }

    private static func unknown(_ name: String, _ known: [String]) -> ToolRegistryError {
        let hint =
            if name.contains("*") {
                "the tools are \(list(known))"
            } else if let near = Spelling.nearest(to: String(name.prefix(200)), in: known) {
                "did you mean \(near)?"
            } else if let near = known.first(where: { $0.split(separator: ".").last.map(String.init) == name }) {
                // Written without what comes before the dot.
                "did you mean \(near)?"
            } else {
                "the tools are \(list(known))"
            }
        return ToolRegistryError(.unknown, "there is no tool \(name.contains("*") ? "like " : "")\(name): \(hint)")
    }

    private static func list(_ names: [String]) -> String {
        guard !names.isEmpty else { return "none yet, register them first" }
        return names.prefix(30).joined(separator: ", ") + (names.count > 30 ? " and \(names.count - 30) more" : "")
    }

    private static func check(_ name: String) throws(ToolRegistryError) {
        let isName =
            (1...200).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { scalar in
                scalar != "*" && !scalar.properties.isWhitespace && scalar.value >= 0x20 && scalar.value != 0x7f
            }
        guard isName else {
            throw ToolRegistryError(
                .invalidName,
                "\"\(name.prefix(80))\" is no name for a tool: 1 to 200 bytes without spaces and *, such as weather.get"
            )
        }
    }

    /// Whether a name fits one with `*` in it. Each part is looked for once, from where the one before it ends.
    private static func matches(_ name: String, _ glob: String) -> Bool {
        let parts = glob.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.firstRange(of: part) else { return false }
            rest = rest[place.upperBound...]
        }
        return rest.hasSuffix(last)
    }
}
