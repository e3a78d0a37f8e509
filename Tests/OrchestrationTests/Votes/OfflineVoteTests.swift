import AgentTestSupport
import JSON
import Orchestration
import Providers
import Queue
import TestSupport
import Testing

/// Scripts of the offline provider as docs/consensus.md has them.
@Suite struct OfflineVoteTests {
    @Test("a script finds the letters of options by what they say", .checkedDatabase)
    func scripts() async throws {
        let script = #"""
            {"name": "voters", "rules": [
              {"when": {"model": "x", "user_matches": ["*stack*(end of option *)*", "*queue*(end of option *)*"]},
               "value": {"ranking": ["{{3}}", "{{7}}"], "confidence": 0.9, "rationale": "[{{3}}] is simpler than [{{7}}]"}},
              {"when": {"model": "y", "user_matches": ["*stack*(end of option *)*", "*queue*(end of option *)*"]},
               "value": {"scores": {"{{3}}": 9, "{{7}}": 2}, "confidence": 0.9, "rationale": "simple"}},
              {"when": {"model": "z", "user_matches": "*queue*(end of option *)*"},
               "value": {"choice": "{{3}}", "confidence": 0.9, "rationale": "[{{3}}]"}}
            ]}
            """#
        let provider = OfflineProvider(name: "script", script: try OfflineScript(script.utf8, at: "script"))
        try await AgentWorld.run(
            [provider], VoterScript.agents("x", "y", "z"),
            register: { OrchestrationRuntime(agents: $1).register(in: $0) }
        ) { world in
            let world = PlanWorld(agents: world)
            for (voter, rule, winner) in [("x", "ranked", 1), ("y", "score", 1), ("z", "plurality", 0)] {
                let result = try await world.agents.end(
                    of: try await world.vote(["voters": [.string(voter)], "rule": .string(rule)]))
                #expect(result["winner_index"] == .integer(Int64(winner)), "\(rule)")
            }
            let rationale = try await world.agents.rows("select rationale from agentcorp.ballots where agent = 'x'")
            #expect(rationale == ["[option 1] is simpler than [option 0]"])
        }
    }

    @Test(
        "without a script the ballots are valid, and mean nothing", .checkedDatabase,
        arguments: ["majority", "ranked", "score", "approval"])
    func noScript(_ rule: String) async throws {
        try await AgentWorld.run(
            [OfflineProvider(name: "script")], VoterScript.agents("x"),
            register: { OrchestrationRuntime(agents: $1).register(in: $0) }
        ) { world in
            let world = PlanWorld(agents: world)
            _ = try await world.agents.end(of: try await world.vote(["voters": ["x"], "rule": .string(rule)]))
            #expect(try await world.agents.rows("select state from agentcorp.ballots") == ["cast"])
        }
    }
}
