import Agents
import ArgumentParser
import FoundationEssentials
import JSON
import MCP
import Providers

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
        let environment = ProcessInfo.processInfo.environment
        var vocabulary = AgentVocabulary.builtin
        vocabulary.tools?.formUnion(tools)
        do {
            let catalog = try ProviderCatalog(
                environment: environment,
                file: ConfigurationFile.neighbour("providers.json", environment: environment),
                logger: .silent)
            vocabulary.providers = Set(catalog.names + providers)
        } catch {
            throw CommandError(.badInput, "\(error)")
        }
        if let path = mcpFile ?? ConfigurationFile.neighbour("mcp.json", environment: environment) {
            var file = MCPFileOptions()
            file.file = path
            vocabulary.mcpServers = Set(try file.servers().map(\.name))
        }
        return vocabulary
    }
}
