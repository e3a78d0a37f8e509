import JSON
import TestSupport

/// A plan made of a seed: tasks that echo or fail, with needs, joins, conditions, rules for errors, fan-outs and loops.
struct RandomPlan {
    struct Step {
        var id: String
        var fails = false
        var needs: [String] = []
        var join = "all"
        var quorum = 0
        /// `when` asks whether the number of this need is over a bound.
        var condition: (need: String, bound: Int)?
        /// fail, skip, default, run, clean
        var rule = "fail"
        /// The task that handles its failure.
        var handler: String?
        var handles: String?
        /// How many items it fans out over; nil: not at all.
        var items: Int?
        /// The index of the item that fails.
        var badItem: Int?
        /// Rounds of a loop; nil: none.
        var rounds: Int?
        var number = 0
    }

    private(set) var steps: [Step] = []

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 2...10, using: &random)
        for index in 0..<count {
            var step = Step(id: "t\(index)")
            step.number = Int.random(in: 0...9, using: &random)
            step.fails = Int.random(in: 0..<4, using: &random) == 0
            let earlier = steps.filter { $0.handles == nil }.map(\.id)
            step.needs = earlier.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
            if step.needs.count > 1 {
                switch Int.random(in: 0..<6, using: &random) {
                case 0: step.join = "any"
                case 1:
                    step.join = "quorum"
                    step.quorum = Int.random(in: 1...step.needs.count, using: &random)
                case 2: step.join = "settled"
                default: break
                }
            }
            if step.join == "all" || step.join == "settled", let need = step.needs.randomElement(using: &random),
                Int.random(in: 0..<3, using: &random) == 0
            {
                step.condition = (need, Int.random(in: 0...9, using: &random))
            }
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                step.items = Int.random(in: 0...4, using: &random)
                if step.fails, step.items! > 0 { step.badItem = Int.random(in: 0..<step.items!, using: &random) }
            case 1: step.rounds = Int.random(in: 1...3, using: &random)
            default: break
            }
            step.rule = ["fail", "fail", "skip", "default", "run", "clean"].randomElement(using: &random)!
            if step.rule == "run" || step.rule == "clean" { step.handler = "h\(index)" }
            steps.append(step)
            if let handler = step.handler {
                var handling = Step(id: handler, handles: step.id)
                handling.fails = Int.random(in: 0..<4, using: &random) == 0
                handling.number = Int.random(in: 0...9, using: &random)
                steps.append(handling)
            }
        }
    }

    var document: JSONValue {
        var tasks: [String: JSONValue] = [:]
        for step in steps { tasks[step.id] = .object(json(step)) }
        return .object(tasks)
    }

    private func json(_ step: Step) -> [String: JSONValue] {
        var task: [String: JSONValue] = [:]
        let fails = step.fails && step.badItem == nil && step.items != 0
        task["kind"] = fails ? "fail" : "echo"
        task["args"] = fails ? ["message": "bad"] : ["n": .integer(Int64(step.number))]
        task["retry"] = ["max": 0]
        if !step.needs.isEmpty { task["needs"] = .array(step.needs.map { .string($0) }) }
        switch step.join {
        case "all": break
        case "quorum": task["join"] = ["quorum": .integer(Int64(step.quorum))]
        default: task["join"] = .string(step.join)
        }
        if let (need, bound) = step.condition {
            // Of a fan-out and of a null there is no number.
            task["when"] = .string("default(\(need).n, 5) > \(bound)")
        }
        switch step.rule {
        case "skip": task["on_error"] = "skip"
        case "default": task["on_error"] = ["default": ["n": 8]]
        case "run": task["on_error"] = ["run": .string(step.handler!)]
        case "clean": task["on_error"] = ["run": .string(step.handler!), "then": "fail"]
        default: break
        }
        if let items = step.items {
            task["each"] = .string("[\((0..<items).map(String.init).joined(separator: ", "))]")
            if let bad = step.badItem {
                task["kind"] = "fail_if"
                task["args"] = ["fails": .string("{{ item == \(bad) }}"), "n": .integer(Int64(step.number))]
            }
        }
        if let rounds = step.rounds { task["repeat"] = ["until": "false", "max": .integer(Int64(rounds))] }
        return task
    }
}
