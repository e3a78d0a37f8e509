import JSON
import Plans
import TestSupport
import Testing

struct PlanFuzzTests {
    private static let words = [
        "agent", "tool", "kind", "plan", "vote", "approve", "wait", "emit", "needs", "join", "when", "each", "repeat",
        "schema", "retry", "on_error", "run", "then", "default", "max", "until", "tasks", "output", "with", "args",
        "on",
        "rule", "voters", "options", "tie", "judge", "quorum", "role", "skills", "delegate", "agents", "prompt",
        "a/b~c",
        "t0", "t1", "item", "{{ t0 }}", "{{ item.x }}", "{{", "t0.x == 1", "previous.t1", "\u{0}", "é", "",
    ]

    private func value(_ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<9, using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(Int64.random(in: -3...2000, using: &random))
        case 3: .number(Double.random(in: -2...2, using: &random))
        case 4, 5: .string(Self.words.randomElement(using: &random) ?? "")
        case 6: .array((0..<Int.random(in: 0..<3, using: &random)).map { _ in value(&random) })
        case 7: .object([Self.words.randomElement(using: &random) ?? "": value(&random)])
        default: .integer(.max)
        }
    }

    /// The document with one change somewhere.
    private func mutated(_ document: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        guard Int.random(in: 0..<6, using: &random) > 0 else { return value(&random) }
        switch document {
        case .object(var members) where !members.isEmpty:
            let key = members.keys.sorted().randomElement(using: &random) ?? ""
            switch Int.random(in: 0..<8, using: &random) {
            case 0: members[key] = nil
            case 1: members[Self.words.randomElement(using: &random) ?? ""] = members[key]
            case 2: members[Self.words.randomElement(using: &random) ?? ""] = value(&random)
            default: members[key] = mutated(members[key] ?? .null, &random)
            }
            return .object(members)
        case .array(var elements) where !elements.isEmpty:
            let place = elements.indices.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<4, using: &random) {
            case 0: elements.remove(at: place)
            case 1: elements.append(elements[place])
            default: elements[place] = mutated(elements[place], &random)
            }
            return .array(elements)
        default: return value(&random)
        }
    }

    private func exists(_ pointer: String, in document: JSONValue) -> Bool {
        var value = document
        for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let step = String(step).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .object(let members):
                guard let member = members[step] else { return false }
                value = member
            case .array(let elements):
                guard let index = Int(step), elements.indices.contains(index) else { return false }
                value = elements[index]
            default: return false
            }
        }
        return true
    }

    @Test("whatever a document says, it is a plan, or each mistake has a place that exists", arguments: 0..<40)
    func mutations(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let seeds = try (SixPatterns.all + GoodPlans.all).map { try JSONValue(parsing: $0) }
        let restriction = PlanRestriction(agents: ["writer"], maxTasks: 5, maxDepth: 1)
        for round in 0..<60 {
            var document = round.isMultiple(of: 3) ? RandomPlan.make(&random) : seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) { document = mutated(document, &random) }
            let checker = PlanChecker(
                vocabulary: round.isMultiple(of: 2) ? PlanVocabulary() : PlanCheckTests.vocabulary,
                restriction: round.isMultiple(of: 5) ? restriction : nil)
            let report = checker.check(document)
            #expect(report.plan != nil || !report.issues.isEmpty)
            for issue in report.issues {
                #expect(exists(issue.pointer, in: document), "\(issue) in \(document.text)")
                #expect(!issue.message.isEmpty && issue.message.utf8.count < 2000)
            }
            guard report.isGood, let plan = report.plan else { continue }
            #expect(plan.tasks.count == document["tasks"]?.members?.count)
            #expect(!PlanDrawing(plan).text().isEmpty)
            #expect(report.bounds?.tasks.map { $0 > plan.tasks.count } ?? true)
        }
    }

    @Test("plans by chance are plans, with each task after those that it needs", arguments: 0..<40)
    func random(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let report = PlanChecker().check(RandomPlan.make(&random))
        #expect(report.issues == [])
        let plan = try #require(report.plan)
        var known: Set<String> = []
        for task in plan.tasks {
            #expect(known.isSuperset(of: task.needs))
            if let handled = task.handles { #expect(known.contains(handled)) }
            known.insert(task.id)
        }
    }
}
