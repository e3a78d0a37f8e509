import Agents
import ArgumentParser
import FoundationEssentials
import JSON
import MCP

/// Which names the configurations of agents may use.
struct VocabularyOptions: ParsableArguments {
    @Option(
        name: .customLong("tool"),
        help: ArgumentHelp("A tool that your own workers have; may be repeated.", valueName: "name"))
    var tools: [String] = []

    @Option(
        name: .customLong("provider"),
        help: ArgumentHelp("A provider that your own workers have; may be repeated.", valueName: "name"))
    var providers: [String] = []

    @Option(
        help: ArgumentHelp(
            "The file with the MCP servers; by default mcp.json beside the configuration file, if it is there.",
            valueName: "file"))
    var mcpFile: String?

    func vocabulary() throws -> AgentVocabulary {
        var vocabulary = AgentVocabulary.builtin
        vocabulary.tools?.formUnion(tools)
        vocabulary.providers?.formUnion(providers)
        let path = ConfigurationFile.folder(environment: ProcessInfo.processInfo.environment) + "/mcp.json"
        if mcpFile != nil || FileManager.default.fileExists(atPath: path) {
            var file = MCPFileOptions()
            file.file = mcpFile ?? path
            vocabulary.mcpServers = Set(try file.servers().map(\.name))
        }
        return vocabulary
    }
}
