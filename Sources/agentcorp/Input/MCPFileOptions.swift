import ArgumentParser
import FoundationEssentials
import JSON
import MCP
import Postgres
import Tools

/// Where the MCP servers are configured.
struct MCPFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file with the servers; by default mcp.json beside the configuration file.", valueName: "file"))
    var file: String?

    /// The servers of the file.
    func servers() throws -> [MCPServerConfiguration] {
        let environment = ProcessInfo.processInfo.environment
        let path = file ?? ConfigurationFile.folder(environment: environment) + "/mcp.json"
        guard file != nil || FileManager.default.fileExists(atPath: path) else {
            throw CommandError(
                .notFound,
                "no MCP servers are configured. Write \(path), such as "
                    + #"{"servers": {"time": {"command": ["mcp-server-time"]}}}, or name another file with --file."#)
        }
        do {
            return try MCPServerConfiguration.servers(in: try JSONValue(parsing: try JSONInput.file(path).bytes))
        } catch let error as MCPError {
            throw CommandError(.badInput, "\(path): \(error.message)")
        }
    }

    /// Lends the servers, or those of them that are named, and ends them afterwards.
    func withPool<Result>(of names: [String] = [], _ body: (MCPServerPool) async throws -> Result) async throws
        -> Result
    {
        let servers = try servers()
        for name in names where !servers.contains(where: { $0.name == name }) {
            let guess = Spelling.nearest(to: name, in: servers.map(\.name)).map { "Did you mean `\($0)`?" }
            throw CommandError(
                .notFound,
                "there is no MCP server `\(name)`. "
                    + (guess ?? "Servers: \(servers.map(\.name).joined(separator: ", ")).")
            )
        }
        let pool = try MCPServerPool(
            servers.filter { names.isEmpty || names.contains($0.name) },
            environment: ProcessInfo.processInfo.environment, logger: .silent)
        do {
            let result = try await body(pool)
            await pool.close()
            return result
        } catch {
            await pool.close()
            throw error
        }
    }
}
