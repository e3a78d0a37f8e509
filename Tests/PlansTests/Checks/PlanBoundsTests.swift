import JSON
import Plans
import Testing

struct PlanBoundsTests {
    @Test(
        "what a run can come to is counted over loops, items, voters and rounds",
        arguments: [
            (#""a": {"agent": "writer", "prompt": "x"}"#, 2, 10, 0.5),
            (#""a": {"agent": "writer", "prompt": "x", "budget": {"turns": 3, "usd": 0.1}}"#, 2, 3, 0.1),
            (#""a": {"agent": "writer", "prompt": "x", "each": "input.x", "max_items": 5}"#, 7, 50, 2.5),
            (
                #""a": {"agent": "writer", "prompt": "x", "each": "input.x", "max_items": 5, "repeat": {"max": 2}}"#,
                17, 100, 5
            ),
            (#""a": {"agent": ["writer", "coder"], "prompt": "x"}"#, 4, 30, 1.5),
            (#""a": {"agent": {"role": "coder", "skills": ["sql"]}, "prompt": "x"}"#, 3, 20, 1),
            (#""a": {"agent": {"role": "coder", "skills": ["sql"], "pick": "model"}, "prompt": "x"}"#, 4, 23, 2),
            (#""a": {"agent": "tester", "prompt": "x"}"#, 2, 50, 0),
            (
                #""a": {"plan": {"tasks": {"b": {"agent": "writer", "prompt": "x"}}, "budget": {"usd": 0.2}}, "repeat": {"max": 3}}"#,
                8, 30, 0.6
            ),
            (#""a": {"plan": "greet", "with": {"name": "x"}}"#, 3, 10, 0.5),
            (
                #""a": {"vote": {"options": [1, 2], "voters": ["writer", "coder"], "rule": "plurality", "rounds": {"max": 3}, "tie": {"judge": "tester"}}}"#,
                9, 14, 4.5
            ),
            (#""a": {"tool": "web_fetch"}, "b": {"wait": {"for": "1s"}}"#, 3, 0, 0),
            (
                #""a": {"agent": "writer", "prompt": "x", "delegate": {"agents": ["coder"], "max_tasks": 3}}"#, 5, 70,
                3.5
            ),
        ])
    func bounds(tasks: String, count: Int, calls: Int, usd: Double) throws {
        let report = PlanChecker(vocabulary: PlanCheckTests.vocabulary).check(
            try JSONValue(parsing: #"{"tasks": {\#(tasks)}}"#))
        #expect(report.issues == [])
        #expect(report.bounds?.tasks == count)
        #expect(report.bounds?.modelCalls == calls)
        #expect(abs((report.bounds?.usd ?? -1) - usd) < 1e-9)
    }

    @Test("what is not known is not guessed, and a budget of the plan bounds all")
    func unknown() throws {
        let tasks: JSONValue = ["a": ["plan": "somewhere"], "b": ["agent": "x", "prompt": "y"]]
        #expect(PlanChecker().check(["tasks": tasks]).bounds == PlanBounds(tasks: nil, modelCalls: nil, usd: nil))
        let capped = PlanChecker().check(["tasks": tasks, "budget": ["usd": 3, "turns": 40]])
        #expect(capped.bounds == PlanBounds(tasks: nil, modelCalls: 40, usd: 3))
        #expect(capped.issues == [])
    }

    @Test("numbers beyond all measure do not overflow")
    func large() throws {
        var document: JSONValue = ["tasks": ["a": ["agent": "x", "prompt": "y", "each": "input.x"]]]
        for _ in 0..<10 {
            document = ["tasks": ["a": ["plan": document, "each": "input.x", "repeat": ["max": 1000]]]]
        }
        let report = PlanChecker().check(document)
        #expect(report.issues == [])
        #expect(report.bounds?.tasks == .max)
    }
}
