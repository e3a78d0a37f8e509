internal import Agents
public import JSON
internal import Postgres
internal import Queue

extension Orchestrator {
    /// Runs a plan over examples and scores what comes of each; returns the evaluation, which is a task.
    ///
    /// Workers do it: who stops waiting stops nothing.
    ///
    /// - Parameters:
    ///   - examples: Each `{"input", "expected"?, "id"?, "tags"?}`.
    ///   - version: Nil: the current one.
    ///   - name: Nil: that of the plan.
    ///   - parallel: How many run at once.
    ///   - resumes: One of the same name, examples and scorers goes on instead, where there is one.
    public func evaluate(
        _ plan: String, version: Int? = nil, over examples: [JSONValue],
        by scorers: [EvaluationScorer] = [EvaluationScorer(.exact)], named name: String? = nil, parallel: Int = 4,
        resumes: Bool = false, queue: String = "default"
    ) async throws -> Int64 {
        for case .judge(let agent, _) in scorers.map(\.rule) {
            _ = try await AgentPool(manager.database).agent(named: agent)
        }
        let set = JSONValue.array(examples).postgres
        let rules = JSONValue.array(scorers.map(\.json)).postgres
        if resumes {
            let result = try await manager.database.call(
                "select agentcorp.resume_evaluation($1, $2, $3, $4)", [name, plan, set, rules])
            if let id = try result.rows[0].int64OrNil(0) { return id }
        }
        let result = try await manager.database.call(
            "select agentcorp.run_evaluation($1, $2, $3, $4, $5, $6, $7)",
            [plan, set, rules, version.map { Int32(clamping: $0) }, name, Int32(clamping: parallel), queue],
            deadline: .seconds(600))
        return try result.rows[0].int64(0)
    }

    /// The latest first.
    public func evaluations(limit: Int = 50) async throws -> [EvaluationRecord] {
        let result = try await manager.database.call(
            "select to_jsonb(e) from agentcorp.evaluations e order by e.id desc limit $1", [Int64(limit)])
        return try result.rows.map { try JSONCoding.decode(try $0.bytes(0)) }
    }

    /// The latest of that name, or the one with that id.
    public func evaluation(_ reference: String) async throws -> EvaluationRecord {
        let result = try await manager.database.call(
            "select to_jsonb(e) from agentcorp.evaluations e where e.id = agentcorp.find_evaluation($1)", [reference])
        return try JSONCoding.decode(try result.rows[0].bytes(0))
    }

    /// In the order of the set.
    public func results(ofEvaluation reference: String) async throws -> [EvaluationResult] {
        let result = try await manager.database.call(
            """
            select to_jsonb(r) || jsonb_build_object('seconds', extract(epoch from r.latency)::float8)
            from agentcorp.evaluation_results r where r.evaluation_id = agentcorp.find_evaluation($1) order by r.idx
            """, [reference])
        return try result.rows.map { try JSONCoding.decode(try $0.bytes(0)) }
    }

    /// Two evaluations, example by example.
    public func compareEvaluations(_ a: String, _ b: String) async throws -> EvaluationComparison {
        let result = try await manager.database.call(
            "select to_jsonb(p) from agentcorp.compare_evaluations($1, $2) p", [a, b])
        return EvaluationComparison(try result.rows.map { try JSONCoding.decode(try $0.bytes(0)) })
    }

    /// Removes it with its results; its tasks go as retention says.
    public func removeEvaluation(_ reference: String) async throws {
        _ = try await manager.database.call("select agentcorp.remove_evaluation($1)", [reference])
    }
}
