internal import FoundationEssentials

/// The real MCP servers that tests talk with.
public enum MCPServers {
    /// Where their programs are: what `scripts/mcp-servers` prints, else the first directory on PATH that has one.
    ///
    /// Tests are skipped when it is nil. `scripts/test` sets the variable, so that there none is.
    public static let directory: String? = {
        let environment = ProcessInfo.processInfo.environment
        if let directory = environment["AGENTCORP_MCP_SERVERS"], !directory.isEmpty { return directory }
        return (environment["PATH"] ?? "").split(separator: ":").map(String.init).first {
            FileManager.default.isExecutableFile(atPath: $0 + "/mcp-server-time")
        }
    }()

    public static var areInstalled: Bool { directory != nil }

    /// A program among them.
    public static func path(_ name: String) throws -> String {
        guard let directory, FileManager.default.isExecutableFile(atPath: "\(directory)/\(name)") else {
            throw TestSupportError("there is no \(name) in \(directory ?? "any directory"): run scripts/mcp-servers")
        }
        return "\(directory)/\(name)"
    }
}
