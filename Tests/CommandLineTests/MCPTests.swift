import JSON
import TestSupport
import Testing

@Suite struct MCPTests {
    private let server = ScriptedMCPServer()

    /// Runs `agentcorp mcp` with a configuration in its usual place.
    private func run(
        _ arguments: [String], in scratch: Scratch, more: [String: JSONValue] = [:], environment: [String: String] = [:]
    ) async throws -> TestProcess.Result {
        let command: JSONValue = .array(server.command().map { .string($0) })
        let servers: JSONValue = ["s": .object(["command": command].merging(more) { $1 })]
        _ = try scratch.write("config/agentcorp/mcp.json", JSONValue.object(["servers": servers]).text)
        return try await Agentcorp.startAlone(["mcp"] + arguments, environment: environment, scratch: scratch)
            .waitForExit()
    }

    @Test("servers are listed without being started, and without what their environment holds")
    func list() async throws {
        try await Scratch.use { scratch in
            let result = try await run(["list", "--json"], in: scratch, more: ["env": ["KEY": "canary-1"]])
            let row = try JSONValue(parsing: result.output)
            guard case .array(let rows) = row else { throw TestSupportError("no rows: \(result.errors)") }
            #expect(rows.first?["server"] == "s")
            #expect(rows.first?["transport"] == "stdio")
            #expect(!result.output.contains("canary"))
            #expect(server.received.isEmpty)
        }
    }

    @Test("tools are listed with effect and hash; with the hash in the configuration they are approved")
    func tools() async throws {
        try await Scratch.use { scratch in
            let first = try await run(["tools", "s", "--json"], in: scratch)
            #expect(first.status == 0, "\(first.errors)")
            guard case .array(let rows) = try JSONValue(parsing: first.output) else {
                throw TestSupportError("no rows")
            }
            let echo = try #require(rows.first { $0["tool"] == "s.echo" })
            #expect(echo["effect"] == "once")
            #expect(echo["pin"] == "none")
            let digest = try #require(echo["digest"]?.string)
            let other = "sha256:" + String(repeating: "0", count: 64)
            let second = try await run(
                ["tools"], in: scratch,
                more: ["pins": ["echo": .string(digest), "meta": .string(other)], "effects": ["echo": "pure"]])
            let lines = second.output.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("s.echo ") && $0.contains("pure") && $0.contains("approved") })
            #expect(lines.contains { $0.hasPrefix("s.meta ") && $0.contains("once") && $0.contains("changed") })
        }
    }

    @Test("a tool is called; its result goes to stdout, and the exit code says whether it failed")
    func call() async throws {
        try await Scratch.use { scratch in
            let echo = try await run(["call", "s.echo", "--args", #"{"a": 1}"#], in: scratch)
            #expect(echo.output == "{\"a\": 1}\n")
            #expect(echo.status == 0)
            let failing = try await run(["call", "s.failing", "--json"], in: scratch)
            #expect(failing.output == "{\"content\":\"no such city\",\"is_error\":true}\n")
            #expect(failing.status == 1)
        }
    }

    @Test(
        "a mistake is one message, and an exit code",
        arguments: [
            (["call", "s.ech"], 5, "Did you mean `s.echo`?"), (["call", "t.echo"], 5, "Did you mean `s`?"),
            (["call", "echo"], 2, "server.tool"), (["call", "s.echo", "--args", "[]"], 2, "JSON object"),
            (["tools", "t"], 5, "no MCP server `t`"), (["list", "--file", "/nonexistent"], 2, "cannot read"),
            (["call", "s.crash"], 3, "it exited with code 7"), (["call", "s.refuse"], 1, "unknown tool"),
        ] as [([String], Int32, String)])
    func mistakes(arguments: [String], status: Int32, part: String) async throws {
        try await Scratch.use { scratch in
            let result = try await run(arguments, in: scratch)
            #expect(result.status == status)
            #expect(result.errors.hasPrefix("error: "))
            #expect(result.errors.contains(part), "\(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("a configuration that is wrong or missing is said with its place")
    func configuration() async throws {
        try await Scratch.use { scratch in
            let missing = try await Agentcorp.runAlone("mcp", "list", scratch: scratch)
            #expect(missing.status == 5)
            #expect(missing.errors.contains("\(scratch.path)/config/agentcorp/mcp.json"))
            let wrong = try await run(["list"], in: scratch, more: ["timeuot": 5])
            #expect(wrong.status == 2)
            #expect(
                wrong.errors
                    == "error: \(scratch.path)/config/agentcorp/mcp.json: server \"s\" has an unknown field \"timeuot\". Did you mean \"timeout\"?\n"
            )
        }
    }

    @Test("a server that cannot be asked is an error beside the tools of the others")
    func unreachable() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write(
                "mcp.json",
                JSONValue.object([
                    "mcpServers": [
                        "gone": ["command": "no-such-program"],
                        "s": ["command": .array(server.command().map { .string($0) })],
                    ]
                ]).text)
            let result = try await Agentcorp.runAlone("mcp", "tools", "--file", file)
            #expect(result.status == 3)
            #expect(result.errors.contains("server \"gone\": there is no program \"no-such-program\""))
            #expect(result.output.contains("s.echo"))
        }
    }
}
