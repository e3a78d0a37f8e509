import Agents
import ArgumentParser

extension AgentsCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the configurations of agents without a database.",
            discussion: """
                EXAMPLES
                  agentcorp agents check examples/agents
                  agentcorp agents check writer.yaml --tool crm.find --json

                Everything that is wrong is told at once. The exit code is 2 when something is.
                """)

        @Argument(help: "Folders with agents/*.json, *.yaml and *.yml, or single files.", completion: .file())
        var paths: [String]
        @Flag(help: "Print JSON: an array with a line for each mistake.") var json = false
        @OptionGroup var names: VocabularyOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let vocabulary = try names.vocabulary()
            let folders = paths.map { AgentFolder(reading: $0, vocabulary: vocabulary) }
            let issues = folders.flatMap(\.issues)
            if json {
                try ListingOptions.printJSON(issues)
            } else {
                let faulty = Set(issues.map(\.file))
                for entry in folders.flatMap(\.entries) where !faulty.contains(entry.file) {
                    let models = entry.config.models.map(\.description).joined(separator: ", then ")
                    Terminal.output.line(DisplayText.printable("\(entry.file): \(entry.config.name), \(models)"))
                }
                AgentIssues.print(issues)
            }
            if !issues.isEmpty { throw ExitStatus.badInput }
        }
    }

    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put the agents of a folder into the pool: all of them, or none when something is wrong.",
            discussion: """
                EXAMPLES
                  agentcorp agents load examples/agents --dry-run
                  agentcorp agents load examples/agents

                An agent that has changed gets a new version; tasks that have begun keep theirs. Agents that are not in the \
                folder stay in the pool.
                """)

        @Argument(help: "A folder with agents/*.json, *.yaml and *.yml, or a single file.", completion: .file())
        var path: String
        @Flag(help: "Say what would change, and change nothing.") var dryRun = false
        @OptionGroup var names: VocabularyOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let folder = AgentFolder(reading: path, vocabulary: try names.vocabulary())
            guard folder.issues.isEmpty else {
                AgentIssues.print(folder.issues)
                throw ExitStatus.badInput
            }
            let changes = try await connection.withAgents { pool in
                try await pool.put(folder.entries.map(\.config), isDryRun: dryRun)
            }
            try listing.print(
                changes, [.init("AGENT"), .init("VERSION", isRight: true), .init("CHANGE")], whenEmpty: "no agents"
            ) { change in
                let style: Style =
                    switch change.change {
                    case .new: .green
                    case .changed: .yellow
                    case .unchanged: .dim
                    }
                return [.init(change.name), .init(change.version), .init(change.change.rawValue, style)]
            }
        }
    }
}

/// What is wrong with configurations, for people.
enum AgentIssues {
    static func print(_ issues: [AgentConfigIssue]) {
        for issue in issues { Terminal.errors.note(.red, "error", DisplayText.printable("\(issue)")) }
    }
}
