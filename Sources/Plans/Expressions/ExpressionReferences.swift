internal import JSON

/// What an expression reads.
struct ExpressionReferences: Sendable {
    /// More paths than these are not kept in the history.
    private static let mostOperands = 64

    private(set) var roots: Set<String> = []
    private(set) var memoryKeys: Set<MemoryKey> = []
    /// In the order of the text, each once.
    private var paths: [(text: String, node: ExpressionNode)] = []
    private var known: Set<String> = []

    mutating func add(_ other: ExpressionReferences) {
        roots.formUnion(other.roots)
        memoryKeys.formUnion(other.memoryKeys)
        for path in other.paths where known.insert(path.text).inserted { paths.append(path) }
    }

    mutating func add(_ node: ExpressionNode) throws(ExpressionError) {
        if let root = node.path {
            roots.insert(root)
            if root == "memory" { memoryKeys.insert(try Self.memoryKey(node)) }
            let text = node.description
            if known.insert(text).inserted { paths.append((text, node)) }
        }
        for part in node.parts { try add(part) }
    }

    func operands(in scope: [String: JSONValue]) -> [String: JSONValue] {
        var evaluation = ExpressionEvaluation(scope)
        var operands: [String: JSONValue] = [:]
        for path in paths.prefix(Self.mostOperands) {
            operands[path.text] = evaluation.value(of: path.node).preview
        }
        return operands
    }

    private static func memoryKey(_ node: ExpressionNode) throws(ExpressionError) -> MemoryKey {
        guard case .access(_, let steps) = node.form, steps.count >= 2,
            case .member(let scope) = steps[0].form, case .member(let key) = steps[1].form
        else {
            throw ExpressionError(
                message: "memory needs a scope and a key", offset: node.offset,
                hint: "as in memory.run.plan, or memory.agent[\"odd key\"]")
        }
        guard MemoryKey.scopes.contains(scope) else {
            let near = ExpressionMistakes.nearest(to: scope, in: MemoryKey.scopes).map { "did you mean \($0)?" }
            throw ExpressionError(
                message: "there is no memory \"\(scope.prefix(64))\"", offset: steps[0].offset,
                hint: near ?? "the scopes are \(MemoryKey.scopes.joined(separator: ", "))")
        }
        return MemoryKey(scope: scope, key: key)
    }
}
