internal import Plans

/// What expressions speak of, and so is to be read before they are evaluated.
struct ScopeWish: Sendable {
    private(set) var roots: Set<String> = []
    private(set) var memory: Set<MemoryKey> = []

    init() {}

    init(_ roots: Set<String>) { self.roots = roots }

    init(_ expression: Expression) {
        roots = expression.roots
        memory = expression.memoryKeys
    }

    mutating func add(_ template: Template?) {
        roots.formUnion(template?.roots ?? [])
        memory.formUnion(template?.memoryKeys ?? [])
    }

    mutating func add(_ value: TemplateValue?) {
        roots.formUnion(value?.roots ?? [])
        memory.formUnion(value?.memoryKeys ?? [])
    }

    mutating func add(_ expression: Expression?) {
        roots.formUnion(expression?.roots ?? [])
        memory.formUnion(expression?.memoryKeys ?? [])
    }

    mutating func remove(_ root: String) { roots.remove(root) }

    /// What is known when a task is added, and so can be in its concurrency key.
    var whenAdded: ScopeWish { ScopeWish(roots.intersection(["input", "trigger"])) }
}
