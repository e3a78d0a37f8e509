import AgentTestSupport
import Agents
import JSON
import Providers
import Queue
import Synchronization
import TestSupport
import Testing
import Tools

/// Calls that were started and never ended, because their attempt did. Tests of chaos kill real workers there.
@Suite(.checkedDatabase)
struct InterruptionTests {
    /// Ends the attempt in the middle of a call.
    private struct Interruption: ToolPause {}

    private static let open = try! JSONSchema(["type": "object"])

    /// A tool that is interrupted when it runs first.
    private func tool(
        _ tools: TestTools, _ effect: ToolEffect, verify: (@Sendable (ToolCall) async throws -> ToolVerification)? = nil
    ) -> Tool {
        let first = Mutex(true)
        return tools.tool(
            "send", effect, parameters: Self.open,
            { _ in
                let isFirst = first.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                if isFirst { throw Interruption() }
                return ToolResult("sent")
            }, verify: verify)
    }

    private func run(
        _ tool: Tool, policy: String = "verify", _ body: (AgentWorld, ScriptedProvider, Int64) async throws -> Void
    ) async throws {
        let provider = ScriptedProvider(.calls(.call("send", ["to": "ann"])), .text("done"))
        try await AgentWorld.run(
            [provider], [["tools": ["send"], "ambiguous": .string(policy)]], tools: [tool]
        ) { world async throws in
            try await body(world, provider, try await world.manager.ask("a", "x"))
        }
    }

    @Test(
        "what changes nothing, or may be repeated, runs again with the same key",
        arguments: [ToolEffect.pure, .idempotent])
    func again(_ effect: ToolEffect) async throws {
        let tools = TestTools()
        try await run(tool(tools, effect)) { world, provider, task async throws in
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 2 && tools.runs[0].key == tools.runs[1].key)
            #expect(provider.requests.count == 2)
        }
    }

    @Test("a tool that finds out that it happened is not called again")
    func happened() async throws {
        let tools = TestTools()
        let keys = Mutex<[String]>([])
        let send = tool(tools, .once) { call in
            keys.withLock { $0.append(call.key) }
            return .happened(ToolResult("it was sent"))
        }
        try await run(send) { world, provider, task async throws in
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 1 && keys.withLock { $0 } == tools.runs.map(\.key))
            #expect(provider.requests[1].lastResults.first?.content == "it was sent")
            #expect(try await world.rows("select state from agentcorp.tool_call") == ["succeeded"])
        }
    }

    @Test("a tool that finds out that it did not happen is called again")
    func didNotHappen() async throws {
        let tools = TestTools()
        try await run(tool(tools, .once) { _ in .didNotHappen }) { world, provider, task async throws in
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 2 && provider.requests.count == 2)
        }
    }

    @Test("where the tool does not know, or errs, a person is asked", arguments: [false, true])
    func unknown(_ errs: Bool) async throws {
        let tools = TestTools()
        let send = tool(tools, .once) { _ in
            if errs { throw ToolError("the other side does not answer") }
            return .unknown
        }
        try await run(send) { world, provider, task async throws in
            let approval = try await world.approval()
            #expect(approval.reason == "ambiguous" && approval.decisions == ["again", "respond", "fail"])
            #expect(tools.runs.count == 1)
            try await world.manager.decide(approval.id, "again")
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 2 && provider.requests.count == 2)
        }
    }

    @Test("with the policy ask the tool is not asked, but a person")
    func ask() async throws {
        let tools = TestTools()
        try await run(tool(tools, .once) { _ in .happened(ToolResult("never")) }, policy: "ask") {
            world, provider, task async throws in
            try await world.manager.decide(try await world.approval().id, "respond", response: "I did it")
            #expect(try await world.end(of: task) == "done")
            #expect(tools.runs.count == 1)
            #expect(provider.requests[1].lastResults.first?.content == "I did it")
        }
    }

    @Test("with the policy fail the task fails")
    func fail() async throws {
        let tools = TestTools()
        try await run(tool(tools, .once), policy: "fail") { world, provider, task async throws in
            #expect(try await world.failure(of: task).reason == "ambiguous")
            #expect(tools.runs.count == 1 && provider.requests.count == 1)
        }
    }
}
