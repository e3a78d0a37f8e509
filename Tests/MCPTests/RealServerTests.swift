import FoundationEssentials
import JSON
import Logging
import TestSupport
import Testing

@testable import MCP

/// The same against servers that others have written.
@Suite(
    .enabled(if: MCPServers.areInstalled, "run scripts/mcp-servers, and set AGENTCORP_MCP_SERVERS to what it prints"))
struct RealServerTests {
    @Test("mcp-server-time tells the time, says which zones there are not, and refuses tools that it has not")
    func time() async throws {
        let command = MCPCommand([try MCPServers.path("mcp-server-time"), "--local-timezone", "UTC"])
        try await withClient {
            $1 = command
        } _: { (client) async throws in
            let info = try await client.info()
            #expect(info.name == "mcp-time")
            #expect(info.revision == "2026-07-28")
            #expect(try await client.tools().tools.map(\.name).sorted() == ["convert_time", "get_current_time"])
            let now = try await client.json("get_current_time", ["timezone": "Europe/Amsterdam"])
            #expect(now["timezone"] == "Europe/Amsterdam")
            let converted = try await client.json(
                "convert_time",
                ["source_timezone": "Etc/UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"])
            #expect(converted["time_difference"] == "+9.0h")
            guard
                case .complete(let bad) = try await client.call("get_current_time", arguments: ["timezone": "No/Where"])
            else { throw TestSupportError("asked") }
            #expect(bad.isError)
            let error = await failure { try await client.call("get_no_time", arguments: [:]) }
            #expect(error?.rpcCode == -32602)
        }
    }

    @Test("mcp-server-git commits, and shows the commit")
    func git() async throws {
        let repository = "/tmp/agentcorp-mcp-git-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: repository) }
        let made = try await TestProcess.run("git", ["init", "-q", "-b", "main", repository])
        #expect(made.status == 0, "\(made.errors)")
        try Data("hello".utf8).write(to: URL(filePath: repository + "/file"))
        var command = MCPCommand([try MCPServers.path("mcp-server-git"), "--repository", repository])
        let who = ["AUTHOR", "COMMITTER"]
        for person in who {
            command.environment["GIT_\(person)_NAME"] = .literal("A")
            command.environment["GIT_\(person)_EMAIL"] = .literal("a@example.com")
        }
        try await withClient {
            $1 = command
        } _: { (client) async throws in
            let place: JSONValue = ["repo_path": .string(repository)]
            #expect(try await client.text("git_status", place).contains("file"))
            _ = try await client.text("git_add", ["repo_path": .string(repository), "files": ["file"]])
            _ = try await client.text("git_commit", ["repo_path": .string(repository), "message": "first of all"])
            #expect(try await client.text("git_log", place).contains("first of all"))
            guard
                case .complete(let outside) = try await client.call("git_log", arguments: ["repo_path": "/tmp"])
            else { throw TestSupportError("asked") }
            #expect(outside.isError)
        }
    }

    @Test("a server of both eras is spoken with in the legacy way too")
    func legacyStdio() async throws {
        let command = MCPCommand([try MCPServers.path("mcp-server-time"), "--local-timezone", "UTC"])
        let configuration = MCPServerConfiguration(name: "time", transport: .command(command))
        let transport = try await StdioTransport.start(
            command, of: configuration, environment: Environment.plain, hub: NotificationHub(),
            scrubber: Scrubber([], environment: [:]), logger: .silent)
        try await checkLegacy(transport, tool: "get_current_time", ["timezone": "Etc/UTC"])
    }

    @Test("the HTTP server of the reference implementation is spoken with in both eras")
    func http() async throws {
        let program = """
            import uvicorn
            from mcp.server.mcpserver import MCPServer
            server = MCPServer("peer")
            @server.tool()
            def add(a: int, b: int) -> int:
                return a + b
            uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=0)
            """
        let process = try TestProcess.start(try MCPServers.path("python"), ["-c", program])
        defer { process.kill() }
        try await waitUntil("the server's port") { process.errors.contains("Uvicorn running on http://127.0.0.1:") }
        let port = process.errors.split(separator: "http://127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        let endpoint = MCPEndpoint("http://127.0.0.1:\(port)/mcp")
        let configuration = MCPServerConfiguration(name: "peer", transport: .endpoint(endpoint))
        let client = MCPClient(configuration, environment: [:], logger: .silent)
        #expect(try await client.info().revision == "2026-07-28")
        #expect(try await client.text("add", ["a": 1, "b": 2]) == "3")
        await client.close()
        let transport = HTTPTransport(
            endpoint, of: configuration, environment: [:], hub: NotificationHub(),
            scrubber: Scrubber([], environment: [:]), time: .real, logger: .silent)
        try await checkLegacy(transport, tool: "add", ["a": 1, "b": 2])
    }

    private func checkLegacy(_ transport: some Transport, tool: String, _ arguments: JSONValue) async throws {
        let ids = RequestIDs()
        let negotiation = Negotiation(
            transport: transport, server: "the server", patience: .seconds(20), limit: .seconds(20), time: .real,
            nextID: { ids.next() })
        let outcome = try await negotiation.runLegacy()
        #expect(outcome.revision == Revision.legacy[0])
        let request = RPCRequest(
            id: ids.next(), method: "tools/call", params: ["name": .string(tool), "arguments": arguments])
        let result = try await transport.send(request)
        #expect(result["isError"] != true)
        #expect(result["content"] != nil)
        await transport.close()
    }
}
