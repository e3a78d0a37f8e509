internal import Documents
internal import JSON

extension PlanReader {
    mutating func verb(_ word: String, _ fields: inout DocumentFields, depth: Int) -> PlanVerb? {
        switch word {
        case "agent": agent(&fields)
        case "tool": call(word, &fields) { .tool($0, args: $1) }
        case "kind": call(word, &fields) { .kind($0, args: $1) }
        case "plan": subplan(&fields, depth: depth)
        case "vote":
            inner(word, &fields, "Write {\"options\": [...], \"voters\": [...], \"rule\": \"majority\"}.", vote)
        case "approve": inner(word, &fields, "Write {\"title\": \"...\"}.", approval)
        case "wait":
            inner(word, &fields, "Write {\"for\": \"10m\"}, or {\"topic\": \"orders.paid\", \"for\": \"1h\"}.", wait)
        default: inner(word, &fields, "Write {\"topic\": \"orders.paid\", \"data\": {...}}.", emit)
        }
    }

    /// Reads the object that stands behind a verb.
    private func inner(
        _ word: String, _ fields: inout DocumentFields, _ advice: String,
        _ read: (inout DocumentFields) -> PlanVerb?
    ) -> PlanVerb? {
        let value = fields.members[word] ?? .null
        guard var inner = DocumentFields(value, at: "\(fields.pointer)/\(word)", issues, advice: advice) else {
            return nil
        }
        let verb = read(&inner)
        inner.refuseOthers()
        return verb
    }

    private func agent(_ fields: inout DocumentFields) -> PlanVerb? {
        let choices = self.choices(fields.members["agent"] ?? .null, at: "\(fields.pointer)/agent")
        if fields.value("prompt") == nil {
            fields.missing("prompt", "Write what the agent is to do: \"prompt\": \"...\".")
            return nil
        }
        guard fields.template("prompt") != nil, let prompt = fields.templates("prompt"), let choices else { return nil }
        return .agent(choices, prompt: prompt)
    }

    private func choices(_ value: JSONValue, at pointer: String) -> [AgentChoice]? {
        guard case .array(let elements) = value else { return choice(value, at: pointer).map { [$0] } }
        guard (1...PlanFanOut.most).contains(elements.count) else {
            issues.add(
                pointer, "has \(elements.count) agents; 1 to \(PlanFanOut.most) are possible", "Name the agents.")
            return nil
        }
        let choices = elements.enumerated().map { choice($1, at: "\(pointer)/\($0)") }
        return choices.contains(nil) ? nil : choices.compactMap { $0 }
    }

    /// A name, or `{"role", "skills", "pick"}`.
    func choice(_ value: JSONValue, at pointer: String) -> AgentChoice? {
        let advice = "Write the name of an agent, or {\"role\": \"reviewer\"}."
        if let name = value.string {
            guard (1...100).contains(name.unicodeScalars.count), !name.contains("{{") else {
                issues.add(pointer, "\(DocumentFields.shown(value)) is no name of an agent", advice)
                return nil
            }
            return .named(name)
        }
        guard var fields = DocumentFields(value, at: pointer, issues, advice: advice) else { return nil }
        let choice = role(&fields)
        fields.refuseOthers()
        return choice
    }

    private func role(_ fields: inout DocumentFields) -> AgentChoice? {
        let role = fields.text("role", longest: 100)
        if !fields.has("role") { fields.missing("role", "Write {\"role\": \"reviewer\"}.") }
        let skills = fields.texts("skills", longest: 100, atMost: 100)
        let pick = fields.word("pick", of: AgentPick.self)
        return role.map { .role($0, skills: skills, pick: pick ?? .leastBusy) }
    }

    private func call(
        _ word: String, _ fields: inout DocumentFields, _ make: (String, TemplateValue) -> PlanVerb
    ) -> PlanVerb? {
        let name = fields.text(word, longest: 200)
        if fields.value(word) == nil { fields.wrong(word, "is empty", "Name the \(word).") }
        let args = fields.arguments("args")
        guard let name, let args else { return nil }
        return make(name, args)
    }

    private mutating func subplan(_ fields: inout DocumentFields, depth: Int) -> PlanVerb? {
        let input = fields.templates("with")
        switch fields.value("plan") {
        case .string?:
            return fields.text("plan", longest: 100).map { .plan(.named($0), input: input) }
        case let value?:
            return plan(value, at: "\(fields.pointer)/plan", depth: depth + 1).map { .plan(.inline($0), input: input) }
        case nil:
            fields.wrong("plan", "is empty", "Name a plan, or write {\"tasks\": {...}}.")
            return nil
        }
    }

    private func approval(_ fields: inout DocumentFields) -> PlanVerb? {
        let title = fields.template("title")
        if fields.value("title") == nil { fields.missing("title", "Say what is to be decided: \"title\": \"...\".") }
        var approval = PlanApproval(title: title ?? Self.blank)
        approval.value = fields.templates("value")
        approval.approvers = fields.texts("approvers", longest: 200, atMost: 100)
        if fields.value("decisions") != nil {
            let words = fields.texts("decisions", longest: 100, atMost: 100)
            for (index, word) in words.enumerated() where !PlanApproval.decisions.contains(word) {
                fields.wrong(
                    "decisions/\(index)", "\"\(word)\" is not a decision", PlanOrder.guess(word, PlanApproval.decisions)
                )
            }
            if words.isEmpty { fields.wrong("decisions", "is empty", "Name at least one, or leave it out.") }
            approval.decisions = words.filter(PlanApproval.decisions.contains)
        }
        approval.expires = fields.duration("expires")
        approval.fallback = fields.word("default", among: PlanApproval.decisions)
        return title == nil ? nil : .approve(approval)
    }

    private func wait(_ fields: inout DocumentFields) -> PlanVerb? {
        var wait = PlanWait()
        wait.topic = fields.template("topic")
        wait.key = fields.template("key")
        wait.condition = fields.expression("where")
        wait.duration = fields.duration("for")
        wait.moment = fields.template("until")
        if !["topic", "for", "until"].contains(where: fields.has) {
            issues.add(fields.pointer, "waits for nothing", "Give it a topic, a time (for), or a moment (until).")
        }
        if fields.has("for"), fields.has("until") {
            fields.wrong("until", "there is for, too", "Keep one of them.")
        }
        for name in ["where", "key"] where fields.has(name) && !fields.has("topic") {
            fields.wrong(name, "says nothing without a topic", "Name the topic of the events.")
        }
        return .wait(wait)
    }

    private func emit(_ fields: inout DocumentFields) -> PlanVerb? {
        let topic = fields.template("topic")
        if fields.value("topic") == nil { fields.missing("topic", "Name it: \"topic\": \"orders.paid\".") }
        let data = fields.has("data") ? fields.templates("data") : try? TemplateValue(.null)
        let key = fields.template("key")
        guard let topic, let data else { return nil }
        return .emit(topic: topic, data: data, key: key)
    }

    /// Stands for a text that could not be read. Without braces there is nothing in it that could be wrong.
    private static var blank: Template { try! Template("?") }
}
