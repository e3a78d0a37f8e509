internal import Documents
public import JSON

/// Makes plans of documents, and finds all that is wrong with these.
public struct PlanReader {
    /// How deep plans may stand inside plans.
    public static let deepest = 16
    /// The most tasks that a document may describe, those of inner plans included.
    public static let mostTasks = 200_000
    /// Words that mean something else in expressions than the output of a task.
    public static let reservedWords: Set<String> = [
        "input", "output", "item", "index", "previous", "round", "trigger", "event", "memory", "error", "true", "false",
        "null", "in",
    ]

    let issues: IssueList
    var tasks = 0

    /// The plan that a document describes, without a look at what it names. Throws all that is wrong with the document.
    public static func plan(from document: JSONValue) throws(PlanError) -> Plan {
        var reader = PlanReader(issues: IssueList(file: ""))
        guard let plan = reader.plan(document, at: "", depth: 0), reader.issues.issues.isEmpty else {
            throw PlanError(reader.issues.planIssues)
        }
        return plan
    }

    /// - Parameter depth: 0 for a document, more for plans that stand inside it.
    mutating func plan(_ document: JSONValue, at pointer: String, depth: Int) -> Plan? {
        let advice = "Write {\"plan\": \"NAME\", \"tasks\": {\"ID\": {...}}}."
        guard var fields = DocumentFields(document, at: pointer, issues, advice: advice) else { return nil }
        guard depth <= Self.deepest else {
            issues.add(
                pointer, "plans are nested more than \(Self.deepest) deep", "Give the inner ones names, and load them.")
            return nil
        }
        let name = depth == 0 ? fields.text("plan", longest: 100) : nil
        if let name, !Self.isName(name) {
            fields.wrong(
                "plan", "\(DocumentFields.shown(.string(name))) cannot be the name of a plan",
                "Use up to 100 small letters, digits, - _ . with a letter or digit first.")
        }
        if depth == 0, let version = fields.value("version"), version != 1 {
            fields.wrong(
                "version", "\(DocumentFields.shown(version)) is no version of the format that is known here",
                "Write 1. The versions of the plan itself are counted when it is loaded.")
        }
        if depth == 0 { _ = fields.value("$schema") }
        let summary = fields.text("description", longest: 10_000)
        let input = fields.schema("input")
        let budget = fields.budget("budget")
        let settings = fields.object("context_settings")
        let triggers = depth == 0 ? self.triggers(&fields) : []
        let tasks = self.tasks(&fields, depth: depth)
        let output = fields.expression("output")
        fields.refuseOthers { name in
            depth > 0 && ["plan", "version", "on"].contains(name)
                ? "It is for plans that are loaded, not for inner ones." : nil
        }
        return Plan(
            name: name, summary: summary, input: input, budget: budget, contextSettings: settings, triggers: triggers,
            tasks: tasks,
            output: output, document: document)
    }

    private mutating func tasks(_ fields: inout DocumentFields, depth: Int) -> [PlanTask] {
        let advice = "Write {\"ID\": {\"agent\": \"NAME\", \"prompt\": \"...\"}}."
        guard case .object(let members)? = fields.value("tasks") else {
            if let other = fields.members["tasks"], other != .null {
                fields.wrong("tasks", "\(DocumentFields.kind(other)) instead of an object", advice)
            } else {
                fields.issues.add(fields.pointer, "has no tasks", "Give it \"tasks\": {...}.")
            }
            return []
        }
        if members.isEmpty { fields.wrong("tasks", "is empty", advice) }
        tasks += members.count
        guard tasks <= Self.mostTasks else {
            fields.wrong("tasks", "the document has over \(Self.mostTasks) tasks", "Split it into several plans.")
            return []
        }
        var found: [PlanTask] = []
        found.reserveCapacity(members.count)
        for (id, value) in members.sorted(by: { $0.key < $1.key }) {
            let place = "tasks/\(DocumentFields.escaped(id))"
            check(id: id, at: place, fields)
            if let task = task(id, value, at: "\(fields.pointer)/\(place)", depth: depth) { found.append(task) }
        }
        return PlanOrder(found, known: Set(members.keys), pointer: fields.pointer, issues).sorted()
    }

    private func check(id: String, at place: String, _ fields: DocumentFields) {
        let shown = DocumentFields.shown(.string(id))
        if Self.reservedWords.contains(id) {
            fields.wrong(place, "\(shown) means something else in expressions", "Give the task another id.")
        } else if !Self.isID(id) {
            fields.wrong(
                place, "\(shown) cannot be the id of a task",
                "Use small letters, digits and _, beginning with a letter; at most 63.")
        }
    }

    static func isID(_ text: String) -> Bool {
        guard text.utf8.count <= 63, let first = text.utf8.first, (0x61...0x7A).contains(first) else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    static func isName(_ text: String) -> Bool {
        guard text.utf8.count <= 100, let first = text.utf8.first, first != 0x2D, first != 0x2E, first != 0x5F else {
            return false
        }
        return text.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E
        }
    }
}
