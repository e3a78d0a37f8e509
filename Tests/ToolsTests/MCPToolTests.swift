import JSON
import Logging
import MCP
import TestSupport
import Testing

@testable import Tools

@Suite struct MCPToolTests {
    /// Lends the pool of one scripted server, and closes it.
    private func withPool(
        _ era: ScriptedMCPServer.Era = .modern, server: ScriptedMCPServer = ScriptedMCPServer(),
        configure: (inout MCPServerConfiguration) -> Void = { _ in }, _ body: (MCPServerPool) async throws -> Void
    ) async throws {
        var configuration = MCPServerConfiguration(
            name: "s", transport: .command(MCPCommand(server.command(era))))
        configuration.startTimeout = .seconds(600)
        configure(&configuration)
        let pool = try MCPServerPool(
            [configuration], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], logger: .silent)
        do {
            try await body(pool)
            await pool.close()
        } catch {
            await pool.close()
            throw error
        }
    }

    private func call(_ arguments: JSONValue = [:], key: String = "k", traceparent: String? = nil) -> ToolCall {
        ToolCall(
            arguments: arguments, key: key, context: ToolExecutionContext(), traceparent: traceparent,
            logger: .silent)
    }

    private func tool(_ name: String, _ pool: MCPServerPool) async throws -> Tool {
        try #require(try await pool.tools(of: "s").first { $0.name == "s.\(name)" })
    }

    @Test("the tools of a server stand under its name, taint, and happen once unless somebody says otherwise")
    func offers() async throws {
        try await withPool {
            $0.effects = ["echo": "pure"]
        } _: { (pool) async throws in
            let echo = try await tool("echo", pool)
            #expect(echo.description == "does echo 1")
            #expect(echo.parameters.value == ["type": "object"])
            #expect(echo.effect == .pure)
            #expect(echo.isTainting)
            #expect(try await tool("meta", pool).effect == .once)
        }
    }

    @Test("a server's hints make an effect stricter, never milder")
    func effects() {
        func effect(_ configured: String?, _ hints: MCPToolAnnotations) -> ToolEffect {
            ToolEffect(
                of: MCPTool(name: "t", inputSchema: ["type": "object"], annotations: hints), configured: configured)
        }
        let harmless = MCPToolAnnotations(readOnlyHint: true, destructiveHint: false, idempotentHint: true)
        let writing = MCPToolAnnotations(readOnlyHint: false)
        let repeatable = MCPToolAnnotations(readOnlyHint: false, idempotentHint: true)
        let destructive = MCPToolAnnotations(destructiveHint: true)
        let none = MCPToolAnnotations()
        let expected: [(String?, MCPToolAnnotations, ToolEffect)] = [
            (nil, none, .once), (nil, harmless, .once), (nil, repeatable, .once), ("once", harmless, .once),
            ("pure", none, .pure), ("pure", harmless, .pure), ("pure", writing, .once),
            ("pure", repeatable, .idempotent), ("pure", destructive, .once), ("idempotent", none, .idempotent),
            ("idempotent", harmless, .idempotent), ("idempotent", repeatable, .idempotent),
            ("idempotent", writing, .once),
        ]
        for (configured, hints, outcome) in expected { #expect(effect(configured, hints) == outcome) }
    }

    @Test("the idempotency key and the trace go with a call")
    func meta() async throws {
        try await withPool { (pool) async throws in
            let result = try await tool("meta", pool).call(call(key: "4711", traceparent: "00-a-b-01"))
            let meta = try JSONValue(parsing: result.content.string ?? "")
            #expect(meta["agentcorp/idempotencyKey"] == "4711")
            #expect(meta["traceparent"] == "00-a-b-01")
            #expect(result.isTainted)
        }
    }

    @Test("a tool that fails tells the model; so does a server that refuses; neither is an accident")
    func failures() async throws {
        try await withPool { (pool) async throws in
            let result = try await tool("failing", pool).call(call())
            #expect(result.isError)
            #expect(result.content == "no such city")
            let refusal = await #expect(throws: ToolError.self) { try await tool("refuse", pool).call(call()) }
            #expect(refusal?.description == "server \"s\" says: unknown tool (error -32602)")
        }
    }

    @Test("a call that was lost, and may have run, is no error that a model may retry by itself")
    func lost() async throws {
        try await withPool { (pool) async throws in
            let error = await #expect(throws: MCPError.self) { try await tool("crash", pool).call(call()) }
            #expect(error?.code == .connectionLost)
            #expect(error?.mayHaveRun == true)
            #expect(error?.message.hasSuffix("look before you call it again.") == true)
        }
    }

    @Test("a server that asks something is an error that carries the question")
    func input() async throws {
        try await withPool { (pool) async throws in
            let question = await #expect(throws: MCPInputRequired.self) {
                try await tool("asking", pool).call(call())
            }
            #expect(question?.request.state == "s1")
            #expect(question?.description == "s.asking needs answers first: city: Which city?")
        }
    }

    @Test("a pinned tool works; one that is not what was approved is disabled, and its words are not shown")
    func pins() async throws {
        let digest = MCPTool(name: "echo", description: "does echo 1", inputSchema: ["type": "object"]).digest
        try await withPool {
            $0.pins = ["echo": digest, "meta": "sha256:other"]
        } _: { (pool) async throws in
            let offers = try await pool.offers(of: "s")
            let echo = try #require(offers.first { $0.definition.name == "echo" })
            #expect(echo.pin.problem == nil)
            #expect(try await echo.tool.call(call(["a": 1])).content == #"{"a": 1}"#)
            let meta = try #require(offers.first { $0.definition.name == "meta" })
            #expect(!meta.tool.description.contains("does meta"))
            let error = await #expect(throws: ToolError.self) { try await meta.tool.call(call()) }
            #expect(error?.description.contains("pinned sha256:other, now \(meta.pin.digest)") == true)
        }
    }

    @Test("a tool that changes after it was listed is not called any more")
    func changed() async throws {
        let server = ScriptedMCPServer()
        try await withPool(.legacy, server: server) { (pool) async throws in
            let echo = try await tool("echo", pool)
            #expect(try await echo.call(call()).content == "{}")
            _ = try await tool("change", pool).call(call())
            let error = await #expect(throws: ToolError.self) { try await echo.call(call()) }
            #expect(error?.description.hasPrefix("s.echo is disabled: its definition has changed") == true)
            #expect(try await tool("echo", pool).call(call()).content == "{}")
        }
        #expect(server.received.filter { $0.contains("\"name\":\"echo\"") }.count == 2)
    }

    @Test("what is no text is named with its size, and structured content is kept beside it")
    func content() async throws {
        try await withPool { (pool) async throws in
            let result = try await tool("mixed", pool).call(call())
            #expect(
                result.content == [
                    "structured": ["a": 1],
                    "content": [
                        "one", ["type": "image", "mime_type": "image/png", "bytes": 3, "shown": false],
                        ["type": "resource", "uri": "file:///x", "text": "y"],
                        ["type": "resource", "uri": "file:///z", "bytes": 2, "shown": false],
                        ["type": "resource_link", "uri": "file:///l", "name": "l"],
                        ["type": "audio", "mime_type": "audio/wav", "bytes": 1, "shown": false],
                        ["type": "smell", "of": "roses"],
                    ],
                ])
        }
    }

    @Test("structured content that is only repeated as text is told once; several texts become one")
    func texts() {
        func content(_ blocks: [MCPContent], _ structured: JSONValue?) -> JSONValue {
            ToolResult(MCPCallResult(content: blocks, structuredContent: structured)).content
        }
        #expect(content([.text(#"{ "a": 1 }"#)], ["a": 1]) == ["a": 1])
        #expect(content([], ["a": 1]) == ["a": 1])
        #expect(content([.text("one")], ["a": 1]) == ["content": "one", "structured": ["a": 1]])
        #expect(content([.text("one"), .text("two")], nil) == "one\n\ntwo")
        #expect(content([], nil) == "")
    }

    @Test("a server that is not configured, or configured twice, is an error")
    func unknown() async throws {
        try await withPool { (pool) async throws in
            let error = await #expect(throws: MCPError.self) { try await pool.tools(of: "t") }
            #expect(error?.message == "there is no MCP server \"t\"; known: s.")
        }
        let twice = MCPServerConfiguration(name: "s", transport: .command(MCPCommand(["x"])))
        #expect(throws: MCPError.self) { try MCPServerPool([twice, twice], environment: [:], logger: .silent) }
    }

    @Test("the tools of all servers join a registry; a server that is down keeps none of the others away")
    func registered() async throws {
        let server = ScriptedMCPServer()
        let pool = try MCPServerPool(
            [
                MCPServerConfiguration(name: "up", transport: .command(MCPCommand(server.command(.modern, .pages)))),
                MCPServerConfiguration(name: "down", transport: .command(MCPCommand(["no-such-program"]))),
            ], environment: ["PATH": "/usr/bin:/bin"], logger: .silent)
        let registry = ToolRegistry()
        let problems = await pool.register(in: registry)
        #expect(problems.keys.sorted() == ["down"])
        #expect(registry.names == ["up.one", "up.three", "up.two"])
        #expect(await pool.register(in: registry).count == 1)
        await pool.close()
    }

    @Test("a pool that is run ends its servers when it is cancelled")
    func run() async throws {
        let server = ScriptedMCPServer()
        try await withPool(server: server) { (pool) async throws in
            let run = Task { await pool.run() }
            _ = try await pool.tools(of: "s")
            run.cancel()
            await run.value
            let error = await #expect(throws: MCPError.self) { try await pool.tools(of: "s") }
            #expect(error?.code == .closed)
        }
    }
}
