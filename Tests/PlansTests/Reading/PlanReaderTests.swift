import JSON
import Plans
import Testing

struct PlanReaderTests {
    private func issues(_ text: String) throws -> [String] {
        let document = try JSONValue(parsing: text)
        do throws(PlanError) {
            _ = try PlanReader.plan(from: document)
            return []
        } catch {
            return error.issues.map(\.description)
        }
    }

    private func plan(_ tasks: String) throws -> Plan {
        try PlanReader.plan(from: JSONValue(parsing: #"{"tasks": {\#(tasks)}}"#))
    }

    @Test("the six patterns are plans", arguments: SixPatterns.all)
    func patterns(text: String) throws {
        #expect(try issues(text) == [])
    }

    @Test("a task comes after all that it needs, and a handler before those who need what it handles")
    func order() throws {
        let wait = #""wait": {"for": "1s"}"#
        let plan = try plan(
            """
            "a": {\(wait), "needs": ["c"]}, "b": {\(wait), "needs": ["z"]},
            "c": {\(wait), "needs": ["b"]}, "z": {\(wait), "on_error": {"run": "h"}}, "h": {\(wait)}
            """)
        #expect(plan.tasks.map(\.id) == ["z", "h", "b", "c", "a"])
        #expect(plan["h"]?.handles == "z")
    }

    @Test(
        "what is wrong is said with its place and what to do",
        arguments: BrokenPlans.all)
    func mistakes(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) || $0.contains(message) }, "\(issues)")
        #expect(issues.count == 1, "\(issues)")
    }

    @Test("all mistakes are told at once")
    func all() throws {
        let issues = try issues(
            #"{"plan": "A", "tasks": {"a": {"agent": "x", "prmpt": "y", "needs": ["b"]}, "c": {"wait": {"fro": 1}}}}"#)
        #expect(issues.count == 5, "\(issues)")
    }

    @Test("a plan of 20,000 tasks is read at once")
    func large() throws {
        var tasks: [String: JSONValue] = ["t0": ["kind": "noop"]]
        for index in 1..<20_000 {
            tasks["t\(index)"] = ["kind": "noop", "needs": [.string("t\(index - 1)")], "args": ["n": 1]]
        }
        let clock = ContinuousClock()
        let time = try clock.measure {
            let plan = try PlanReader.plan(from: ["tasks": .object(tasks)])
            #expect(plan.tasks.map(\.id) == (0..<20_000).map { "t\($0)" })
        }
        #expect(time < .seconds(200))
    }
}
