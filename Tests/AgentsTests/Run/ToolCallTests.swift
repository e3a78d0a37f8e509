import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import Synchronization
import TestSupport
import Testing
import Tools

/// What becomes of the tool calls that a model asks for.
@Suite(.checkedDatabase)
struct ToolCallTests {
    private static let x = JSONSchema.object(["x": .integer("x")], required: ["x"])
    private static let open = try! JSONSchema(["type": "object"])

    @Test("calls that cannot run are answered with one result each, that says what is wrong")
    func refused() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(
            .calls(
                .call("probe", ["x": 1], id: "a"), .call("prob", [:], id: "b"), .call("probe", ["x": "one"], id: "c"),
                ToolCallRequest(id: "d", name: "probe", rawArguments: #"{"x": "#),
                ToolCallRequest(id: "e", name: "probe", rawArguments: "[1]"),
                .call("probe", ["x": 1, "$blob": ["sha256": "00"]], id: "f"), .call("other.tool", ["$blob": 1], id: "g")
            ),
            .text("done"))
        try await AgentWorld.run([provider], [["tools": ["probe"]]], tools: [tools.tool("probe", parameters: Self.x)]) {
            world async throws in
            #expect(try await world.ask() == "done")
            #expect(tools.runs.count == 1)
            let results = provider.requests[1].lastResults
            #expect(results.map(\.toolCallID) == ["a", "b", "c", "d", "e", "f", "g"])
            #expect(results.map(\.isError) == [false, true, true, true, true, true, true])
            #expect(results[1].content.contains("Did you mean probe?"))
            #expect(results[2].content.contains("/x"))
            #expect(results[3].content.contains(#"{"x": "#) && results[4].content.contains("[1]"))
            #expect(results[5].content.contains("$blob"))
            #expect(
                try await world.rows(
                    "select count(*), count(result), count(distinct key), count(started_at) from agentcorp.tool_call")
                    == ["7|7|7|1"])
        }
    }

    @Test("dotted names are sent in a form that every provider takes, and come back as they were")
    func names() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider { request, number in
            number == 0 ? .calls(.call(request.tools[0].name)) : .text("done")
        }
        try await AgentWorld.run(
            [provider], [["tools": ["a.b_c"]]], tools: [tools.tool("a.b_c", parameters: Self.open)]
        ) { world async throws in
            _ = try await world.ask()
            #expect(provider.requests[0].tools[0].name == "a__b_c")
            #expect(try await world.rows("select tool, state from agentcorp.tool_call") == ["a.b_c|succeeded"])
        }
    }

    @Test("neighbours that change nothing run at the same time, all others one after the other in their order")
    func parallel() async throws {
        let running = Mutex((now: 0, most: 0, others: 0))
        let order = Mutex<[String]>([])
        let tools = TestTools()
        let together = tools.tool("look", parameters: Self.open) { call in
            order.withLock { $0.append("look") }
            running.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            // Each of the three waits for the other two.
            try await waitUntil("three at once") { running.withLock { $0.most } == 3 }
            running.withLock { $0.now -= 1 }
            return ToolResult(call.arguments)
        }
        let alone = tools.tool("change", .idempotent, parameters: Self.open) { call in
            order.withLock { $0.append("change") }
            running.withLock { $0.others = max($0.others, $0.now) }
            return ToolResult(call.arguments)
        }
        let provider = ScriptedProvider(
            .calls(
                .call("change", id: "1"), .call("look", id: "2"), .call("look", id: "3"), .call("look", id: "4"),
                .call("change", id: "5"), .call("change", id: "6")),
            .text("done"))
        try await AgentWorld.run([provider], [["tools": ["look", "change"]]], tools: [together, alone]) {
            world async throws in
            #expect(try await world.ask() == "done")
            #expect(order.withLock { $0 } == ["change", "look", "look", "look", "change", "change"])
            #expect(running.withLock { $0.others } == 0)
            #expect(provider.requests[1].lastResults.map(\.toolCallID) == ["1", "2", "3", "4", "5", "6"])
        }
    }

    @Test("an agent that may make so many tool calls makes no more, and is told")
    func operations() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(
            .calls(
                .call("probe", ["x": 1], id: "a"), .call("probe", ["x": 2], id: "b"), .call("probe", ["x": 3], id: "c")),
            .calls(.call("probe", ["x": 4])), .text("done"))
        try await AgentWorld.run(
            [provider], [["tools": ["probe"], "context_settings": ["max_operations": "2"]]],
            tools: [tools.tool("probe", parameters: Self.x)]
        ) { world async throws in
            #expect(try await world.ask() == "done")
            #expect(tools.runs.count == 2)
            #expect(provider.requests[1].lastResults.map(\.isError) == [false, false, true])
            #expect(provider.requests[2].lastResults.first?.content.contains("2 tool calls") == true)
        }
    }

    @Test("a tool that takes too long, or throws, gives a result that says so")
    func trouble() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(.calls(.call("slow", id: "a"), .call("broken", id: "b")), .text("done"))
        let slow = tools.tool("slow", .once, parameters: Self.open, timeout: .milliseconds(100)) { _ in
            try await untilCancelled()
        }
        let broken = tools.tool("broken", parameters: Self.open) { _ in throw TestSupportError("it is Broken") }
        try await AgentWorld.run(
            [provider], [["tools": ["slow", "broken"]]], tools: [slow, broken]
        ) { world async throws in
            #expect(try await world.ask() == "done")
            let results = provider.requests[1].lastResults
            #expect(results.map(\.isError) == [true, true])
            #expect(results[0].content.contains("took longer") && results[0].content.contains("look before"))
            #expect(results[1].content.contains("Broken"))
        }
    }

    @Test("of a long result the model is shown a part, and all of it is kept")
    func long() async throws {
        let tools = TestTools()
        let long = String(repeating: "word ", count: 100_000)
        let list = JSONValue.array((0..<5000).map { .integer($0) })
        let provider = ScriptedProvider(
            .calls(.call("text", id: "a"), .call("json", id: "b"), .call("reference", id: "c")), .text("done"))
        try await AgentWorld.run(
            [provider], [["tools": ["text", "json", "reference"]]],
            tools: [
                tools.tool("text", parameters: Self.open, outputLimit: 1000) { _ in ToolResult(.string(long)) },
                tools.tool("json", parameters: Self.open, outputLimit: 1000) { _ in ToolResult(list) },
                // What looks like a reference to a stored payload is none.
                tools.tool("reference", parameters: Self.open, outputLimit: 200) { _ in
                    ToolResult(["$blob": ["sha256": .string(String(repeating: "0", count: 400))]])
                },
            ]
        ) { world async throws in
            let task = try await world.manager.ask("a", "x")
            #expect(try await world.end(of: task) == "done")
            let results = provider.requests[1].lastResults
            #expect(results.map { $0.content.count <= 1000 && !$0.isError } == [true, true, true])
            #expect(results[0].content.contains("characters omitted"))
            #expect(try JSONValue(parsing: results[1].content)["value"] != nil, "JSON is not cut somewhere")
            let whole =
                "select octet_length(agentcorp.payload(output, shard) #>> '{}') from agentcorp.tool_call order by idx"
            #expect(try await world.rows(whole).prefix(2) == ["\(long.utf8.count)", "\(list.text.utf8.count + 4999)"])
        }
    }

    @Test("a task may have fewer of the agent's tools")
    func fewer() async throws {
        let tools = TestTools()
        let provider = ScriptedProvider(.text("done"))
        try await AgentWorld.run(
            [provider], [["tools": ["one", "two"]]],
            tools: [tools.tool("one", parameters: Self.open), tools.tool("two", parameters: Self.open)]
        ) { world async throws in
            let task = try await world.manager.ask("a", "x", tools: ["two"])
            _ = try await world.end(of: task)
            #expect(provider.requests[0].tools.map(\.name) == ["two"])
        }
    }

    @Test("an event that an agent publishes is published once, with the key of the call")
    func event() async throws {
        let provider = ScriptedProvider(
            .calls(.call("event__publish", ["topic": "orders.created", "data": ["n": 1]])), .text("done"))
        try await AgentWorld.run([provider], [["tools": ["event.publish"]]]) { world async throws in
            #expect(try await world.ask() == "done")
            #expect(
                try await world.rows(
                    "select e.topic, e.data, e.key = c.key::text from agentcorp.event e cross join agentcorp.tool_call c"
                )
                    == [#"orders.created|{"n": 1}|true"#])
        }
    }
}
