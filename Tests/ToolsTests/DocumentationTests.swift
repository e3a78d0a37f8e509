import FoundationEssentials
import JSON
import Patterns
import Testing

@testable import Tools

// The examples of docs/tools.md: a test sees that they stand here as they stand there.

struct WeatherInput: ToolInput {
    let city: String
    let days: Int?

    static let schema = JSONSchema.object(
        [
            "city": .string("The city, in English", lengths: 1...80),
            "days": .integer("How many days, 1 unless given", in: 1...10),
        ], required: ["city"])
}

func registerWeather(in registry: ToolRegistry = .global) throws {
    try registry.register(
        "weather.get", description: "The weather of a city", effect: .pure, input: WeatherInput.self
    ) { input, call in
        guard input.city != "Atlantis" else {
            throw ToolError("there is no weather for \(input.city): name a city that is above the sea")
        }
        return ["city": input.city, "sky": "clear", "days": "\(input.days ?? 1)"]
    }
}

func registerBrave(in registry: ToolRegistry = .global, key: @escaping @Sendable () -> String?) throws {
    try registry.replace(.webSearch(WebSearch(.brave, key: key)))
}

func firstWord(_ text: String) throws -> Substring? {
    let pattern = try Pattern("\\b\\w+", caseInsensitive: true)
    return try pattern.firstMatch(in: text).map { text[$0] }
}

@Suite("docs/tools.md")
struct DocumentationTests {
    private static func file(_ path: String) throws -> String {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        return String(decoding: try Data(contentsOf: URL(filePath: "\(root)/\(path)")), as: UTF8.self)
    }

    @Test("the Swift of the page is the Swift of this file")
    func examples() throws {
        let blocks = try Self.file("docs/tools.md").split(separator: "```").filter { $0.hasPrefix("swift\n") }
        let source = try Self.file("Tests/ToolsTests/DocumentationTests.swift")
        #expect(blocks.count == 3)
        for block in blocks { #expect(source.contains(block.dropFirst(6).trimmingLineEnds), "\(block)") }
    }

    @Test("the example of an own tool runs, and says what the page says of wrong arguments")
    func weather() async throws {
        let registry = ToolRegistry()
        try registerWeather(in: registry)
        let tool = try #require(registry.tool(named: "weather.get"))
        let result = try await tool.run(.fake(["city": "Bern", "days": 3]))
        #expect(result.content == ["city": "Bern", "sky": "clear", "days": "3"])
        #expect(try await tool.run(.fake(["city": "Atlantis"])).isError)
        let refusal = try #require(try await tool.run(.fake(["town": "Bern"])).content.string)
        let shown = refusal.split(separator: "\n").dropLast().joined(separator: "\n")
        #expect(try Self.file("docs/tools.md").contains("```\n\(shown)\n```"), "\(shown)")
    }

    @Test("the example of a shortened result is one")
    func shortened() throws {
        let value: JSONValue = ["rows": .array((0..<10_000).map { ["id": .integer($0)] }), "next": "page2"]
        let (text, _) = OutputCap(210).apply(value)
        #expect(try Self.file("docs/tools.md").contains("```json\n\(text)\n```"), "\(text)")
    }

    @Test("the examples of the search and of a pattern run")
    func others() throws {
        let registry = ToolRegistry()
        try registerBrave(in: registry) { "key" }
        #expect(registry.names == ["web_search"])
        #expect(try firstWord("  élan vital") == "élan")
    }

    @Test("the global registry has the web tools")
    func global() throws {
        #expect(try ToolRegistry.global.subset(names: ["web_*"]).tools.map(\.name) == ["web_fetch", "web_search"])
    }
}

extension Substring {
    fileprivate var trimmingLineEnds: Substring {
        var text = self
        while text.last == "\n" { text.removeLast() }
        return text
    }
}
