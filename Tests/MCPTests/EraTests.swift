import JSON
import TestSupport
import Testing

@testable import MCP

@Suite struct EraTests {
    @Test("a modern server is asked without a handshake, and told who asks with every request")
    func modern() async throws {
        let server = ScriptedMCPServer()
        try await withClient(server: server) { (client) async throws in
            let info = try await client.info()
            #expect(info.revision == "2026-07-28")
            #expect(info.name == "scripted")
            #expect(info.instructions == "be kind")
            let meta = try await client.json("meta")
            #expect(meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28")
            #expect(meta["io.modelcontextprotocol/clientCapabilities"] == [:])
            #expect(meta["io.modelcontextprotocol/clientInfo"]?["name"] == "agentcorp")
        }
        #expect(!server.received.contains { $0.contains("\"initialize\"") })
        #expect(server.received.filter { $0.contains("server/discover") }.count == 1)
    }

    @Test(
        "a server that refuses the question is a legacy one, and gets a handshake",
        arguments: [ScriptedMCPServer.Era.legacy, .fragile])
    func legacy(era: ScriptedMCPServer.Era) async throws {
        let server = ScriptedMCPServer()
        try await withClient(era, server: server) { (client) async throws in
            #expect(try await client.info().revision == "2025-06-18")
            let meta = try await client.json("meta")
            #expect(meta["io.modelcontextprotocol/protocolVersion"] == nil)
        }
        let methods = server.received.map { (try? JSONValue(parsing: $0))?["method"]?.string ?? "" }
        #expect(methods == ["server/discover", "initialize", "notifications/initialized", "tools/call"])
    }

    @Test("a server that ignores the question is taken for a legacy one after a while")
    func silent() async throws {
        let time = ManualTime()
        let server = ScriptedMCPServer()
        try await withClient(.silent, server: server, time: time.timekeeper) { (client) async throws in
            async let info = client.info()
            try await time.waitForSleeper(until: .seconds(10))
            time.advance(to: .seconds(10))
            #expect(try await info.revision == "2025-06-18")
        }
    }

    @Test("a modern server that was slow to answer, and so refuses the handshake, is asked again")
    func slow() async throws {
        let time = ManualTime()
        try await withClient(.slow, time: time.timekeeper) { (client) async throws in
            async let info = client.info()
            try await time.waitForSleeper(until: .seconds(10))
            time.advance(to: .seconds(10))
            #expect(try await info.revision == "2026-07-28")
        }
    }

    @Test(
        "a server of revisions that are not known here is an error that names them",
        arguments: [ScriptedMCPServer.Era.future, .futureLegacy])
    func future(era: ScriptedMCPServer.Era) async throws {
        try await withClient(era) { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .unsupportedVersion)
            #expect(error?.message.contains("2030-01-01") == true)
            #expect(error?.mayHaveRun == false)
        }
    }

    @Test("a server that is never ready is given up")
    func neverReady() async throws {
        let time = ManualTime()
        try await withClient(time: time.timekeeper) {
            $0.startTimeout = .seconds(30)
            $1 = MCPCommand(["sleep", "1000"])
        } _: { (client) async throws in
            async let error = failure { try await client.info() }
            try await time.waitForSleeper(until: .seconds(30))
            time.advance(to: .seconds(10))
            try await time.waitForSleeper(until: .seconds(30))
            time.advance(to: .seconds(30))
            #expect(await error?.code == .cannotStart)
        }
    }
}
