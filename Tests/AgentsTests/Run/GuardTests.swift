import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// What keeps an agent from going on for ever.
@Suite(.checkedDatabase)
struct GuardTests {
    private static let tools: JSONValue = ["tools": ["probe"]]
    /// Any parameters.
    private static let open = try! JSONSchema(["type": "object"])

    private func probe(_ tools: TestTools, isError: Bool = false) -> Tool {
        tools.tool("probe", parameters: Self.open) { call in ToolResult(call.arguments, isError: isError) }
    }

    /// An agent that calls its tool until it is made to answer, and then does.
    private func obedient(_ argument: @escaping @Sendable (Int) -> JSONValue) -> ScriptedProvider {
        ScriptedProvider { request, number in
            request.toolChoice == .none ? .text("that is all") : .calls(.call("probe", argument(number)))
        }
    }

    private func merged(_ more: [String: JSONValue]) -> JSONValue {
        .object(["tools": ["probe"]].merging(more) { $1 })
    }

    @Test("the same call again and again is stopped, and the agent answers from what it knows")
    func repetition() async throws {
        let provider = obedient { _ in ["x": 1] }
        let tools = TestTools()
        try await AgentWorld.run([provider], [Self.tools], tools: [probe(tools)]) { world async throws in
            #expect(try await world.ask() == "that is all")
            #expect(tools.runs.count == 4 && provider.requests.count == 5)
            let last = try #require(provider.requests.last)
            #expect(last.toolChoice == .none && last.tools.count == 1)
            #expect(last.userTexts.last?.contains("several times") == true)
        }
    }

    @Test("different calls are no repetition; the last turn is for the answer")
    func turns() async throws {
        let provider = obedient { ["x": .integer(Int64($0))] }
        let tools = TestTools()
        try await AgentWorld.run([provider], [merged(["max_turns": 6])], tools: [probe(tools)]) { world async throws in
            #expect(try await world.ask() == "that is all")
            #expect(provider.requests.count == 6 && tools.runs.count == 5)
            #expect(provider.requests.last?.userTexts.last?.contains("last round") == true)
        }
    }

    @Test("a task that is retried after it went in circles has its turns anew")
    func retried() async throws {
        let provider = ScriptedProvider { _, number in
            number < 2 ? .calls(.call("probe", ["x": .integer(Int64(number))])) : .text("better")
        }
        let tools = TestTools()
        try await AgentWorld.run([provider], [merged(["max_turns": 2])], tools: [probe(tools)]) { world async throws in
            let task = try await world.manager.ask("a", "do it")
            #expect(try await world.failure(of: task).reason == "loop")
            _ = try await world.manager.retry(task)
            #expect(try await world.end(of: task) == "better")
            #expect(provider.requests.count == 3 && provider.requests.last?.toolChoice == .auto)
        }
    }

    @Test("an agent that is to fail rather than to answer has all its turns")
    func failing() async throws {
        let provider = obedient { ["x": .integer(Int64($0))] }
        let tools = TestTools()
        let agent = merged(["max_turns": 2, "on_loop": ["action": "fail"]])
        try await AgentWorld.run([provider], [agent], tools: [probe(tools)]) { world async throws in
            let failure = try await world.failure()
            #expect(failure.reason == "loop" && failure.message.hasSuffix("after 2 turns"), "\(failure.message)")
            #expect(!failure.message.contains("gave no answer"))
        }
    }

