import JSON
import Plans
import TestSupport
import Testing

@testable import Orchestration

/// Which tasks a fork does again, against a model that asks the rules of each set of tasks.
@Suite struct ForkExtentTests {
    @Test("what is done again is the least that the rules allow, on random plans")
    func model() throws {
        for seed in 1...400 as ClosedRange<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let count = Int.random(in: 1...7, using: &generator)
            let ids = (0..<count).map { "t\($0)" }
            var tasks: [String: JSONValue] = [:]
            for index in 0..<count {
                var task: [String: JSONValue] = ["kind": "echo", "args": [:]]
                let needs = ids[..<index].filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
                if !needs.isEmpty {
                    task["needs"] = .array(needs.map { .string($0) })
                    switch Int.random(in: 0..<4, using: &generator) {
                    case 0: task["join"] = "any"
                    case 1:
                        task["join"] = .object([
                            "quorum": .integer(Int64(Int.random(in: 1...needs.count, using: &generator)))
                        ])
                    case 2: task["join"] = "settled"
                    default: break
                    }
                }
                tasks[ids[index]] = .object(task)
            }
            let plan = try PlanReader.plan(from: ["plan": "p", "tasks": .object(tasks)])
            let named = Set(ids.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 })
            let spare = Set(ids.filter { _ in Int.random(in: 0..<4, using: &generator) == 0 }).subtracting(named)
            let redone = Set(
                plan.redone(Dictionary(uniqueKeysWithValues: named.map { ($0, "named") }), spare: spare).keys)
            // Of all sets that the rules allow, the one that lies within each other one.
            var least = Set(ids)
            for bits in 0..<(1 << count) {
                let set = Set(ids.indices.filter { bits & 1 << $0 != 0 }.map { ids[$0] })
                if named.isSubset(of: set), Self.allows(plan, set, spare: spare) { least.formIntersection(set) }
            }
            #expect(redone == least, "seed \(seed): \(JSONValue.object(tasks).text), named \(named), spare \(spare)")
        }
    }

    /// A set is allowed when nothing outside of it needs anything in it, and when nobody in it lacks what is spare.
    private static func allows(_ plan: Plan, _ set: Set<String>, spare: Set<String>) -> Bool {
        plan.tasks.allSatisfy { task in
            if !set.contains(task.id) { return task.needs.allSatisfy { !set.contains($0) } }
            let shared = task.needs.filter { !set.contains($0) }
            let met = shared.count { !spare.contains($0) }
            let lacks =
                switch task.join {
                case .all: met < shared.count
                case .any: met == 0
                case .quorum(let count): met < count
                case .settled: false
                }
            return !lacks || shared.allSatisfy { !spare.contains($0) }
        }
    }

    @Test("another input is felt by the tasks that speak of what differs")
    func inputs() throws {
        let plan = try PlanReader.plan(from: [
            "plan": "p",
            "tasks": [
                "a": ["kind": "echo", "args": ["x": "{{ input.x.deep[0] }}"]],
                "b": ["kind": "echo", "args": ["y": "{{ input[\"x\"] }}"]],
                "c": ["kind": "echo", "args": ["all": "{{ input }}"]],
                "d": ["kind": "echo", "when": "input.y", "args": [:]],
                "e": ["kind": "echo", "args": ["text": "input.x"]],
                "f": ["plan": ["tasks": ["g": ["kind": "echo", "args": ["x": "{{ input.x }}"]]]]],
                "h": [
                    "plan": ["tasks": ["g": ["kind": "echo", "args": ["x": "{{ input.x }}"]]]],
                    "with": ["x": "{{ input.y }}"],
                ],
            ],
        ])
        func affected(_ old: JSONValue, _ new: JSONValue) -> [String] {
            let change = InputChange(old, new)
            return plan.tasks.filter { change.affects($0) }.map(\.id).sorted()
        }
        #expect(affected(["x": 1, "y": 1], ["x": 2, "y": 1]) == ["a", "b", "c", "f"])
        #expect(affected(["x": 1, "y": 1], ["x": 1, "y": 2]).filter { $0 != "b" } == ["c", "d", "h"])
        #expect(affected(["x": 1], ["x": 1]) == [])
        #expect(affected(["x": 1], 5) == ["a", "b", "c", "d", "f", "h"])
    }
}
