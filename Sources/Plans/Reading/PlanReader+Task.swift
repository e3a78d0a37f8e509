internal import Documents
internal import JSON

extension PlanReader {
    static let verbs = ["agent", "tool", "kind", "plan", "vote", "approve", "wait", "emit"]

    /// Fields that go with some verbs only.
    private static let companions: [String: [String]] = [
        "prompt": ["agent"], "schema": ["agent"], "repairs": ["agent"], "tools": ["agent"], "delegate": ["agent"],
        "args": ["tool", "kind"], "with": ["plan"],
    ]

    mutating func task(_ id: String, _ value: JSONValue, at pointer: String, depth: Int) -> PlanTask? {
        let advice = "Write {\"agent\": \"NAME\", \"prompt\": \"...\"}, or another verb."
        guard var fields = DocumentFields(value, at: pointer, issues, advice: advice) else { return nil }
        let words = Self.verbs.filter { fields.has($0) }
        var verb: PlanVerb?
        if words.count == 1 {
            verb = self.verb(words[0], &fields, depth: depth)
        } else if words.count > 1 {
            issues.add(
                pointer, "has \(words.count) verbs: \(words.joined(separator: ", "))",
                "A task does one thing: make a task of each.")
        } else if !fields.members.keys.contains(where: { Spelling.nearest(to: $0, in: Self.verbs) != nil }) {
            issues.add(pointer, "has no verb", "Give it one of \(Self.verbs.joined(separator: ", ")).")
        }
        // Its place is needed to look at the others, even when it cannot be read.
        var task = PlanTask(id: id, verb: verb ?? .wait(PlanWait()))
        modifiers(&task, &fields)
        if words.count == 1, words[0] == "agent" { agentModifiers(&task, &fields) }
        for word in Self.verbs { _ = fields.value(word) }
        fields.refuseOthers { name in
            guard let verbs = Self.companions[name] else { return nil }
            return words.count == 1 || words.isEmpty
                ? "It goes with \(verbs.joined(separator: " and "))." : "See above."
        }
        return task
    }

    private func modifiers(_ task: inout PlanTask, _ fields: inout DocumentFields) {
        task.summary = fields.text("description", longest: 10_000)
        task.needs = fields.texts("needs", longest: 200, atMost: PlanReader.mostTasks)
        task.join = join(&fields) ?? .all
        task.when = fields.expression("when")
        task.each = fanOut(&fields)
        task.loop = loop(&fields)
        task.retry = retry(&fields)
        task.timeout = fields.duration("timeout")
        task.budget = fields.budget("budget")
        task.onError = errorRule(&fields) ?? .fail
        task.queue = fields.text("queue", longest: 63)
        task.priority = fields.integer("priority", in: 0...9)
        task.key = fields.template("key")
    }

    private func join(_ fields: inout DocumentFields) -> PlanJoin? {
        let advice = "Write \"all\", \"any\", \"settled\" or {\"quorum\": 2}."
        switch fields.value("join") {
        case nil: return nil
        case "all"?: return .all
        case "any"?: return .any
        case "settled"?: return .settled
        case let value?:
            guard case .object = value,
                var inner = DocumentFields(value, at: "\(fields.pointer)/join", issues, advice: advice)
            else {
                fields.wrong("join", "\(DocumentFields.shown(value)) is not understood", advice)
                return nil
            }
            let quorum = inner.integer("quorum", in: 1...1_000_000)
            if !inner.has("quorum") { inner.missing("quorum", advice) }
            inner.refuseOthers()
            return quorum.map { .quorum($0) }
        }
    }

    private func fanOut(_ fields: inout DocumentFields) -> PlanFanOut? {
        let maximum = fields.integer("max_items", in: 1...PlanFanOut.most)
        let parallel = fields.integer("parallel", in: 1...PlanFanOut.most)
        guard fields.has("each") else {
            for name in ["max_items", "parallel"] where fields.has(name) {
                fields.wrong(name, "says nothing without each", "Write \"each\": \"EXPRESSION\", or leave it out.")
            }
            _ = fields.value("each")
            return nil
        }
        return fields.expression("each").map {
            PlanFanOut(items: $0, maximum: maximum ?? PlanFanOut.most, parallel: parallel)
        }
    }

