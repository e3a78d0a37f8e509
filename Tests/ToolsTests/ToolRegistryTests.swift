import JSON
import Testing

@testable import Tools

@Suite("the registry of tools")
struct ToolRegistryTests {
    private static func registry(_ names: String...) throws -> ToolRegistry {
        let registry = ToolRegistry()
        for name in names { try registry.register(.fake(name)) }
        return registry
    }

    @Test("a subset holds what was named, sorted, whatever the order and the stars")
    func subset() throws {
        let registry = try Self.registry("web_fetch", "filesys.write_file", "filesys.read_file", "git.log")
        #expect(registry.names == ["filesys.read_file", "filesys.write_file", "git.log", "web_fetch"])
        let set = try registry.subset(names: ["web_fetch", "filesys.*", "filesys.read_file"])
        #expect(set.tools.map(\.name) == ["filesys.read_file", "filesys.write_file", "web_fetch"])
        #expect(set.tool(called: "filesys__read_file")?.name == "filesys.read_file")
        #expect(set.tool(called: "filesys.read_file")?.name == "filesys.read_file")
        #expect(set.tool(called: "git__log") == nil)
        #expect(
            try registry.subset(names: ["*_f*"]).tools.map(\.name) == [
                "filesys.read_file", "filesys.write_file", "web_fetch",
            ])
        #expect(try registry.subset(names: ["*"]).tools.count == 4)
        #expect(try registry.subset(names: []).isEmpty)
    }

    @Test(
        "a name that no tool has is refused, with a near one",
        arguments: [
            ("filesys.read_fil", "there is no tool filesys.read_fil: did you mean filesys.read_file?"),
            ("read_file", "there is no tool read_file: did you mean filesys.read_file?"),
            ("quite.another", "there is no tool quite.another: the tools are filesys.read_file, git.log"),
            ("mcp.*", "there is no tool like mcp.*: the tools are filesys.read_file, git.log"),
            ("filesys.*.*", "there is no tool like filesys.*.*: the tools are filesys.read_file, git.log"),
        ])
    func unknown(_ name: String, _ message: String) throws {
        let registry = try Self.registry("filesys.read_file", "git.log")
        let error = #expect(throws: ToolRegistryError.self) { try registry.subset(names: ["git.log", name]) }
        #expect(error?.code == .unknown)
        #expect(error?.description == message)
    }

    @Test("a name is registered once; to replace a tool is said so, and sets keep what they hold")
    func taken() throws {
        let registry = try Self.registry("a")
        let error = #expect(throws: ToolRegistryError.self) { try registry.register(.fake("a")) }
        #expect(error?.code == .taken)
        let set = registry.all
        try registry.replace(.fake("a", effect: .once))
        #expect(registry.tool(named: "a")?.effect == .once)
        #expect(set.tools.first?.effect == .pure)
        #expect(registry.remove("a"))
        #expect(!registry.remove("a"))
        #expect(registry.tool(named: "a") == nil)
    }

    @Test(
        "what is no name is refused", arguments: ["", "a b", "a*", "a\n", "\u{7f}", String(repeating: "x", count: 201)])
    func noName(_ name: String) throws {
        let error = #expect(throws: ToolRegistryError.self) { try ToolRegistry().register(.fake(name)) }
        #expect(error?.code == .invalidName)
    }

    @Test("many register and read at once")
    func concurrency() async throws {
        let registry = ToolRegistry()
        await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try registry.register(.fake("tool\(number % 100)"))
                    _ = registry.all
                }
            }
        }
        #expect(registry.names.count == 100)
    }

    struct Weather: ToolInput {
        let city: String
        let days: Int?
        static let schema = JSONSchema.object(
            ["city": .string("the city"), "days": .integer("how many days", in: 1...10)], required: ["city"])
    }

    @Test("a tool takes a Swift type and returns one")
    func typed() async throws {
        struct Forecast: Encodable { let text: String }
        let registry = ToolRegistry()
        try registry.register("weather.get", description: "the weather", effect: .pure, input: Weather.self) {
            input, _ in
            "sunny in \(input.city) for \(input.days ?? 1) days"
        }
        try registry.register("weather.full", description: "the weather", effect: .pure, input: Weather.self) {
            input, _ in
            Forecast(text: input.city)
        }
        try registry.register("weather.none", description: "none", effect: .pure, input: NoInput.self) { _, _ in
            ToolResult("no weather", isError: true)
        }
        func run(_ name: String, _ arguments: JSONValue) async throws -> ToolResult {
            try await #require(registry.tool(named: name)).run(.fake(arguments))
        }
        #expect(try await run("weather.get", ["city": "Bern", "days": 2.0]).content == "sunny in Bern for 2 days")
        #expect(try await run("weather.full", ["city": "Bern"]).content == ["text": "Bern"])
        #expect(try await run("weather.none", [:]) == ToolResult("no weather", isError: true))
        #expect(try await run("weather.none", ["a": 1]).isError)
        #expect(try await run("weather.get", ["town": "Bern"]).isError)
    }

    @Test("a type that decodes less than its schema accepts is told as the program's mistake")
    func typeAndSchemaDisagree() async throws {
        struct Narrow: ToolInput {
            let number: UInt8
            static let schema = JSONSchema.object(["number": .integer()])
        }
        let tool = Tool("narrow", description: "", effect: .pure, input: Narrow.self) { _, _ in ToolResult("ok") }
        let result = try await tool.run(.fake(["number": 300]))
        #expect(result.isError)
        #expect(result.content.string?.contains("not its type Narrow") == true)
    }
}
