internal import Agents
internal import JSON
internal import Plans
internal import Queue
internal import Worker

/// What the expressions of a task speak of, read from the database when they are to be evaluated.
struct PlanScope: Sendable {
    private(set) var values: [String: JSONValue] = [:]
    /// Part of it lies encrypted in the database.
    private(set) var isSecret = false

    /// Words that are no ids of tasks.
    static let words: Set<String> = [
        "input", "item", "index", "previous", "round", "trigger", "event", "memory", "error", "output",
    ]

    /// - Parameters:
    ///   - wish: What the expressions name; nothing else is read.
    ///   - plan: Whose tasks they name.
    ///   - place: Where the task stands that they belong to; nil for what a plan itself returns.
    ///   - scope: The task of the plan.
    init(
        _ wish: ScopeWish, plan: Plan, place: PlanPlace?, task: PlanTask? = nil, scope: Int64, _ context: TaskContext
    ) async throws {
        let roots = wish.roots
        var names = roots.subtracting(Self.words).filter { plan[$0] != nil }
        if roots.contains("error"), let handled = task?.handles { names.insert(handled) }
        for name in names { names.formUnion(Self.substitutes(of: name, in: plan)) }
        var keys: Set<ScopeKey> = []
        func want(_ source: ScopeKey.Source) {
            keys.insert(ScopeKey(root: context.task.rootID, scope: scope, source: source))
        }
        for name in names { want(.task(name)) }
        if roots.contains("input") { want(.input) }
        if roots.contains("trigger") { want(.trigger) }
        if roots.contains("previous"), let previous = place?.previous { want(.previous(previous)) }
        if !keys.isEmpty {
            let found = try await ScopeReader.shared.values(keys, PlanLink(context))
            isSecret = found.values.contains(where: \.isSecret)
            read(found, roots, plan, task)
            if let trigger = values["trigger"], trigger != .null { try await context.taint() }
        }
        if !wish.memory.isEmpty { values["memory"] = try await Self.memory(wish.memory, context) }
        note(place)
    }

    /// What is known without asking.
    init(with values: [String: JSONValue]) {
        self.values = values
    }

    /// The same for a task at another place.
    func noting(_ place: PlanPlace) -> PlanScope {
        var scope = self
        scope.note(place)
        return scope
    }

    private mutating func note(_ place: PlanPlace?) {
        values["item"] = place?.item ?? .null
        values["index"] = place?.index.map { .integer(Int64($0)) } ?? .null
        values["round"] = place?.round.map { .integer(Int64($0)) } ?? .null
    }

    private static func memory(_ keys: Set<MemoryKey>, _ context: TaskContext) async throws -> JSONValue {
        var scopes: [String: [String: JSONValue]] = [:]
        var isTainted = false
        for key in keys {
            guard let scope = Memory.Scope(rawValue: key.scope) else { continue }
            let entry = try await Memory(context.pool, scope, as: context.task.id).get(key.key)
            scopes[key.scope, default: [:]][key.key] = entry?.value ?? .null
            isTainted = isTainted || entry?.isTainted == true
        }
        if isTainted { try await context.taint() }
        return .object(scopes.mapValues { .object($0) })
    }

    mutating func set(_ name: String, _ value: JSONValue) { values[name] = value }

    mutating func add(_ other: PlanScope) {
        values.merge(other.values) { $1 }
        isSecret = isSecret || other.isSecret
    }

    private mutating func read(
        _ found: [ScopeKey: ScopeValue], _ roots: Set<String>, _ plan: Plan, _ task: PlanTask?
    ) {
        var ends: [String: (end: TaskEnd?, value: JSONValue?)] = [:]
        for (key, found) in found {
            switch key.source {
            case .task(let name): ends[name] = (found.end, found.value)
            case .previous: values["previous"] = found.end?.outcome == .completed ? found.value ?? .null : .null
            case .input: values["input"] = found.value ?? .null
            case .trigger: values["trigger"] = found.value ?? .null
            }
        }
        for name in roots where plan[name] != nil {
            values[name] = Self.value(of: name, in: plan) { ends[$0] }
        }
        if roots.contains("error"), let handled = task?.handles, let end = ends[handled]?.end, !end.isGood {
            values["error"] = .object([
                "task": .string(handled), "message": .string(end.message ?? "\(end.outcome)"),
                "reason": end.reason.map { .string($0) } ?? .null,
            ])
        }
    }

    /// The tasks whose outputs take the place of that of a task, should it fail.
    private static func substitutes(of name: String, in plan: Plan) -> Set<String> {
        var found: Set<String> = []
        var name = name
        while case .run(let other, fails: false)? = plan[name]?.onError, found.insert(other).inserted { name = other }
        return found
    }

    /// What a task of a plan brought, by its own rule when it failed.
    static func value(
        of name: String, in plan: Plan, _ end: (String) -> (end: TaskEnd?, value: JSONValue?)?
    ) -> JSONValue {
        var name = name
        var seen: Set<String> = []
        while seen.insert(name).inserted, let task = plan[name], let found = end(name), let outcome = found.end {
            switch outcome.outcome {
            case .completed: return found.value ?? .null
            case .skipped: return .null
            case .failed, .cancelled:
                switch task.onError {
                case .value(let value): return value
                case .run(let other, fails: false): name = other
                case .fail, .skip, .run: return .null
                }
            }
        }
        return .null
    }
}
