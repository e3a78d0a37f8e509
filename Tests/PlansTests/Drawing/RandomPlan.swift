import JSON
import TestSupport

/// Plans without a meaning, of every form.
enum RandomPlan {
    static func make(_ random: inout SeededGenerator, depth: Int = 0) -> JSONValue {
        let count = Int.random(in: 1...(depth == 0 ? 14 : 3), using: &random)
        var tasks: [String: JSONValue] = [:]
        for index in 0..<count {
            var task = verb(&random, depth)
            let needs = (0..<index).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            if !needs.isEmpty { task["needs"] = .array(needs.map { .string("t\($0)") }) }
            if needs.count > 1, Bool.random(using: &random) { task["join"] = "settled" }
            if Int.random(in: 0..<5, using: &random) == 0 { task["each"] = "input.items" }
            if Int.random(in: 0..<5, using: &random) == 0 { task["repeat"] = ["max": 3, "until": "round > 1"] }
            if Int.random(in: 0..<5, using: &random) == 0 { task["when"] = "input.flag == true" }
            if Int.random(in: 0..<8, using: &random) == 0 {
                task["on_error"] = ["run": .string("h\(index)")]
                tasks["h\(index)"] = ["kind": "http"]
            }
            tasks["t\(index)"] = .object(task)
        }
        var plan: [String: JSONValue] = ["tasks": .object(tasks)]
        if depth == 0 { plan["plan"] = "random" }
        if Bool.random(using: &random) { plan["output"] = "t0" }
        return .object(plan)
    }

    private static func verb(_ random: inout SeededGenerator, _ depth: Int) -> [String: JSONValue] {
        switch Int.random(in: 0..<(depth < 2 ? 8 : 7), using: &random) {
        case 0: ["agent": "writer", "prompt": "Hello {{ input.name }}, and so on"]
        case 1: ["agent": ["a", ["role": "coder", "skills": ["swift"]]], "prompt": "x"]
        case 2: ["tool": "filesys.read_file", "args": ["path": "{{ input.path }}"]]
        case 3: ["kind": "command", "args": ["argv": ["ls"]]]
        case 4: ["wait": ["topic": "a.b", "where": "event.x == input.x", "for": "90s"]]
        case 5: ["vote": ["options": ["a", "b"], "voters": ["x", ["agent": "y", "weight": 2]], "rule": "plurality"]]
        case 6: ["approve": ["title": "Go on?", "expires": "1h", "default": "reject"]]
        default: ["plan": RandomPlan.make(&random, depth: depth + 1), "with": "{{ input }}"]
        }
    }
}