    private func loop(_ fields: inout DocumentFields) -> PlanLoop? {
        let advice = "Write {\"until\": \"EXPRESSION\", \"max\": 4}."
        guard let value = fields.value("repeat"),
            var inner = DocumentFields(value, at: "\(fields.pointer)/repeat", issues, advice: advice)
        else { return nil }
        let until = inner.expression("until")
        let maximum = inner.integer("max", in: 1...PlanLoop.most)
        if inner.value("max") == nil { inner.missing("max", "Say how many rounds there are at most. \(advice)") }
        inner.refuseOthers()
        return maximum.map { PlanLoop(until: until, maximum: $0) }
    }

    private func retry(_ fields: inout DocumentFields) -> PlanRetry? {
        let advice = "Write {\"max\": 3, \"backoff\": \"1s..60s\"}."
        guard let value = fields.value("retry"),
            var inner = DocumentFields(value, at: "\(fields.pointer)/retry", issues, advice: advice)
        else { return nil }
        let maximum = inner.integer("max", in: 0...999)
        if inner.value("max") == nil { inner.missing("max", advice) }
        let backoff = inner.text("backoff", longest: 100)
        if let backoff, !PlanBackoff.isValid(backoff) {
            inner.wrong(
                "backoff", "\"\(backoff)\" is not understood",
                "Write [exponential|linear|fixed] BASE[..CAP] [jitter FRACTION], as 1s..60s or linear 5s..10m.")
        }
        let isElsewhere = inner.bool("elsewhere") ?? false
        inner.refuseOthers()
        return maximum.map { PlanRetry(maximum: $0, backoff: backoff, isElsewhere: isElsewhere) }
    }

    private func errorRule(_ fields: inout DocumentFields) -> PlanErrorRule? {
        let advice = "Write \"fail\", \"skip\", {\"default\": VALUE} or {\"run\": \"ID\"}."
        switch fields.value("on_error") {
        case nil: return nil
        case "fail"?: return .fail
        case "skip"?: return .skip
        case let value?:
            guard case .object(let members) = value,
                var inner = DocumentFields(value, at: "\(fields.pointer)/on_error", issues, advice: advice)
            else {
                fields.wrong("on_error", "\(DocumentFields.shown(value)) is not understood", advice)
                return nil
            }
            let handler = inner.text("run", longest: 200)
            let then = inner.word("then", among: ["continue", "fail"])
            _ = inner.value("default")
            inner.refuseOthers()
            if let value = members["default"] {
                if handler == nil, then == nil { return .value(value) }
                issues.add(inner.pointer, "has default and \(handler == nil ? "then" : "run")", "Keep one of them.")
            } else if let handler {
                return .run(handler, fails: then == "fail")
            } else if !inner.has("run") {
                issues.add(inner.pointer, "says nothing", advice)
            }
            return nil
        }
    }

    private func agentModifiers(_ task: inout PlanTask, _ fields: inout DocumentFields) {
        task.schema = fields.schema("schema")
        task.repairs = fields.integer("repairs", in: 0...10)
        if fields.has("tools") { task.tools = fields.texts("tools", longest: 200, atMost: 1000) }
        let advice = "Write {\"agents\": [\"NAME\"], \"max_tasks\": 12, \"max_depth\": 2}."
        guard let value = fields.value("delegate"),
            var inner = DocumentFields(value, at: "\(fields.pointer)/delegate", issues, advice: advice)
        else { return }
        let agents = inner.texts("agents", longest: 100, atMost: 100)
        if agents.isEmpty { inner.missing("agents", "Name those who may be given work. \(advice)") }
        let tasks = inner.integer("max_tasks", in: 1...1000)
        let depth = inner.integer("max_depth", in: 1...8)
        inner.refuseOthers()
        task.delegate = PlanDelegation(agents: agents, maxTasks: tasks ?? 20, maxDepth: depth ?? 1)
    }
}
