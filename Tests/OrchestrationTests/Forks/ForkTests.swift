import AgentTestSupport
import JSON
import Orchestration
import Plans
import Providers
import Queue
import TestSupport
import Testing
import Worker

@Suite struct ForkTests {
    /// Three agents, one after the other.
    static let chain: JSONValue = [
        "one": ["agent": "a", "prompt": "one {{ input.x }}"],
        "two": ["agent": "a", "needs": ["one"], "prompt": "two of {{ one }}"],
        "three": ["agent": "a", "needs": ["two"], "prompt": "three {{ input.y }} of {{ two }}"],
    ]

    @Test("what comes before the place of the fork is not asked for again", .checkedDatabase)
    func places() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            let result = try await world.agents.end(of: run)
            for (place, calls) in [("one", 3), ("two", 2), ("three", 1)] {
                let before = try await world.turns()
                let fork = try await world.orchestrator.fork(run, at: [place])
                #expect(try await world.agents.end(of: fork) == result)
                #expect(try await world.turns() - before == calls)
                #expect(try await world.orchestrator.sharedTasks(of: fork).count == 3 - calls)
            }
        }
    }

    @Test("another input is felt by those who speak of what differs, and by who needs them", .checkedDatabase)
    func inputs() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            let late = try await world.orchestrator.fork(run, input: ["y": 3])
            #expect(try await world.agents.end(of: late) == "three 3 of two of one 1")
            #expect(try await world.turns() == 4)
            let early = try await world.orchestrator.fork(run, input: ["x": 5])
            #expect(try await world.agents.end(of: early) == "three 2 of two of one 5")
            #expect(try await world.turns() == 7)
            let same = try await world.orchestrator.fork(run, input: ["x": 1])
            #expect(try await world.agents.end(of: same) == "three 2 of two of one 1")
            #expect(try await world.turns() == 7)
        }
    }

    @Test("what had failed is done again, what had completed is not", .checkedDatabase)
    func failed() async throws {
        try await PlanWorld.run { world in
            let tasks: JSONValue = [
                "ask": ["agent": "a", "prompt": "ask"],
                "check": ["kind": "fail_unless", "needs": ["ask"], "args": ["ok": "{{ input.ok }}"]],
            ]
            let run = try await world.start(tasks, input: ["ok": false])
            _ = try await world.agents.failure(of: run)
            let fork = try await world.orchestrator.fork(run, input: ["ok": true])
            #expect(try await world.agents.end(of: fork)["ask"] == "ask")
            #expect(try await world.turns() == 1)
            // The same once more fails again.
            let again = try await world.orchestrator.fork(run)
            #expect(try await world.agents.failure(of: again).message.contains("check"))
            #expect(try await world.turns() == 1)
        }
    }

    @Test("a fork of a fork has what either of them did", .checkedDatabase)
    func forkOfFork() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            let second = try await world.orchestrator.fork(run, at: ["two"])
            _ = try await world.agents.end(of: second)
            let third = try await world.orchestrator.fork(second, at: ["three"], input: ["y": 9])
            #expect(try await world.agents.end(of: third) == "three 9 of two of one 1")
            #expect(try await world.turns() == 6)
            let owners = try await world.agents.rows(
                "select path || ' ' || (original_run = \(run)) from agentcorp.shared_tasks(\(third)) order by 1")
            #expect(owners == ["one true", "two false"])
        }
    }

    @Test("the version of a run stays; another one does again what is defined otherwise", .checkedDatabase)
    func versions() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            guard case .object(var changed) = Self.chain else { return }
            changed["three"] = ["agent": "a", "needs": ["two"], "prompt": "last of {{ two }}"]
            let document: JSONValue = ["plan": "test", "version": 1, "tasks": .object(changed), "output": "three"]
            let loaded = try await world.orchestrator.load(document, named: "test")
            let pinned = try await world.orchestrator.fork(run, at: ["three"])
            #expect(try await world.agents.end(of: pinned) == "three 2 of two of one 1")
            let other = try await world.orchestrator.fork(run, version: loaded.version)
            #expect(try await world.agents.end(of: other) == "last of two of one 1")
            #expect(try await world.turns() == 5)
        }
    }

    @Test("other agents do what they are named for; the rest stays", .checkedDatabase)
    func agents() async throws {
        try await PlanWorld.run([["name": "a"], ["name": "b"]]) { world in
            let run = try await world.start([
                "one": ["agent": "b", "prompt": "one"],
                "two": ["agent": "a", "needs": ["one"], "prompt": "two {{ one }}"],
            ])
            _ = try await world.agents.end(of: run)
            let fork = try await world.orchestrator.fork(run, agents: ["a": "b"])
            #expect(try await world.agents.end(of: fork) == ["one": "one", "two": "two one"])
            #expect(try await world.turns() == 3)
            #expect(
                try await world.agents.rows(
                    "select agent from agentcorp.agent_run r join agentcorp.task t on t.id = r.task_id where t.root_id = \(fork)"
                ) == ["b"])
            await #expect(throws: QueueError.self) { try await world.orchestrator.fork(run, agents: ["c": "b"]) }
        }
    }

    @Test("an output that is given is taken as it is, and felt by those who need it", .checkedDatabase)
    func outputs() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            let fork = try await world.orchestrator.fork(run, outputs: ["two": "{{ input.x }} as it stands"])
            #expect(try await world.agents.end(of: fork) == "three 2 of {{ input.x }} as it stands")
            #expect(try await world.turns() == 4)
        }
    }

    @Test("a place that is not there is refused, with what is", .checkedDatabase)
    func refusals() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            for (place, text) in [
                ("tow", "did you mean \"two\"?"), ("two/#1", "kind agent"), ("two@7", "no turn 7"),
                ("two@1", "asked for no tools"),
                ("", "empty"), ("one/../two", "kind agent"),
            ] {
                do {
                    _ = try await world.orchestrator.fork(run, at: [place])
                    Issue.record("\(place) was not refused")
                } catch let error as QueueError {
                    #expect("\(error) \(error.hint)".contains(text), "\(place): \(error)")
                }
            }
            await #expect(throws: QueueError.self) { try await world.orchestrator.fork(run + 1, at: ["one"]) }
            await #expect(throws: QueueError.self) { try await world.orchestrator.fork(run, at: ["one"], message: "x") }
        }
    }

    @Test("the original stays as long as a fork has something from it", .checkedDatabase)
    func retention() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(Self.chain, output: "three", input: ["x": 1, "y": 2])
            _ = try await world.agents.end(of: run)
            let fork = try await world.orchestrator.fork(run, at: ["three"])
            _ = try await world.agents.end(of: fork)
            let take = "select array_to_string(trees, ',') from agentcorp.take_trees(0::smallint, array[\(run)], false)"
            #expect(try await world.agents.rows(take) == [""])
            #expect(try await world.agents.rows("select count(*) from agentcorp.shared_tasks(\(fork))") == ["2"])
            _ = try await world.agents.rows(
                "select agentcorp.delete_tasks(0::smallint, ids) from agentcorp.take_trees(0::smallint, array[\(fork)], false)"
            )
            #expect(try await world.agents.rows(take) == ["\(run)"])
        }
    }
}

extension PlanWorld {
    /// How often a model has answered.
    func turns() async throws -> Int { Int(try await agents.rows("select count(*) from agentcorp.turn")[0])! }
}
