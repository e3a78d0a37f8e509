import Agents
import ArgumentParser
import FoundationEssentials
import Logging
import MCP
import Providers
import ServiceLifecycle
import Tools

/// What agents run with, for the commands that run them.
struct AgentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Providers of models beside the built-in ones; by default providers.json beside the configuration file.",
            valueName: "file"))
    var providers: String?

    @Option(
        help: ArgumentHelp(
            "Prices of models that differ from the built-in ones; by default prices.json beside the configuration file.",
            valueName: "file"))
    var prices: String?

    @Option(
        help: ArgumentHelp(
            "MCP servers whose tools agents may use; by default mcp.json beside the configuration file.",
            valueName: "file"))
    var mcpFile: String?

    /// The options that were given, as they are written.
    var given: [String] {
        [("--providers", providers), ("--prices", prices), ("--mcp-file", mcpFile)].compactMap { $1 == nil ? nil : $0 }
    }

    /// Reads the files and the keys. To be called at the start of the process: keys are erased from its environment.
    ///
    /// - Parameter logger: For what is told of providers and MCP servers.
    func runtime(logger: Logger = .silent) throws -> AgentRuntime {
        let environment = ProcessInfo.processInfo.environment
        do {
            let servers = try servers(environment, logger)
            let searchKey = try registerSearch(environment)
            var runtime = AgentRuntime(
                providers: try ProviderCatalog.ofProcess(
                    file: try file(providers, "providers.json", environment), logger: logger),
                servers: servers,
                prices: try file(prices, "prices.json", environment).map { try PriceTable(file: $0) } ?? .builtIn)
            if let searchKey { runtime.scrubber = SecretScrubber(runtime.providers.secrets + [searchKey]) }
            return runtime
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.badInput, "\(error)")
        }
    }

    /// With `BRAVE_API_KEY`, `web_search` asks Brave; `WEB_SEARCH_BASE_URL` is another server of that shape, or without a
    /// key one of DuckDuckGo's. Returns the key.
    private func registerSearch(_ environment: [String: String]) throws -> Secret? {
        let key = environment.nonEmpty("BRAVE_API_KEY").map { Secret($0) }
        let url = environment.nonEmpty("WEB_SEARCH_BASE_URL")
        guard key != nil || url != nil else { return nil }
        ProcessSecrets.erase(["BRAVE_API_KEY"])
        let search = try WebSearch(key == nil ? .duckDuckGo : .brave, baseURL: url) { key?.reveal() }
        try ToolRegistry.global.replace(.webSearch(search))
        return key
    }

    private func servers(_ environment: [String: String], _ logger: Logger) throws -> MCPServerPool? {
        guard let path = try file(mcpFile, "mcp.json", environment) else { return nil }
        var options = MCPFileOptions()
        options.file = path
        return try MCPServerPool(
            try options.servers(), environment: environment, logger: logger)
    }

    /// The file that was named, or the one of the configuration folder if it is there.
    private func file(_ given: String?, _ name: String, _ environment: [String: String]) throws -> String? {
        if let given {
            guard FileManager.default.fileExists(atPath: given) else {
                throw CommandError(.badInput, "there is no file \(given).")
            }
            return given
        }
        return ConfigurationFile.neighbour(name, environment: environment)
    }
}

extension AgentRuntime {
    /// What must run beside a worker: the MCP servers, which end with it.
    var services: [any Service] { servers.map { [MCPService(pool: $0)] } ?? [] }
}

/// Ends the programs of MCP servers with the process.
private struct MCPService: Service {
    let pool: MCPServerPool

    func run() async throws {
        await cancelWhenGracefulShutdown { await pool.run() }
    }
}
