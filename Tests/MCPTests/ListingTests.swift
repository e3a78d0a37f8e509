import JSON
import TestSupport
import Testing

@testable import MCP

@Suite struct ListingTests {
    @Test("all pages are read; empty text is a cursor like any other")
    func pages() async throws {
        try await withClient(.modern, .pages) { (client) async throws in
            #expect(try await client.tools().tools.map(\.name) == ["one", "two", "three"])
        }
    }

    @Test("a list that never ends is an error", arguments: [ScriptedMCPServer.Listing.circle, .endless])
    func endless(listing: ScriptedMCPServer.Listing) async throws {
        let server = ScriptedMCPServer()
        try await withClient(.legacy, listing, server: server) { (client) async throws in
            let error = await failure { try await client.tools() }
            #expect(error?.code == .protocolViolation)
            #expect(error?.message.contains(listing == .circle ? "in a circle" : "more than 100 pages") == true)
        }
        #expect(server.received.count <= 110)
    }

    @Test("a cursor that is refused begins the list anew")
    func stale() async throws {
        try await withClient(.modern, .stale) { (client) async throws in
            #expect(try await client.tools().tools.map(\.name) == ["one", "two"])
        }
    }

    @Test("tools that are none are left out, and it is said why")
    func odd() async throws {
        try await withClient(.modern, .odd) { (client) async throws in
            let listing = try await client.tools()
            #expect(listing.tools.map(\.name) == ["good", "dotted.name"])
            let reasons = Dictionary(listing.rejected.map { ($0.name, $0.reason) }) { first, _ in first }
            #expect(reasons["good"]?.contains("twice") == true)
            #expect(reasons["has space"]?.contains("128") == true)
            #expect(reasons["schemaless"]?.contains("no input schema") == true)
            #expect(reasons["list"]?.contains("no object") == true)
            #expect(reasons["deep"]?.contains("too deeply") == true)
            #expect(reasons["large"]?.contains("too large") == true)
            #expect(listing.rejected.count == 9)
        }
    }

    @Test("only the tools that the configuration allows are listed")
    func allowed() async throws {
        try await withClient(.modern, .pages) { configuration, _ in
            configuration.allowedTools = ["three", "four"]
        } _: { (client) async throws in
            #expect(try await client.tools().tools.map(\.name) == ["three"])
            #expect(try await client.tools().rejected.isEmpty)
        }
    }

    @Test("a list is asked for again when its time is over, and not before")
    func lifetime() async throws {
        let server = ScriptedMCPServer()
        let time = ManualTime()
        func lists() -> Int { server.received.filter { $0.contains("tools/list") }.count }
        try await withClient(server: server, time: time.timekeeper) { (client) async throws in
            for _ in 0..<3 { _ = try await client.tools() }
            #expect(lists() == 1)
            time.advance(to: .seconds(59))
            _ = try await client.tools()
            #expect(lists() == 1)
            time.advance(to: .seconds(60))
            _ = try await client.tools()
            #expect(lists() == 2)
        }
    }

    @Test("a list is asked for again when the server says that it has changed")
    func changed() async throws {
        try await withClient(.legacy) { (client) async throws in
            let before = try #require(try await client.tools()["echo"])
            #expect(try await client.text("change") == "changed")
            let after = try #require(try await client.tools()["echo"])
            #expect(before.description == "does echo 1")
            #expect(after.description == "does echo 2")
            #expect(before.digest != after.digest)
        }
    }

    @Test("the digest of a tool is that of name, description and schema, and of nothing else")
    func digest() {
        let tool = MCPTool(name: "a", description: "b", inputSchema: ["type": "object"])
        // printf '{"description":"b","inputSchema":{"type":"object"},"name":"a"}' | sha256sum
        #expect(tool.digest == "sha256:86b5e182f5299d92e38f3a794584ba6197cdcfe074956166a7cdfa3d68feb3b9")
        let same = MCPTool(
            name: "a", title: "other", description: "b", inputSchema: ["type": "object"],
            annotations: MCPToolAnnotations(readOnlyHint: true))
        #expect(same.digest == tool.digest)
        for other in [
            MCPTool(name: "c", description: "b", inputSchema: ["type": "object"]),
            MCPTool(name: "a", description: "c", inputSchema: ["type": "object"]),
            MCPTool(name: "a", description: "b", inputSchema: ["type": "object", "required": []]),
        ] { #expect(other.digest != tool.digest) }
    }
}
