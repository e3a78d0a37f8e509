import Foundation
import JSON
import MockServer
import Postgres
import TestSupport
import Testing

/// Plans of all patterns at once, and workers that die. `AGENTCORP_SOAK_SEED` repeats a run, `AGENTCORP_SOAK_KILLS` makes
/// it longer.
@Suite(.checkedDatabase, .serialized)
struct PlanChaosTests {
    private static let seed =
        ProcessInfo.processInfo.environment["AGENTCORP_SOAK_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0 ... .max)
    private static let kills = ProcessInfo.processInfo.environment["AGENTCORP_SOAK_KILLS"].flatMap(Int.init) ?? 6
    private static let runs = 6

    private static let plan: JSONValue = [
        "plan": "all",
        "tasks": [
            "first": ["agent": "a", "prompt": "first {{ input.n }}"],
            "dig": [
                "agent": "b", "needs": ["first"], "each": "[1, 2, 3, 4]", "parallel": 2,
                "prompt": "dig {{ item }} {{ input.n }} after {{ first }}",
            ],
            "both": ["agent": ["a", "b"], "prompt": "both {{ input.n }}"],
            "improve": [
                "needs": ["first"], "repeat": ["until": "round >= 2", "max": 3], "with": ["n": "{{ input.n }}"],
                "plan": [
                    "tasks": [
                        "draft": ["agent": "a", "prompt": "draft {{ round }} {{ input.n }} {{ previous.check.ok }}"],
                        "check": [
                            "agent": "c", "needs": ["draft"], "prompt": "check {{ round }} {{ input.n }} {{ draft }}",
                            "schema": [
                                "type": "object", "required": ["ok"], "additionalProperties": false,
                                "properties": ["ok": ["type": "boolean"]],
                            ],
                        ],
                    ]
                ],
            ],
            "help": ["agent": ["role": "helper"], "prompt": "help {{ input.n }}"],
            "elect": [
                "needs": ["both"],
                "vote": [
                    "options": ["x", "y"], "question": "which, {{ input.n }}?", "voters": ["a", "b", "c"],
                    "rule": "plurality",
                ],
            ],
            "never": ["agent": "a", "needs": ["first"], "when": "false", "prompt": "never"],
            "last": [
                "agent": "c", "needs": ["dig", "improve", "help", "elect", "never"],
                "prompt": "last {{ input.n }} {{ len(dig) }} {{ improve.check.ok }}",
            ],
        ],
        "output": "[len(dig), improve.check.ok, last]",
    ]

    /// Each run: first, four items, two agents, two rounds of two, the helper, three ballots that the model has to mend, the last.

    private static let answers = 1 + 4 + 2 + 4 + 1 + 3 * 2 + 1

    @Test("plans survive the death of their workers: nothing is lost, nothing is paid twice", .timeLimit(.minutes(30)))
    func patterns() async throws {
        let model = try await MockServer.start { request in
            let answer = MockOpenAI.text(Self.answer(request.json))
            var luck = SeededGenerator(seed: Self.seed ^ UInt64(request.number) << 20)
            return answer.inserting(.pause(.milliseconds(Int.random(in: 5...150, using: &luck))), at: 1)
        }
        var random = SeededGenerator(seed: Self.seed)
        try await TestDatabase.current.withPool { pool in
            let fleet = try AgentFleet(pool, model: model)
            for (name, role) in [("a", "writer"), ("b", "writer"), ("c", "helper")] {
                _ = try await pool.query(
                    "select agentcorp.put_agent($1, $2)",
                    [
                        name,
                        PostgresJSON(
                            JSONValue.object([
                                "name": .string(name), "role": .string(role), "model": ["openai/mock-model"],
                            ])
                            .bytes),
                    ])
            }
            _ = try await pool.query("select agentcorp.put_plan('all', $1)", [PostgresJSON(Self.plan.bytes)])
            for _ in 0..<2 { try fleet.startWorker() }
            for number in 0..<Self.runs {
                _ = try await pool.query(
                    "select agentcorp.run_plan('all', jsonb_build_object('n', $1::int))", [Int32(number)])
            }
            var kills = 0
            var nextKill = ContinuousClock.now + .seconds(1)
            let deadline = ContinuousClock.now + .seconds(240)
            let open =
                "select count(*) from agentcorp.tasks where kind = 'plan' and parent_id is null and state <> 'completed'"
            while try await fleet.rows(open) != ["0"] {
                guard ContinuousClock.now < deadline else {
                    let states = try await fleet.rows(
                        "select id, name, kind, state, error ->> 'message' from agentcorp.tasks where state <> 'completed'"
                    )
                    throw TestSupportError("seed \(Self.seed): \(states); \(fleet.workers.map(\.errors))")
                }
                if kills < Self.kills, ContinuousClock.now > nextKill {
                    try fleet.killOne(&random)
                    kills += 1
                    nextKill = .now + .milliseconds(Int.random(in: 200...900, using: &random))
                }
                // What happens must happen at random moments; nothing is waited for.
                try await Task.sleep(for: .milliseconds(50))
            }
            fleet.killWorkers()
            let note = Comment("seed \(Self.seed), \(kills) kills")
            let outputs = try await fleet.rows(
                "select distinct agentcorp.output_of(id)::text from agentcorp.tasks where kind = 'plan' and parent_id is null"
            )
            #expect(outputs == [#"[4, true, "well"]"#], note)
            // Each task was added once, and each agent answered once.
            #expect(
                try await fleet.rows(
                    "select count(*) from (select parent_id, name from agentcorp.task where parent_id is not null group by 1, 2 having count(*) > 1) d"
                ) == ["0"], note)
            let turns = try await fleet.rows("select count(*) from agentcorp.turn")
            #expect(turns == ["\(Self.answers * Self.runs)"], note)
            // Beyond those, only what was under way when its worker died was asked for again.
            let lost = Int(
                try await fleet.rows(
                    "select count(*) from agentcorp.attempts a join agentcorp.task t on t.id = a.task_id where a.outcome = 'lost' and t.kind = 'agent'"
                )[0])!
            #expect(model.requests.count <= Self.answers * Self.runs + lost, note)
        }
    }

    /// A text, or the simplest value that fits the schema that was asked for.
    private static func answer(_ request: JSONValue) -> String {
        guard let schema = request["response_format"]?["json_schema"]?["schema"] else { return "well" }
        return example(of: schema).text
    }

    private static func example(of schema: JSONValue) -> JSONValue {
        if case .array(let values)? = schema["enum"] { return values.first ?? .null }
        let types: [String] =
            switch schema["type"] {
            case .string(let type)?: [type]
            case .array(let types)?: types.compactMap(\.string)
            default: []
            }
        switch types.first {
        case "object":
            return .object((schema["properties"]?.members ?? [:]).mapValues { example(of: $0) })
        case "array": return []
        case "boolean": return true
        case "number", "integer": return schema["minimum"] ?? 0
        case "null": return .null
        default: return "x"
        }
    }
}
