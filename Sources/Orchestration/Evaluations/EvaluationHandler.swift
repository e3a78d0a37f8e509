internal import Agents
internal import JSON
internal import Postgres
internal import Queue
internal import Worker

/// Kinds `evaluation` and `evaluation_example`: the run of a plan for each example, and what scorers say of its output.
enum EvaluationHandler {
    static func finish(_ context: TaskContext) async throws -> TaskResult {
        let result = try await context.pool.call(
            "select agentcorp.finish_evaluation($1, $2)", [context.key.task, Int32(context.key.attempt)])
        return .completed(PostgresJSON(try result.rows[0].bytes(0)))
    }

    /// An example, as the database tells it.
    private struct Example {
        let plan: String
        let version: Int64
        let scorers: [EvaluationScorer]
        let input: JSONValue
        let expected: JSONValue?
    }

    static func example(_ context: TaskContext) async throws -> TaskResult {
        let link = PlanLink(context)
        let example = try await read(context)
        let children = try await link.children()
        guard let run = children.first(where: { $0.name == "run" }) else {
            try await link.expand([
                .object([
                    "name": "run", "kind": "plan", "on_error": "skip",
                    "args": .object([
                        "plan": .string(example.plan), "version": .integer(example.version), "input": example.input,
                    ]),
                ])
            ])
            return .waitForChildren(join: .settled)
        }
        guard let end = run.end else { return .waitForChildren(join: .settled) }
        guard end.outcome == .completed else {
            let error = "the run has \(end.outcome): \(end.message ?? "no reason is known")"
            return try await record(context, output: nil, scores: nil, passed: false, error: error)
        }
        let output = run.output ?? .null
        var scores: [String: EvaluationScore] = [:]
        var judges: [JSONValue] = []
        var errors: [String] = []
        for (index, scorer) in example.scorers.enumerated() {
            do {
                if let score = try scorer.score(output: output, expected: example.expected, input: example.input) {
                    scores[scorer.name] = score
                    continue
                }
            } catch {
                errors.append("scorer \(scorer.name): \(error)")
                continue
            }
            let name = "judge:\(index)"
            if let judge = children.first(where: { $0.name == name }) {
                guard let end = judge.end else { return .waitForChildren(join: .settled) }
                if end.outcome == .completed {
                    scores[scorer.name] = scorer.score(judged: judge.output ?? .null)
                } else {
                    errors.append("scorer \(scorer.name): \(end.message ?? "the judge has not answered")")
                }
            } else if case .judge(let agent, let rubric) = scorer.rule {
                judges.append(question(name, agent, rubric, example, output))
            }
        }
        if !judges.isEmpty {
            try await link.expand(judges)
            return .waitForChildren(join: .settled)
        }
        return try await record(
            context, output: output, scores: scores,
            passed: scores.count == example.scorers.count && scores.values.allSatisfy(\.passed),
            error: errors.isEmpty ? nil : errors.joined(separator: "; "))
    }

    private static func question(
        _ name: String, _ agent: String, _ rubric: String?, _ example: Example, _ output: JSONValue
    ) -> JSONValue {
        .object([
            "name": .string(name), "kind": "agent", "on_error": "skip",
            "args": .object([
                "agent": .string(agent), "tools": .array([]), "schema": EvaluationScorer.judgement,
                "prompt": .string(
                    EvaluationScorer.question(rubric, input: example.input, expected: example.expected, output: output)),
            ]),
        ])
    }

    private static func read(_ context: TaskContext) async throws -> Example {
        let result = try await context.pool.call(
            "select plan, version, scorers, input, expected from agentcorp.evaluation_example($1)", [context.key.task])
        let row = result.rows[0]
        guard case .array(let scorers) = try JSONValue(parsing: try row.bytes(2)) else {
            throw PermanentFailure("the scorers are none", reason: "arguments")
        }
        do {
            return Example(
                plan: try row.string(0), version: Int64(try row.int32(1)),
                scorers: try scorers.map(EvaluationScorer.init),
                input: try JSONValue(parsing: try row.bytes(3)),
                expected: try row.bytesOrNil(4).map { try JSONValue(parsing: $0) })
        } catch let error as EvaluationScorerError {
            throw PermanentFailure("\(error)", reason: "arguments")
        }
    }

    private static func record(
        _ context: TaskContext, output: JSONValue?, scores: [String: EvaluationScore]?, passed: Bool, error: String?
    ) async throws -> TaskResult {
        let json = try scores.map { PostgresJSON(try JSONCoding.encode($0).bytes) }
        _ = try await context.pool.call(
            "select agentcorp.score_example($1, $2, $3, $4, $5, $6)",
            [context.key.task, Int32(context.key.attempt), output?.postgres, json, passed, error])
        return .completed(json)
    }
}
