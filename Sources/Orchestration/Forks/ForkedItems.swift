internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// The items of a fan-out that is run again in part.
struct ForkedItems: Sendable {
    private let fork: PlanFork
    private let originals: [String: Int64]
    /// Places of those that are done again.
    let again: [Int]
    /// The tasks of the original that stand for the others.
    let shared: [String: Int64]

    /// - Parameters:
    ///   - items: What it fans out over now; nil: over agents.
    ///   - before: What it did in the original.
    init(
        _ fork: PlanFork, count: Int, join: PlanJoin, items: JSONValue?, before: JSONValue?,
        children: [PlanLink.Child]
    ) {
        self.fork = fork
        let children = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
        originals = children.mapValues(\.id)
        var again: Set<Int> = []
        var spare: Set<Int> = []
        for index in 0..<count {
            let end = children["[\(index)]"]?.end
            if case .unnamed = fork.part("[\(index)]"), end?.isGood == true,
                Self.element(items, index) == Self.element(before, index)
            {
                if end?.outcome == .cancelled { spare.insert(index) }
            } else {
                again.insert(index)
            }
        }
        let met = count - again.count - spare.count
        let isMet =
            switch join {
            case .all: spare.isEmpty
            case .any: met > 0
            case .quorum(let count): met >= count
            case .settled: true
            }
        if !isMet, !again.isEmpty { again.formUnion(spare) }
        self.again = again.sorted()
        let done = again
        shared = originals.filter { name, _ in
            guard let index = Int(name.dropFirst().dropLast()) else { return false }
            return index < count && !done.contains(index)
        }
    }

    private static func element(_ array: JSONValue?, _ index: Int) -> JSONValue? {
        guard case .array(let elements)? = array, index < elements.count else { return nil }
        return elements[index]
    }

    func fork(below name: String) -> PlanFork? {
        guard case .within(let cuts) = fork.part(name), let original = originals[name] else { return nil }
        return PlanFork(original: original, cuts: cuts)
    }

    var json: JSONValue {
        .object([
            "of": .integer(fork.original), "again": .array(again.map { .string("[\($0)]") }),
        ])
    }
}

extension PlanLink {
    /// How the items that are this run's own are joined: those that are shared count.
    func joinOfItems(_ join: PlanJoin, _ children: [Child]) -> JoinPolicy {
        let met = children.count { $0.isShared && $0.end?.outcome != .cancelled }
        switch join {
        case .any where met > 0: return .settled
        case .quorum(let count): return met >= count ? .settled : .quorum(count - met)
        default: return join.queue
        }
    }
}
