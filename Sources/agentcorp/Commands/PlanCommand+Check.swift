import Agents
import ArgumentParser
import Orchestration
import Plans
import Postgres
import Queue

extension PlanCommand {
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell everything that is wrong with plans, and what a run of each can come to.",
            discussion: """
                EXAMPLES
                  agentcorp plan check release-notes.yaml
                  agentcorp plan check plans/*.json --agents agents/ --json

                Agents, plans and queues are looked up in the database, where there is one; without one, what can be told from \
                the files is. Plans that are checked together may run each other. The exit code is 2 when something is wrong.
                """)

        @Argument(help: "Files, JSON or YAML; or - for stdin.", completion: .file())
        var files: [String]
        @Option(
            help: ArgumentHelp(
                "A folder of agents, or one file: they count as loaded; may be repeated.", valueName: "path"),
            completion: .file())
        var agents: [String] = []
        @Flag(help: "Do not look for a database.") var offline = false
        @Flag(help: "Print JSON: an array with a line for each plan.") var json = false
        @OptionGroup var names: VocabularyOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let sources = try files.map { try RunSource.document($0) }
            var (vocabulary, remark) = try await known()
            try add(folders: agents, to: &vocabulary)
            let tools = try names.vocabulary()
            vocabulary.tools = tools.tools
            vocabulary.mcpServers = tools.mcpServers ?? []
            vocabulary.hasOtherPlans = vocabulary.plans == nil
            vocabulary.add(sources)
            let verdicts = sources.map { source in
                PlanVerdict(
                    file: source.file,
                    PlanChecker(vocabulary: vocabulary).check(
                        text: source.text, isJSON: source.isJSON, file: source.file))
            }
            if json {
                try ListingOptions.printJSON(verdicts)
            } else {
                for verdict in verdicts { verdict.print() }
                if let remark { Terminal.errors.note(.yellow, "note", remark) }
            }
            if verdicts.contains(where: { !$0.issues.isEmpty }) { throw ExitStatus.badInput }
        }

        /// What the database has, or why there is none. One that was named must answer.
        private func known() async throws -> (PlanVocabulary, remark: String?) {
            let missing = agents.isEmpty ? "agents, plans and queues" : "other plans and queues"
            guard !offline else { return (PlanVocabulary(), nil) }
            do {
                return (try await connection.withManager { try await Orchestrator($0).vocabulary() }, nil)
            } catch let error as CommandError where connection.database == nil && error.status == .cannotConnect {
                return (PlanVocabulary(), "no database is named: \(missing) were not looked up")
            } catch let error as PostgresError where connection.database == nil {
                return (PlanVocabulary(), "\(missing) were not looked up: \(error.message)")
            }
        }

        private func add(folders: [String], to vocabulary: inout PlanVocabulary) throws {
            for path in folders {
                let folder = AgentFolder(reading: path)
                guard folder.issues.isEmpty else {
                    AgentIssues.print(folder.issues)
                    throw ExitStatus.badInput
                }
                vocabulary.agents = vocabulary.agents ?? [:]
                for entry in folder.entries {
                    vocabulary.agents?[entry.config.name] = PlanVocabulary.Agent(entry.config)
                }
            }
        }
    }
}
