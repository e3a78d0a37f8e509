import AgentTestSupport
import Agents
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

/// What an agent does when its provider fails.
@Suite(.checkedDatabase)
struct FaultTests {
    private static let two: JSONValue = ["model": ["script/m", "spare/n"]]

    private func failing(_ code: ProviderError.Code, retryAfter: Duration? = nil) -> ScriptedProvider {
        ScriptedProvider { _, _ in
            throw ProviderError(code, "no", retryAfter: retryAfter, provider: "script", model: "m")
        }
    }

    @Test(
        "the next model is asked when one cannot answer",
        arguments: [ProviderError.Code.rateLimited, .overloaded, .modelNotFound, .quota, .authentication, .server])
    func fallback(_ code: ProviderError.Code) async throws {
        let spare = ScriptedProvider(named: "spare", .text("here"))
        try await AgentWorld.run([failing(code), spare], [Self.two]) { world async throws in
            #expect(try await world.ask() == "here")
            #expect(spare.requests.map(\.model) == ["n"])
            #expect(try await world.rows("select provider, model from agentcorp.turn") == ["spare|n"])
            #expect(try await world.rows("select count(*) from agentcorp.reservation") == ["0"])
        }
    }

    @Test("a provider that demands a long wait frees the worker, and cools down for everybody")
    func cooldown() async throws {
        let provider = ScriptedProvider { _, number in
            if number == 0 {
                throw ProviderError(
                    .rateLimited, "later", retryAfter: .seconds(600), provider: "script", model: "m")
            }
            return .text("at last")
        }
        try await AgentWorld.run([provider], [["budget": ["usd": 1]]]) { world async throws in
            let task = try await world.manager.ask("a", "x")
            try await world.wait("select state from agentcorp.tasks where id = \(task)", "scheduled")
            let sibling = try await world.manager.ask("a", "y")
            try await world.wait("select state from agentcorp.tasks where id = \(sibling)", "scheduled")
            #expect(provider.requests.count == 1, "the sibling does not ask")
            #expect(
                try await world.rows(
                    "select bool_and(run_at between now() + interval '300 seconds' and now() + interval '700 seconds') from agentcorp.scheduled"
                ) == ["true"])
            #expect(
                try await world.rows("select provider, model, cooldown_reason from agentcorp.provider_limits")
                    == ["script|m|rate_limited"])
            #expect(
                try await world.rows("select sum(usd_spent + usd_reserved + turns_spent) = 0 x from agentcorp.budget")
                    == ["true"], "a call that was refused costs nothing")
            // The time comes.
            _ = try await world.pool.query("select agentcorp.cool_down('script', 'm', null)")
            _ = try await world.pool.query("update agentcorp.scheduled set run_at = now()")
            #expect(try await world.end(of: task) == "at last")
            #expect(try await world.end(of: sibling) == "at last")
            #expect(
                try await world.rows("select distinct max_attempts from agentcorp.task") == ["10"],
                "waiting is no failure")
        }
    }

    @Test("an answer that breaks off is asked for again, and what broke off is paid for")
    func interrupted() async throws {
        let provider = ScriptedProvider { _, number in
            if number < 2 { throw ProviderError(.interrupted, "gone", provider: "script", model: "m") }
            return .text("whole")
        }
        try await AgentWorld.run([provider], [["budget": ["tokens": 100_000]]], prices: PriceTable()) {
            world async throws in
            #expect(try await world.ask() == "whole")
            #expect(provider.requests.count == 3)
            let row = try await world.rows(
                "select turns_spent, tokens_spent > 2 * 8192 + 110, tokens_reserved from agentcorp.budget")
            #expect(row == ["3|true|0"])
        }
    }

    @Test("a provider that is down for a moment is asked again in another attempt")
    func retry() async throws {
        let provider = ScriptedProvider { _, number in
            if number == 0 { throw ProviderError(.server, "down", provider: "script", model: "m") }
            return .text("up")
        }
        try await AgentWorld.run([provider]) { world async throws in
            #expect(try await world.ask() == "up")
            #expect(
                try await world.rows("select attempt, error ->> 'reason' from agentcorp.attempt order by 1")
                    == ["1|provider", "2|"])
        }
    }

    @Test("a request that is wrong fails the task at once")
    func permanent() async throws {
        let provider = failing(.invalidRequest)
        try await AgentWorld.run([provider]) { world async throws in
            #expect(try await world.failure().reason == "provider")
            #expect(provider.requests.count == 1)
        }
    }

    // MARK: context

    private static let open = try! JSONSchema(["type": "object"])

    /// Looks six times, and then answers.
    private func looker(_ fault: @escaping @Sendable (ChatRequest, Int) -> Bool) -> ScriptedProvider {
        ScriptedProvider { request, number in
            if fault(request, number) {
                throw ProviderError(.contextOverflow, "too long", provider: "script", model: "m")
            }
            return number < 6 ? .calls(.call("look", ["n": .integer(Int64(number))], id: "c\(number)")) : .text("done")
        }
    }

    private func withLooker(
        _ provider: ScriptedProvider, size: Int = 200, _ body: (AgentWorld) async throws -> Void
    ) async throws {
        let look = TestTools().tool("look", parameters: Self.open, outputLimit: 100_000) { call in
            ToolResult(.string("\(call.arguments.text) " + String(repeating: "x", count: size)))
        }
        try await AgentWorld.run([provider], [["tools": ["look"], "system_prompt": "be brief"]], tools: [look], body)
    }

    /// Every call has exactly one result, directly behind its message, and no result is without its call.
    private func expectWhole(_ request: ChatRequest) {
        var open: [String] = []
        for message in request.messages {
            switch message {
            case .assistant(let message):
                #expect(open.isEmpty)
                open = message.toolCalls.map(\.id)
            case .toolResults(let results):
                #expect(results.map(\.toolCallID) == open)
                open = []
            case .user: #expect(open.isEmpty)
            }
        }
        #expect(open.isEmpty)
    }

    @Test("a conversation that has grown too long is compacted once, in whole turns, and goes on")
    func overflow() async throws {
        let provider = looker { _, number in number == 5 }
        try await withLooker(provider) { world async throws in
            #expect(try await world.ask("find it") == "done")
            #expect(provider.requests.count == 7)
            let before = provider.requests[5]
            let after = provider.requests[6]
            #expect(after.messages.count < before.messages.count && after.answers >= 1)
            #expect(after.system == "be brief" && before.system == "be brief")
            let summary = try #require(after.userTexts.first)
            #expect(summary.contains("find it") && summary.contains(#"You called look with {"n":0}"#))
            for request in provider.requests { expectWhole(request) }
            #expect(
                try await world.rows("select count(*) from agentcorp.message where role = 'summary'") == ["1"])
        }
    }

    @Test("one that does not fit even then fails the task")
    func overflowAgain() async throws {
        let provider = looker { _, number in number >= 5 }
        try await withLooker(provider) { world async throws in
            #expect(try await world.failure().reason == "context_overflow")
            #expect(provider.requests.count == 7, "once compacted, once more asked")
        }
    }

    @Test("what would not fit by the estimate is compacted before anybody is asked")
    func estimate() async throws {
        let provider = looker { _, _ in false }
        // Each result is 20,000 tokens by the estimate; the window has 100,000.
        try await withLooker(provider, size: 60_000) { world async throws in
            #expect(try await world.ask("find it") == "done")
            #expect(provider.requests.count == 7)
            for request in provider.requests { expectWhole(request) }
        }
    }
}
