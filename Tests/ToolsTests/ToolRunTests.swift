import JSON
import Synchronization
import TestSupport
import Testing

@testable import Tools

@Suite("running a tool")
struct ToolRunTests {
    private static let schema: JSONValue = [
        "type": "object", "properties": ["path": ["type": "string"]], "required": ["path"],
        "additionalProperties": false,
    ]

    @Test("arguments that do not fit are told with the place and the schema, and nothing runs")
    func badArguments() async throws {
        let tool = try Tool.fake(schema: Self.schema) { _ in
            Issue.record("it ran")
            return ToolResult("")
        }
        let result = try await tool.run(.fake(["pth": "a"]))
        let text = try #require(result.content.string)
        #expect(result.isError)
        #expect(text.contains("- the arguments: must have \"path\""))
        #expect(text.contains("- /pth: is no known property, did you mean \"path\"?"))
        #expect(text.contains("The schema of its arguments: {"))
        for value: JSONValue in [nil, [], "{}", 7] { #expect(try await tool.run(.fake(value)).isError) }
    }

    @Test("arguments that are no JSON object are echoed, in part, with the schema")
    func noArguments() throws {
        let tool = try Tool.fake(schema: Self.schema)
        let result = tool.refusal(ofArguments: "{\"path\": \"" + String(repeating: "x", count: 5000))
        let text = try #require(result.content.string)
        #expect(result.isError)
        #expect(text.contains("no JSON object, they were: {\"path\": \"xxx"))
        #expect(text.count < 1300)
    }

    @Test("a tool's own error is told as it stands, any other as a failure of the tool")
    func errors() async throws {
        struct Broken: Error {}
        let own = try Tool.fake { _ in throw ToolError("no such file: look into the folder first") }
        #expect(try await own.run(.fake([:])) == ToolResult("no such file: look into the folder first", isError: true))
        let other = try Tool.fake { _ in throw Broken() }
        #expect(try await other.run(.fake([:])) == ToolResult("test.fake failed: Broken()", isError: true))
    }

    @Test("results of a tainting tool are tainted, also its errors")
    func taint() async throws {
        #expect(try await Tool.fake(isTainting: true).run(.fake([:])).isTainted)
        #expect(try await !Tool.fake().run(.fake([:])).isTainted)
        #expect(try await Tool.fake(isTainting: true) { _ in throw ToolError("") }.run(.fake([:])).isTainted)
    }

    @Test(
        "a tool that takes too long is stopped, and the model told what that means",
        arguments: [
            (ToolEffect.pure, "Ask for less"), (.once, "Whether it took effect is not known"),
        ])
    func timeout(_ effect: ToolEffect, _ words: String) async throws {
        let tool = try Tool.fake(effect: effect, timeout: .milliseconds(10)) { _ in
            try await untilCancelled()
        }
        let result = try await tool.run(.fake([:]))
        #expect(result.isError)
        #expect(result.content.string?.contains(words) == true)
    }

    @Test("a result that comes in spite of the end of time is the result")
    func lateResult() async throws {
        let tool = try Tool.fake(effect: .once, timeout: .milliseconds(10)) { _ in
            try? await untilCancelled()
            return ToolResult("done after all")
        }
        #expect(try await tool.run(.fake([:])) == ToolResult("done after all"))
    }

    @Test("cancellation passes through, also where the tool makes another error of it")
    func cancellation() async throws {
        let started = AsyncStream.makeStream(of: Void.self)
        let tool = try Tool.fake { _ in
            started.continuation.yield()
            try? await untilCancelled()
            throw ToolError("it was interrupted")
        }
        let run = Task { try await tool.run(.fake([:])) }
        for await _ in started.stream { break }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
    }

    @Test("a tool that cancels itself has failed")
    func selfCancellation() async throws {
        let tool = try Tool.fake { _ in throw CancellationError() }
        #expect(try await tool.run(.fake([:])).isError)
    }
}
