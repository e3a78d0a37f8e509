import JSON
import Logging
import MockServer
import TestSupport
import Testing

@testable import MCP

/// How long a server may take to start beside all other tests, where that is not what is tested.
private let patience = Duration.seconds(600)

/// Lends a client of a scripted server, and closes it.
func withClient(
    _ era: ScriptedMCPServer.Era = .modern, _ listing: ScriptedMCPServer.Listing = .plain,
    server: ScriptedMCPServer = ScriptedMCPServer(), environment: [String: String] = Environment.plain,
    time: Timekeeper = .real, configure: (inout MCPServerConfiguration, inout MCPCommand) -> Void = { _, _ in },
    _ body: (MCPClient) async throws -> Void
) async throws {
    var command = MCPCommand(server.command(era, listing))
    var configuration = MCPServerConfiguration(name: "scripted", transport: .command(command))
    configuration.startTimeout = patience
    configure(&configuration, &command)
    configuration.transport = .command(command)
    try await lend(
        MCPClient(configuration, environment: environment, logger: .silent, time: time), body)
}

/// Lends a client of an endpoint, and closes it.
func withClient(
    of endpoint: MockServer, environment: [String: String] = [:], time: Timekeeper = .real,
    configure: (inout MCPServerConfiguration, inout MCPEndpoint) -> Void = { _, _ in },
    _ body: (MCPClient) async throws -> Void
) async throws {
    var address = MCPEndpoint("http://127.0.0.1:\(endpoint.port)/mcp")
    var configuration = MCPServerConfiguration(name: "remote", transport: .endpoint(address))
    configuration.startTimeout = patience
    configure(&configuration, &address)
    configuration.transport = .endpoint(address)
    try await lend(MCPClient(configuration, environment: environment, logger: .silent, time: time), body)
}

private func lend(_ client: MCPClient, _ body: (MCPClient) async throws -> Void) async throws {
    do {
        try await body(client)
        await client.close()
    } catch {
        await client.close()
        throw error
    }
}

enum Environment {
    static let plain = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
}

extension MCPClient {
    /// The text of a call's result.
    func text(_ tool: String, _ arguments: JSONValue = [:]) async throws -> String {
        guard case .complete(let result) = try await call(tool, arguments: arguments) else {
            throw TestSupportError("\(tool) asks something")
        }
        guard case .text(let text)? = result.content.first else { throw TestSupportError("\(tool) says nothing") }
        return text
    }

    /// The same as JSON.
    func json(_ tool: String, _ arguments: JSONValue = [:]) async throws -> JSONValue {
        try JSONValue(parsing: try await text(tool, arguments))
    }
}

/// The error of an expression that must fail with one of this module.
func failure(_ body: () async throws -> some Any) async -> MCPError? {
    await #expect(throws: MCPError.self) { _ = try await body() }
}
