import FoundationEssentials
import JSON
import Testing

@testable import Providers

@Suite("docs/providers.md")
struct DocumentationTests {
    /// The JSON in the page, in its order: providers, prices, a script.
    static func examples() throws -> [String] {
        let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/providers.md"
        let page = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        return page.split(separator: "```").filter { $0.hasPrefix("json\n") }.map { String($0.dropFirst(5)) }
    }

    @Test("the examples of providers and prices are read")
    func files() throws {
        let examples = try Self.examples()
        #expect(examples.count == 3)
        let folder = "/tmp/agentcorp-docs-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in zip(["providers.json", "prices.json", "demo.json"], examples) {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        _ = FileManager.default.createFile(
            atPath: folder + "/lab.key", contents: Data("a-key-of-the-lab".utf8), attributes: [.posixPermissions: 0o600]
        )
        let catalog = try ProviderCatalog(
            environment: ["GATEWAY_KEY": "gateway-secret"], file: folder + "/providers.json")
        for name in ["lab", "claude-gateway", "demo"] { #expect(try catalog.provider(name).name == name) }
        let prices = try PriceTable(file: folder + "/prices.json")
        #expect(prices.price(provider: "ollama", model: "qwen3")?.input == .zero)
    }

    @Test("the example of a script says what the page says")
    func script() async throws {
        let provider = OfflineProvider(script: try OfflineScript(Self.examples()[2].utf8, at: "docs"))
        var request = ChatRequest(model: "m", messages: [.user("What is the weather in Rome")])
        let first = try await provider.respond(to: request)
        #expect(first.message.text == "[offline: no model] Let me look at Rome.")
        #expect(first.message.toolCalls.map(\.arguments) == [["url": "https://weather.example/Rome"]])
        request.messages += [
            .assistant(first.message),
            .toolResults([ToolResultMessage(toolCallID: first.message.toolCalls[0].id, content: #"{"sky":"clear"}"#)]),
        ]
        #expect(try await provider.respond(to: request).message.text == "It is clear there.")
    }

    @Test("the tables name every field and condition")
    func tables() throws {
        let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/docs/providers.md"
        let page = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        for field in ProviderFile.fields + OfflineRule.fields + OfflineCondition.fields {
            #expect(page.contains("`\(field)`"), "\(field)")
        }
    }
}
