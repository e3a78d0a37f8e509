import FoundationEssentials
import JSON
import Postgres
import Providers
import Queue
import TestSupport
import Testing
import Tools

@testable import Agents

struct PoolTests {
    private static let examples =
        URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../examples/agents"

    private func withPool(
        prices: PriceTable = PriceTable(), _ body: (AgentPool) async throws -> Void
    ) async throws {
        let connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
        try await body(AgentPool(connection, prices: prices))
    }

    @Test("what comes out of the pool is what was put there, with its prompt", .migratedDatabase)
    func roundTrip() async throws {
        try await withPool { pool in
            let configs = try AgentFolder.load(Self.examples, vocabulary: .builtin)
            let dry = try await pool.put(configs, isDryRun: true)
            #expect(dry.map(\.change) == [.new, .new, .new, .new])
            #expect(try await pool.list().isEmpty)
            #expect(try await pool.load(Self.examples, vocabulary: .builtin) == dry)
            for var config in configs {
                let (version, stored) = try await pool.agent(named: config.name)
                config.promptFile = nil
                #expect(version == 1)
                #expect(stored == config)
            }
            #expect(try await pool.put(configs).allSatisfy { $0.change == .unchanged })
            var coder = configs[0]
            coder.temperature = 0.1
            #expect(try await pool.put([coder]) == [AgentChange(name: "coder", version: 2, change: .changed)])
            #expect(try await pool.agent(named: "coder", version: 1).config.temperature == nil)
            #expect(try await pool.versions(of: "coder").map(\.version) == [2, 1])
            #expect(try await pool.list().first?.maxConcurrency == 1)
        }
    }

    @Test("the examples answer offline by the script beside them, in the form that they ask for")
    func offline() async throws {
        let script = try OfflineScript(file: Self.examples + "/../offline.json")
        let provider = OfflineProvider(script: script)
        for agent in try AgentFolder.load(Self.examples, vocabulary: .builtin) {
            let model = try #require(agent.models.first)
            #expect(model.provider == provider.name)
            let response = try await provider.respond(
                to: ChatRequest(
                    model: model.model, system: agent.systemPrompt, messages: [.user("Is it done? TODO")],
                    outputSchema: agent.outputJSONSchema.map { OutputSchema(name: "answer", schema: $0.value) }))
            let text = try #require(response.message.text)
            if let schema = agent.outputJSONSchema {
                #expect(schema.violations(of: try JSONValue(parsing: text)).isEmpty)
            } else {
                #expect(text.hasPrefix(OfflineProvider.label))
            }
        }
    }

    @Test("the calls in the script of the examples fit the tools")
    func calls() throws {
        let file = try Data(contentsOf: URL(filePath: Self.examples + "/../offline.json"))
        guard case .array(let rules)? = try JSONValue(parsing: file)["rules"] else {
            throw TestSupportError("no rules")
        }
        for rule in rules {
            guard case .array(let calls)? = rule["calls"] else { continue }
            for call in calls {
                let tool = try #require(call["name"]?.string.flatMap { ToolRegistry.global.tool(named: $0) })
                #expect(tool.parameters.violations(of: call["arguments"] ?? .null).isEmpty)
            }
        }
    }

    @Test("agents are picked by role, skills and the price of their first model", .migratedDatabase)
    func pick() async throws {
        func price(_ usd: Int64) -> ModelPrice {
            ModelPrice(input: USD(nanodollars: usd * 1_000_000_000), output: USD(nanodollars: usd * 5_000_000_000))
        }
        let prices = PriceTable(["p": ["large": price(4), "small": price(1)]])
        try await withPool(prices: prices) { pool in
            func agent(_ name: String, _ model: String) -> AgentConfig {
                AgentConfig(
                    name: name, models: [ModelReference(provider: "p", model: model)], role: "coder", skills: ["swift"])
            }
            try await pool.put([agent("a", "large"), agent("b", "small"), agent("c", "unknown")])
            #expect(try await pool.list().map(\.price) == [8, 2, nil])
            #expect(try await pool.pick(role: "coder", skills: ["swift"]) == "a")
            #expect(try await pool.pick(role: nil, skills: ["swift"], by: .cheapest) == "b")
            try await pool.remove("b")
            #expect(try await pool.pick(role: "coder", by: .cheapest) == "a")
            await #expect {
                try await pool.pick(role: "codr")
            } throws: { error in
                (error as? QueueError)?.code == .unknownTask && "\(error)".contains("did you mean \"coder\"?")
            }
            await #expect(throws: AgentConfigError.self) { try await pool.load("/nonexistent") }
        }
    }
}
