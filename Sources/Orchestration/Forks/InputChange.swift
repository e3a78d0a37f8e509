internal import JSON
internal import Plans

/// In what the input of a fork differs from that of its original.
struct InputChange: Sendable {
    /// Members that differ; nil: it is another value altogether.
    private let members: Set<String>?

    init(_ old: JSONValue, _ new: JSONValue) {
        if let before = old.members, let after = new.members {
            members = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        } else {
            members = old == new ? [] : nil
        }
    }

    var isNone: Bool { members == [] }

    /// Whether a task may come to something else by it.
    func affects(_ task: PlanTask) -> Bool {
        guard !isNone else { return false }
        return task.inputPaths.contains { path in
            guard let members, let member = Self.member(path) else { return true }
            return members.contains(member)
        }
    }

    /// The name after `input.`; nil where the path does not say it plainly.
    private static func member(_ path: String) -> String? {
        guard path.hasPrefix("input.") else { return nil }
        let name = path.dropFirst("input.".count).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return name.isEmpty ? nil : String(name)
    }
}

extension PlanTask {
    /// As the history keeps them; of more than these it may know only some.
    private static let mostPaths = 64

    /// The paths that begin with the input of the plan.
    fileprivate var inputPaths: Set<String> {
        var paths: Set<String> = []
        func add(_ operands: [String: JSONValue]?) {
            guard let operands else { return }
            if operands.count >= Self.mostPaths { paths.insert("input") }
            paths.formUnion(operands.keys.filter { $0 == "input" || $0.hasPrefix("input.") || $0.hasPrefix("input[") })
        }
        add(when?.operands(in: [:]))
        add(each?.items.operands(in: [:]))
        add(loop?.until?.operands(in: [:]))
        add(key?.operands(in: [:]))
        switch verb {
        case .agent(_, let prompt): add(prompt.operands(in: [:]))
        case .tool(_, let args), .kind(_, let args): add(args.operands(in: [:]))
        case .plan(_, let input?): add(input.operands(in: [:]))
        // Passed on as it is.
        case .plan(.named, nil): paths.insert("input")
        case .plan(.inline(let plan), nil):
            for task in plan.tasks { paths.formUnion(task.inputPaths) }
            add(plan.output?.operands(in: [:]))
        case .vote(let vote):
            add(vote.options.operands(in: [:]))
            add(vote.question?.operands(in: [:]))
        case .approve(let approval):
            add(approval.title.operands(in: [:]))
            add(approval.value?.operands(in: [:]))
        case .wait(let wait):
            add(wait.topic?.operands(in: [:]))
            add(wait.key?.operands(in: [:]))
            add(wait.condition?.operands(in: [:]))
            add(wait.moment?.operands(in: [:]))
        case .emit(let topic, let data, let key):
            add(topic.operands(in: [:]))
            add(data.operands(in: [:]))
            add(key?.operands(in: [:]))
        }
        return paths
    }
}
