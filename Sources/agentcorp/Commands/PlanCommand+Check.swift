import Agents
import ArgumentParser
import JSON
import Kinds
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
            var (vocabulary, kinds, remark) = try await known()
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
                for kind in kinds.map({ Self.strange(verdicts, besides: $0) }) ?? [] {
                    let guess = Spelling.nearest(to: kind, in: BuiltinKinds.names).map { " Did you mean \"\($0)\"?" }
                    Terminal.errors.note(
                        .yellow, "note", "no live worker handles kind \"\(DisplayText.printable(kind))\".\(guess ?? "")"
                    )
                }
                if let remark { Terminal.errors.note(.yellow, "note", remark) }
            }
            if verdicts.contains(where: { !$0.issues.isEmpty }) { throw ExitStatus.badInput }
        }

        /// Kinds that nobody works on: they may be those of workers that are still to come.
        private static func strange(_ verdicts: [PlanVerdict], besides known: Set<String>) -> [String] {
            verdicts.reduce(into: Set()) { $0.formUnion($1.kinds) }.subtracting(BuiltinKinds.names).subtracting(known)
                .sorted()
        }

        /// What the database has, with the kinds of the workers, or why there is none. One that was named must answer.
        private func known() async throws -> (PlanVocabulary, kinds: Set<String>?, remark: String?) {
            let missing = agents.isEmpty ? "agents, plans and queues" : "other plans and queues"
            guard !offline else { return (PlanVocabulary(), nil, nil) }
            do {
                return try await connection.withManager { manager in
                    let workers = try await manager.workers().filter { $0.state == "alive" }
                    return (try await Orchestrator(manager).vocabulary(), Set(workers.flatMap(\.kinds)), nil)
                }
            } catch let error as CommandError where connection.database == nil && error.status == .cannotConnect {
                return (PlanVocabulary(), nil, "no database is named: \(missing) were not looked up")
            } catch let error as PostgresError where connection.database == nil {
                return (PlanVocabulary(), nil, "\(missing) were not looked up: \(error.message)")
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
