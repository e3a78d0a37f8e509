import JSON
import Testing

@testable import Orchestration

@Suite struct EvaluationRuleTests {
    @Test("scorers that follow a rule")
    func rules() throws {
        func score(
            _ rule: EvaluationScorer.Rule, _ output: JSONValue, expected: JSONValue? = nil, input: JSONValue = .null
        ) throws -> Double? {
            try EvaluationScorer(rule).score(output: output, expected: expected, input: input)?.score
        }
        #expect(try score(.exact, ["a": 1], expected: ["a": 1]) == 1)
        #expect(try score(.exact, ["a": 1], expected: ["a": 2]) == 0)
        #expect(try score(.exact, 1) == 0)
        #expect(try score(.contains(nil), "it is Paris.", expected: "Paris") == 1)
        #expect(try score(.contains("Rome"), "it is Paris.") == 0)
        #expect(try score(.regex("^\\d+$"), 12) == 1)
        #expect(try score(.schema(["type": "integer"]), "x") == 0)
        #expect(try score(.numeric(tolerance: 0.1), "3.05", expected: 3) == 1)
        #expect(try score(.numeric(tolerance: 0.01), 3.05, expected: 3) == 0)
        #expect(try score(.expression("len(output) <= input.most"), "abc", input: ["most": 3]) == 1)
        #expect(try score(.expression("0.5"), "abc") == 0.5)
        #expect(try score(.expression("7"), "abc") == 1)
        #expect(try score(.judge(agent: "a", rubric: nil), "abc") == nil)
    }

    @Test("a scorer is what its JSON says")
    func roundTrip() throws {
        for rule: EvaluationScorer.Rule in [
            .exact, .contains("x"), .regex("x"), .schema(["type": "string"]), .numeric(tolerance: 0.5),
            .expression("output"), .judge(agent: "a", rubric: "b"),
        ] {
            let scorer = EvaluationScorer(rule, named: "n", pass: 0.25)
            #expect(try EvaluationScorer(scorer.json) == scorer)
        }
    }

    @Test("intervals, quantiles and the sign test, against values from tables")
    func statistics() {
        let (low, high) = EvaluationSummary.interval(8, of: 10)
        #expect(abs(low - 0.4902) < 0.0005 && abs(high - 0.9433) < 0.0005)
        #expect(EvaluationSummary.quantile(0.5, [1, 2, 3, 4]) == 2)
        #expect(EvaluationSummary.quantile(0.95, [1, 2, 3, 4]) == 4)
        #expect(EvaluationSummary.quantile(0.5, []) == nil)
        #expect(abs(EvaluationComparison.signTest(9, 1) - 0.021484375) < 1e-9)
        #expect(EvaluationComparison.signTest(5, 5) == 1)
        #expect(EvaluationComparison.signTest(0, 0) == 1)
        #expect(EvaluationComparison.signTest(3000, 2000) < 1e-9)
    }
}
