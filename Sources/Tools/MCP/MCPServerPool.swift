public import Logging
public import MCP

/// The MCP servers of a process: one client for each, connected when it is first needed.
///
/// Whoever makes a pool runs it, or closes it at the end: programs of servers end with it.
public final class MCPServerPool: Sendable {
    private let clients: [String: MCPClient]

    /// - Parameters:
    ///   - environment: Keys are read from it, and what the configurations let through goes to the servers' programs.
    /// - Throws: `MCPError` when two servers have one name.
    public init(
        _ configurations: [MCPServerConfiguration], environment: [String: String], logger: Logger
    ) throws {
        var clients: [String: MCPClient] = [:]
        for configuration in configurations {
            let client = MCPClient(configuration, environment: environment, logger: logger)
            guard clients.updateValue(client, forKey: configuration.name) == nil else {
                throw MCPError(.configuration, "two servers are called \"\(configuration.name)\".")
            }
        }
        self.clients = clients
    }

    /// The names of the servers, sorted.
    public var servers: [String] { clients.keys.sorted() }

    /// The client of a server; nil when there is none of that name.
    public subscript(server: String) -> MCPClient? { clients[server] }

    /// The tools of a server as tools of ours, named `server.tool`. Connects if need be.
    ///
    /// - Throws: `MCPError`.
    public func tools(of server: String) async throws -> [Tool] { try await offers(of: server).map(\.tool) }

    /// The same with what they are pinned by.
    ///
    /// - Throws: `MCPError`.
    public func offers(of server: String) async throws -> [MCPToolOffer] {
        guard let client = clients[server] else {
            let known = servers.isEmpty ? "none is configured" : "known: \(servers.joined(separator: ", "))"
            throw MCPError(.configuration, "there is no MCP server \"\(server)\"; \(known).")
        }
        return try await client.tools().tools.map { MCPToolOffer($0, of: client) }
    }

    /// Puts the tools of all servers into a registry, in the place of what stood there under their names.
    ///
    /// - Returns: Why the tools of a server are missing, by its name: one server that is down does not keep the others
    ///   away.
    public func register(in registry: ToolRegistry) async -> [String: any Error] {
        await withTaskGroup(of: (String, (any Error)?).self) { group in
            for server in servers {
                group.addTask {
                    do {
                        for tool in try await self.tools(of: server) { try registry.replace(tool) }
                        return (server, nil)
                    } catch {
                        return (server, error)
                    }
                }
            }
            var problems: [String: any Error] = [:]
            for await (server, error) in group { problems[server] = error }
            return problems
        }
    }

    /// Ends connections that nobody uses for as long as their configurations say, until the task is cancelled; then
    /// closes all.
    public func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(15))
            for client in clients.values { await client.disconnect(idleFor: client.configuration.idleTime) }
        }
        await close()
    }

    /// Ends all connections for good. Returns when the servers' programs have ended.
    public func close() async {
        await withTaskGroup(of: Void.self) { group in
            for client in clients.values { group.addTask { await client.close() } }
        }
    }
}