    @Test("of the calls in an answer so many are run, and the others have results that say why not")
    func manyCalls() async throws {
        let calls = (0..<100).map { ToolCallRequest.call("probe", ["x": .integer(Int64($0))], id: "c\($0)") }
        let provider = ScriptedProvider { _, number in number == 0 ? .calls(calls) : .text("done") }
        let tools = TestTools()
        try await AgentWorld.run([provider], [Self.tools], tools: [probe(tools)]) { world async throws in
            #expect(try await world.ask() == "done")
            #expect(tools.runs.count == 64)
            #expect(
                try await world.rows("select state, count(*) from agentcorp.tool_call group by 1 order by 1")
                    == ["failed|36", "succeeded|64"])
        }
    }

    @Test("who may answer once gets no tools")
    func oneTurn() async throws {
        let provider = obedient { _ in [:] }
        let disobedient = ScriptedProvider(named: "spare", .calls(.call("probe")))
        try await AgentWorld.run(
            [provider, disobedient],
            [
                merged(["max_turns": 1]),
                merged(["name": "b", "model": "spare/m", "max_turns": 1]),
            ], tools: [probe(TestTools())]
        ) { world async throws in
            #expect(try await world.ask() == "that is all")
            #expect(try await world.failure(agent: "b").reason == "loop")
            #expect(disobedient.requests.count == 1)
        }
    }

    @Test("calls that all fail are a stall")
    func stall() async throws {
        let provider = obedient { ["x": .integer(Int64($0))] }
        let tools = TestTools()
        try await AgentWorld.run(
            [provider], [merged(["on_loop": ["action": "answer", "stalls": 3]])], tools: [probe(tools, isError: true)]
        ) { world async throws in
            #expect(try await world.ask() == "that is all")
            #expect(tools.runs.count == 3)
            #expect(provider.requests.last?.userTexts.last?.contains("failed several times") == true)
        }
    }

    @Test("a budget that runs out leaves one short answer")
    func budget() async throws {
        let provider = obedient { ["x": .integer(Int64($0))] }
        let tools = TestTools()
        // Each call is reserved with 8192 tokens of output, and takes 110.
        try await AgentWorld.run(
            [provider], [merged(["budget": ["tokens": 8700]])], tools: [probe(tools)], prices: PriceTable()
        ) { world async throws in
            #expect(try await world.ask() == "that is all")
            let last = try #require(provider.requests.last)
            #expect(last.toolChoice == .none && last.maxOutputTokens == 1024)
            #expect(last.userTexts.last?.contains("budget") == true)
            #expect(try await world.rows("select count(*) from agentcorp.reservation") == ["0"])
            #expect(
                try await world.rows("select tokens_spent = 110 * turns_spent, turns_spent from agentcorp.budget")
                    == ["true|\(provider.requests.count)"])
        }
    }

    @Test("a budget that allows no call at all fails the task and says which")
    func noBudget() async throws {
        let provider = ScriptedProvider(.text("x"))
        try await AgentWorld.run([provider], [["budget": ["tokens": 10]]]) { world async throws in
            let failure = try await world.failure()
            #expect(failure.reason == "budget" && failure.message.contains("may take more tokens than are left"))
            #expect(provider.requests.isEmpty)
        }
    }

    @Test(
        "an agent that calls tools when it has to answer fails, and its calls do not run",
        arguments: ["repetition", "turns", "stall", "budget"])
    func failed(_ cause: String) async throws {
        let provider = ScriptedProvider { _, number in
            .calls(.call("probe", ["x": cause == "repetition" ? 1 : .integer(Int64(number))]))
        }
        let settings: JSONValue =
            switch cause {
            case "turns": merged(["max_turns": 3])
            case "budget": merged(["budget": ["tokens": 1700], "max_output_tokens": 1400])
            default: merged([:])
            }
        let tools = TestTools()
        try await AgentWorld.run([provider], [settings], tools: [probe(tools, isError: cause == "stall")]) {
            world async throws in
            let failure = try await world.failure()
            #expect(failure.reason == "loop" && failure.detail?["guard"]?.string == cause, "\(failure)")
            #expect(tools.runs.count == provider.requests.count - 1)
            #expect(
                try await world.rows("select count(*) from agentcorp.tool_call where result is null") == ["0"])
            #expect(
                try await world.rows(
                    "select state, result ->> 'content' like 'Not run: this was the time%' from agentcorp.tool_call order by turn desc limit 1"
                ) == ["failed|true"])
        }
    }

    @Test("on_loop fail ends the task without another call")
    func fail() async throws {
        let provider = obedient { _ in [:] }
        try await AgentWorld.run(
            [provider], [merged(["on_loop": ["action": "fail", "repetitions": 2, "window": 4]])],
            tools: [probe(TestTools())]
        ) { world async throws in
            #expect(try await world.failure().reason == "loop")
            #expect(provider.requests.count == 2)
        }
    }

    @Test("a budget that runs out while an answer is repaired still gives one answer")
    func budgetWhileRepairing() async throws {
        let provider = ScriptedProvider { request, _ in
            .text(request.toolChoice == .none ? #"{"n": 1}"# : "no JSON", usage: TokenUsage(input: 7000, output: 500))
        }
        try await AgentWorld.run(
            [provider], [["budget": ["tokens": 9000]]], prices: PriceTable()
        ) { world async throws in
            #expect(try await world.ask(schema: .object(["n": .integer()])) == ["n": 1])
            #expect(provider.requests.count == 2)
        }
    }
}
