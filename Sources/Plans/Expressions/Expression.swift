public import JSON

/// An expression of a plan: total, without effects, bounded in work.
public struct Expression: Sendable, Hashable, CustomStringConvertible {
    /// The longest text, in UTF-8 bytes.
    public static let longestText = 10_000
    /// How deep brackets, calls and signs may nest.
    public static let deepest = 64
    /// The most bytes of JSON that an evaluation may result in.
    public static let largestValue = 4 << 20

    public let text: String
    let node: ExpressionNode
    private let references: ExpressionReferences

    /// Parses the text.
    public init(_ text: String) throws(ExpressionError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longestText else { throw ExpressionParser.tooLong(bytes.count, at: 0) }
        var parser = try ExpressionParser(bytes)
        node = try parser.whole()
        var references = ExpressionReferences()
        try references.add(node)
        self.references = references
        self.text = text
    }

    /// The first names of the paths in it: `input`, ids of tasks, `item` and so on.
    public var roots: Set<String> { references.roots }

    /// What of the memory it reads, and must find in its scope under `memory`.
    public var memoryKeys: Set<MemoryKey> { references.memoryKeys }

    /// Null where a path leads nowhere, and where an operator does not apply.
    public func value(in scope: [String: JSONValue]) -> JSONValue {
        boundedValue(in: scope) ?? .null
    }

    /// The same, but nil when it exceeds its bounds, in size or in work; `value` has null then.
    public func boundedValue(in scope: [String: JSONValue]) -> JSONValue? {
        var evaluation = ExpressionEvaluation(scope)
        return evaluation.result(of: node)
    }

    /// Everything but false and null holds.
    public func holds(in scope: [String: JSONValue]) -> Bool {
        var evaluation = ExpressionEvaluation(scope)
        return evaluation.holds(node)
    }

    /// What each path in it led to, as the history keeps it: by the text of the path, the large ones cut.
    public func operands(in scope: [String: JSONValue]) -> [String: JSONValue] {
        references.operands(in: scope)
    }

    /// The same expression in its plainest form: without needless brackets, strings in double quotes.
    public var description: String { node.description }

    public static func == (left: Expression, right: Expression) -> Bool { left.text == right.text }

    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
