import AgentTestSupport
import JSON
import Providers
import Queue
import TestSupport
import Testing
import Worker

@testable import Orchestration

@Suite struct VoteTests {
    typealias Paper = VoterScript.Paper

    @Test("three agents vote, and the majority decides; rows and steps tell who, how and why", .checkedDatabase)
    func majority() async throws {
        let script = VoterScript.answering { $0.choose($0.agent == "x" ? "use a stack" : "use a queue", "see [A]") }
        try await PlanWorld.run(VoterScript.agents("x", "y", "z"), answering: script) { world in
            let vote = try await world.vote(["voters": ["x", ["agent": "y", "weight": 1.5], "z"]])
            let result = try await world.agents.end(of: vote)
            #expect(result["status"] == "decided")
            #expect(result["decided_by"] == "votes")
            #expect(result["winner"] == "use a queue")
            #expect(result["winner_index"] == 0)
            #expect(result["rounds"] == 1)
            #expect(result["tally"]?["counts"] == [2.5, 1])
            #expect(!result.text.contains("agent"))
            #expect(
                try await world.agents.rows(
                    """
                    select b.round, b.voter, b.agent, b.weight, b.state, b.choice, b.confidence, b.rationale, t.name
                    from agentcorp.ballots b join agentcorp.task t on t.id = b.cast_in where b.task_id = \(vote) order by b.voter
                    """
                ).map { $0.replacing(/\[option .\]/, with: "[option]") } == [
                    "1|1|x|1|cast|1|0.75|see [option]|ballot:1:1", "1|2|y|1.5|cast|0|0.75|see [option]|ballot:1:2",
                    "1|3|z|1|cast|0|0.75|see [option]|ballot:1:3",
                ])
            #expect(
                try await world.agents.rows(
                    """
                    select name, value #>> '{0,expression}', value #>> '{0,value,status}', jsonb_array_length(value #> '{0,operands,ballots}')
                    from agentcorp.step where task_id = \(vote)
                    """) == ["tally 1|majority|decided|3"])
            #expect(try await world.calls == 3)
        }
    }

    @Test("voters see the same options under other letters, and nothing of each other", .checkedDatabase)
    func blindness() async throws {
        try await PlanWorld.run(VoterScript.agents("x", "y"), answering: VoterScript.answering { $0.choose("use") }) {
            world in
            _ = try await world.agents.end(
                of: try await world.vote(["voters": ["x", "y"], "authors": ["carl", "dora"], "question": "Which?"]))
            let prompts = try await world.agents.rows(
                "select replace(content #>> '{0,text}', chr(10), ' ') from agentcorp.message where role = 'user' order by task_id"
            )
            #expect(prompts.count == 2)
            #expect(prompts[0].contains("A| use a queue") == prompts[1].contains("B| use a queue"))
            for prompt in prompts {
                #expect(!prompt.contains("carl") && !prompt.contains("dora"))
                #expect(prompt.contains("Which?"))
            }
        }
    }

    @Test("rounds go on until all agree, with the reasons of the others", .checkedDatabase)
    func rounds() async throws {
        let script = VoterScript.answering { paper in
            guard paper.agent == "x" else {
                return paper.choose("use a queue", "[\(paper.letter("use a queue").string!)] is fair")
            }
            guard paper.round > 1 else { return paper.choose("use a stack") }
            // Its letters are not those of the one who wrote that.
            return paper.text.contains("> [\(paper.letter("use a queue").string!)] is fair")
                ? paper.choose("use a queue", "convinced") : Paper.abstain
        }
        try await PlanWorld.run(VoterScript.agents("x", "y", "z"), answering: script) { world in
            let vote = try await world.vote([
                "voters": ["x", "y", "z"], "rule": "unanimous", "rounds": ["max": 5, "share": "rationales"],
            ])
            let result = try await world.agents.end(of: vote)
            #expect(result["status"] == "decided")
            #expect(result["rounds"] == 2)
            #expect(try await world.calls == 6)
            #expect(
                try await world.agents.rows("select choice from agentcorp.ballots where voter = 1 order by round")
                    == ["1", "0"])
        }
    }

    @Test("rounds end when nobody changes its vote; a tie without a rule is told as one", .checkedDatabase)
    func stubborn() async throws {
        let script = VoterScript.answering { $0.choose($0.agent == "x" ? "use a stack" : "use a queue") }
        try await PlanWorld.run(VoterScript.agents("x", "y"), answering: script) { world in
            let result = try await world.agents.end(
                of: try await world.vote(["voters": ["x", "y"], "rounds": ["max": 5]]))
            #expect(result["status"] == "tied")
            #expect(result["tied"] == [0, 1])
            #expect(result["winner"] == .null)
            #expect(result["rounds"] == 2)
            #expect(try await world.calls == 4)
        }
    }

    @Test("who votes in an unknown way is asked once more, and then abstains, as do those that fail", .checkedDatabase)
    func invalid() async throws {
        let script = VoterScript.answering { paper in
            switch paper.agent {
            case "x": return ["choice": "Q", "confidence": 1, "rationale": "?"]
            case "y" where paper.request.answers == 0: return "A"
            case "z": throw ProviderError(.invalidRequest, "no", provider: "script", model: "z")
            default: return paper.choose("use a stack")
            }
        }
        try await PlanWorld.run(VoterScript.agents("x", "y", "z"), answering: script) { world in
            let vote = try await world.vote(["voters": ["x", "y", "z"], "quorum": 2])
            let result = try await world.agents.end(of: vote)
            #expect(result["status"] == "no_quorum")
            #expect(result["tally"]?["voted"] == 1)
            #expect(
                try await world.agents.rows(
                    "select agent, state, choice from agentcorp.ballots where task_id = \(vote) order by voter")
                    == ["x|invalid|", "y|cast|1", "z|failed|"])
            #expect(try await world.calls == 4)
        }
    }

    @Test("a judge decides a tie, among those that tie, and its reasons stand in a row", .checkedDatabase)
    func judge() async throws {
        let script = VoterScript.answering { paper in
            switch paper.agent {
            case "x": paper.choose("use a stack")
            case "y": paper.choose("use a heap")
            default: paper.text.contains("use a queue") ? Paper.abstain : paper.choose("use a heap", "heaps are fast")
            }
        }
        try await PlanWorld.run(VoterScript.agents("x", "y", "j"), answering: script) { world in
            let vote = try await world.vote([
                "options": ["use a queue", "use a stack", "use a heap"], "voters": ["x", "y"], "tie": ["judge": "j"],
            ])
            let result = try await world.agents.end(of: vote)
            #expect(result["status"] == "decided")
            #expect(result["decided_by"] == "judge")
            #expect(result["winner"] == "use a heap")
            #expect(result["judge"]?["rationale"] == "heaps are fast")
            #expect(
                try await world.agents.rows(
                    "select agent, is_judge::int, choice from agentcorp.ballots where task_id = \(vote) and voter is null"
                )
                    == ["j|1|2"])
        }
    }

    @Test("without a decision a vote may fail; the failure has the whole result", .checkedDatabase)
    func fails() async throws {
        let script = VoterScript.answering { $0.choose($0.agent == "x" ? "use a stack" : "use a queue") }
        try await PlanWorld.run(VoterScript.agents("x", "y"), answering: script) { world in
            let failure = try await world.agents.failure(
                of: try await world.vote(["voters": ["x", "y"], "otherwise": "fail"]))
            #expect(
                failure.message == "no decision by majority after 1 round: options 0, 1 tie (0: 1, 1: 1)")
            #expect(failure.reason == "vote")
            #expect(failure.detail?["status"] == "tied")
            let first = try await world.agents.end(
                of: try await world.vote(["voters": ["x", "y"], "otherwise": "fail", "tie": "first"]))
            #expect(first["winner_index"] == 0)
            #expect(first["decided_by"] == "first")
        }
    }

    @Test("whatever is lost after each step of a vote, nobody is asked twice", .checkedDatabase)
    func killed() async throws {
        let script = VoterScript.answering { paper in
            paper.agent == "x"
                ? paper.choose("use a stack")
                : paper.agent == "y" ? paper.choose("use a queue") : paper.choose("use a queue", "so be it")
        }
        let handler = VoteHandler()
        try await PlanWorld.run(
            VoterScript.agents("x", "y", "j"),
            kinds: { registry in
                // Each time it has done its work, and the worker is lost before it can say so.
                registry.register("vote") { context in
                    let result = try await handler.handle(context)
                    guard context.task.attempt.isMultiple(of: 2) else { throw TaskFailure("lost") }
                    return result
                }
            }, answering: script
        ) { world in
            let vote = try await world.vote(
                ["voters": ["x", "y"], "rounds": ["max": 3], "tie": ["judge": "j"]], attempts: 20)
            let result = try await world.agents.end(of: vote)
            #expect(result["winner_index"] == 0)
            #expect(result["rounds"] == 2)
            #expect(try await world.calls == 5)
            #expect(try await world.agents.rows("select count(*) from agentcorp.ballot") == ["5"])
            #expect(
                try await world.agents.rows(
                    "select name, (max(attempt) > 2)::int from agentcorp.step where task_id = \(vote) group by 1 order by 1"
                )
                    == ["tally 1|1", "tally 2|1"])
        }
    }

    @Test(
        "voters by role are different agents while there are some, chosen once; the judge is another one",
        .checkedDatabase)
    func roles() async throws {
        let agents = VoterScript.agents("x", "y", "z", role: "reviewer")
        let script = VoterScript.answering { $0.choose($0.agent == "x" ? "use a stack" : "use a queue") }
        try await PlanWorld.run(agents, answering: script) { world in
            let vote = try await world.vote([
                "voters": [["role": "reviewer"], ["agent": ["role": "reviewer"], "weight": 1]],
                "tie": ["judge": ["role": "reviewer"]],
            ])
            #expect(try await world.agents.end(of: vote)["winner_index"] == 0)
            #expect(
                try await world.agents.rows("select agent from agentcorp.ballots where task_id = \(vote) order by 1")
                    == ["x", "y", "z"])
            #expect(
                try await world.agents.rows(
                    "select jsonb_array_length(value -> 0) from agentcorp.step where task_id = \(vote) and name = 'route'"
                )
                    == ["3"])
        }
    }

    @Test("a vote that failed because voters failed asks those again when it is retried", .checkedDatabase)
    func retried() async throws {
        let isUp = Switch()
        let script = VoterScript.answering { paper in
            if paper.agent != "x", !isUp.isOn {
                throw ProviderError(.invalidRequest, "no key", provider: "script", model: "m")
            }
            return paper.choose("use a queue")
        }
        try await PlanWorld.run(VoterScript.agents("x", "y", "z"), answering: script) { world in
            let vote = try await world.vote(["voters": ["x", "y", "z"], "quorum": 3, "otherwise": "fail"])
            #expect(try await world.agents.failure(of: vote).message.contains("1 of 3 voted, which is no quorum"))
            isUp.turnOn()
            try await world.manager.retry(vote)
            #expect(try await world.agents.end(of: vote)["tally"]?["counts"] == [3, 0])
            #expect(try await world.calls == 3)
            #expect(
                try await world.agents.rows(
                    "select state from agentcorp.ballots where task_id = \(vote) order by voter")
                    == ["cast", "cast", "cast"])
        }
    }

    @Test("equal options are one, and one option needs no vote", .checkedDatabase)
    func uncontested() async throws {
        try await PlanWorld.run(VoterScript.agents("x")) { world in
            let result = try await world.agents.end(
                of: try await world.vote(["options": [nil, "same", "same"], "voters": ["x"]]))
            #expect(result["winner_index"] == 1)
            #expect(result["decided_by"] == "default")
            #expect(try await world.calls == 0)
            let failure = try await world.agents.failure(
                of: try await world.vote(["options": [nil, nil], "voters": ["x"]]))
            #expect(failure.message.contains("nothing to vote on"))
        }
    }

    @Test("a plan proposes, ranks, and goes on with the winner", .checkedDatabase)
    func plan() async throws {
        let script: @Sendable (ChatRequest, Int) async throws -> ChatResponse = { request, _ in
            let text = request.userTexts.first ?? ""
            guard text.contains("You are voter") else {
                return .text(text.hasPrefix("Propose") ? "\(request.model)'s fix" : text)
            }
            let paper = Paper(request: request, text: text)
            let ranking: JSONValue = [paper.letter("b's fix"), paper.letter("a's fix")]
            return .text(JSONValue.object(["ranking": ranking, "confidence": 1, "rationale": "r"]).text)
        }
        try await PlanWorld.run(VoterScript.agents("a", "b", "r"), answering: script) { world in
            let result = try await world.result(
                [
                    "propose": ["agent": ["a", "b"], "prompt": "Propose a fix"],
                    "decide": [
                        "needs": ["propose"],
                        "vote": [
                            "options": "{{ propose }}", "voters": ["r"], "rule": "ranked", "method": "condorcet",
                        ], "budget": ["turns": 2],
                    ],
                    "apply": [
                        "agent": "a", "needs": ["decide"], "when": "decide.status == 'decided'",
                        "prompt": "Implement {{ decide.winner }}",
                    ],
                ], output: "apply")
            #expect(result == "Implement b's fix")
            #expect(
                try await world.agents.rows(
                    "select name, turns from agentcorp.budgets")
                    == ["decide|2"])
        }
    }
}
