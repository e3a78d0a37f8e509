import AgentTestSupport
import JSON
import Orchestration
import Plans
import Providers
import Queue
import TestSupport
import Testing
import Worker

@Suite struct EvaluationTests {
    static let set: [JSONValue] = [
        ["input": ["q": "a"], "expected": "a", "id": "first"], ["input": ["q": "b"], "expected": "x"],
        ["input": ["q": "c"], "expected": "c", "tags": ["letters"]],
    ]

    @Test("each example is run and scored, by rules and by a judge", .checkedDatabase)
    func scores() async throws {
        try await PlanWorld.run(
            [["name": "a"], ["name": "critic"]],
            answering: { request, _ in
                let text = request.userTexts.last ?? ""
                return text.hasPrefix("Judge") ? .text(#"{"score": 0.75, "rationale": "fair"}"#) : .text(text)
            }
        ) { world in
            try await world.load("letters", ["say": ["agent": "a", "prompt": "{{ input.q }}"]], output: "say")
            let scorers = [
                EvaluationScorer(.exact), EvaluationScorer(.regex("^[a-c]$")),
                EvaluationScorer(.judge(agent: "critic", rubric: "is it kind?"), pass: 0.7),
            ]
            let id = try await world.orchestrator.evaluate(
                "letters", over: Self.set,
                by: scorers, named: "first", parallel: 2)
            let summary = try await world.agents.end(of: id)
            #expect(summary["passed"] == 2)
            let results = try await world.orchestrator.results(ofEvaluation: "first")
            #expect(results.map(\.example) == ["first", "2", "3"])
            #expect(results.map(\.passed) == [true, false, true])
            #expect(results[1].scores?["exact"]?.score == 0)
            #expect(results[1].scores?["judge"] == EvaluationScore(score: 0.75, passed: true, why: "fair"))
            #expect(results.allSatisfy { $0.run != nil && ($0.tokens ?? 0) > 0 && $0.seconds != nil })
            let record = try await world.orchestrator.evaluation("first")
            #expect(record.done == 3 && record.passed == 2 && record.finishedAt != nil)
            // The same once more is the same: nothing is asked for anew.
            let again = try await world.orchestrator.evaluate(
                "letters", over: Self.set, by: scorers, named: "first", resumes: true)
            #expect(again == id)
        }
    }

    @Test("a run that fails is an example that has not passed, and says why", .checkedDatabase)
    func failures() async throws {
        try await PlanWorld.run { world in
            try await world.load("odd", ["t": ["kind": "fail_unless", "args": ["ok": "{{ input.ok }}"]]], output: "t")
            let id = try await world.orchestrator.evaluate(
                "odd",
                over: [["input": ["ok": true], "expected": .null], ["input": ["ok": false], "expected": .null]])
            _ = try await world.agents.end(of: id)
            let results = try await world.orchestrator.results(ofEvaluation: "\(id)")
            #expect(results.map(\.passed) == [true, false])
            #expect(results[1].error?.contains("no") == true)
        }
    }

    @Test("an evaluation that was cancelled goes on where it was", .checkedDatabase)
    func resumes() async throws {
        try await PlanWorld.run { world in
            try await world.load("letters", ["say": ["agent": "a", "prompt": "{{ input.q }}"]], output: "say")
            try await world.manager.pauseQueue("default")
            let id = try await world.orchestrator.evaluate("letters", over: Self.set)
            _ = try await world.manager.cancel(id)
            try await world.manager.resumeQueue("default")
            let again = try await world.orchestrator.evaluate("letters", over: Self.set, resumes: true)
            #expect(again == id)
            #expect(try await world.agents.end(of: id)["examples"] == 3)
            #expect(try await world.turns() == 3)
        }
    }

    @Test("two evaluations are compared example by example", .checkedDatabase)
    func comparison() async throws {
        try await PlanWorld.run { world in
            try await world.load("letters", ["say": ["agent": "a", "prompt": "{{ input.q }}"]], output: "say")
            _ = try await world.agents.end(
                of: try await world.orchestrator.evaluate("letters", over: Self.set, named: "v1"))
            try await world.load("letters", ["say": ["kind": "echo", "args": ["x": 1]]], output: "'x'")
            _ = try await world.agents.end(
                of: try await world.orchestrator.evaluate("letters", over: Self.set, named: "v2"))
            let comparison = try await world.orchestrator.compareEvaluations("v1", "v2")
            #expect(comparison.scorers.count == 1)
            #expect(comparison.scorers[0].wins == 1 && comparison.scorers[0].losses == 2)
            #expect(comparison.changed.map(\.example) == ["first", "2", "3"])
            #expect(comparison.changed[1].outputB == "x")
        }
    }

    @Test("sets and scorers that are none are refused", .checkedDatabase)
    func refusals() async throws {
        try await PlanWorld.run { world in
            try await world.load("p", ["t": ["kind": "echo", "args": [:]]], output: "t")
            for examples: [JSONValue] in [
                [], [["expected": 1]], [["input": 1, "other": 2]], ["x"],
                [["input": 1, "id": "a"], ["input": 2, "id": "a"]],
            ] {
                await #expect(throws: QueueError.self) { try await world.orchestrator.evaluate("p", over: examples) }
            }
            await #expect(throws: QueueError.self) {
                try await world.orchestrator.evaluate("p", over: Self.set, by: [])
            }
            await #expect(throws: QueueError.self) { try await world.orchestrator.evaluate("q", over: Self.set) }
            #expect(throws: EvaluationScorerError.self) { try EvaluationScorer(["type": "regex", "pattern": "("]) }
            #expect(throws: EvaluationScorerError.self) {
                try EvaluationScorer(["type": "expression", "expression": "secret"])
            }
            #expect(throws: EvaluationScorerError.self) { try EvaluationScorer(["type": "magic"]) }
        }
    }
}

extension PlanWorld {
    func load(_ name: String, _ tasks: JSONValue, output: String) async throws {
        let document: JSONValue = ["plan": .string(name), "version": 1, "tasks": tasks, "output": .string(output)]
        try await orchestrator.load(document, named: name)
    }
}
