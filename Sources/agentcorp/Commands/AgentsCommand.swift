import Agents
import ArgumentParser
import Postgres
import Queue

/// `agentcorp agents`: looks at the agents of the pool, and puts them there.
struct AgentsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agents",
        abstract: "List, show, check, load, pick and remove agents, and have them break tasks down.",
        discussion: """
            EXAMPLES
              agentcorp agents check examples/agents
              agentcorp agents load examples/agents
              agentcorp agents show writer
              agentcorp agents pick --role coder --skill swift
            """,
        subcommands: [List.self, Show.self, Diff.self, Check.self, Load.self, Pick.self, Remove.self, Decompose.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the agents of the pool, and how busy they are.",
            discussion: """
                EXAMPLES
                  agentcorp agents list
                  agentcorp agents list --json | jq -r '.[] | select(.role == "coder").name'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let agents = try await connection.withAgents { try await $0.list() }
            try listing.print(
                agents,
                [
                    .init("AGENT", isFlexible: true), .init("VERSION", isRight: true), .init("ROLE", isFlexible: true),
                    .init("SKILLS", isFlexible: true), .init("MODEL", isFlexible: true),
                    .init("TOOLS", isRight: true), .init("BUSY", isRight: true), .init("PRICE", isRight: true),
                    .init("DESCRIPTION", isFlexible: true),
                ], whenEmpty: "no agents; load a folder of them with: agentcorp agents load PATH"
            ) { agent in
                let isFull = agent.maxConcurrency.map { agent.busy >= $0 } ?? false
                return [
                    .init(agent.name), .init(agent.version), .init(agent.role),
                    .init(agent.skills.joined(separator: ", ")), .init(agent.models.first),
                    .init("\(agent.tools.count)", agent.tools.isEmpty ? .dim : .plain),
                    .init(AgentCard.busy(agent), isFull ? .yellow : agent.busy == 0 ? .dim : .plain),
                    .init(agent.price.map(AgentCard.price), .dim), .init(agent.description, .dim),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an agent with its prompt, as it is now or as it was.",
            discussion: """
                EXAMPLES
                  agentcorp agents show writer
                  agentcorp agents show writer --version 2 --json
                """)

        @Argument(help: "The agent.") var name: String
        @Option(help: ArgumentHelp("An earlier version, also of an agent that was removed.", valueName: "n"))
        var version: Int?
        @Flag(help: "Print JSON: the version, with its configuration.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withAgents { pool in
                let (number, config) = try await pool.agent(named: name, version: version)
                let versions = try await pool.versions(of: name)
                guard let shown = versions.first(where: { $0.version == number }) else {
                    throw CommandError(.notFound, "agent \"\(name)\" has no version \(number).")
                }
                guard !json else { return Terminal.output.line(try JSONCoding.encode(shown).text) }
                let record = shown.isCurrent ? try await pool.list().first { $0.name == name } : nil
                AgentCard(version: shown, config: config, record: record).print()
                if versions.count > 1, Terminal.output.isInteractive {
                    Terminal.errors.line(
                        Terminal.errors.styled(.dim, "\(versions.count) versions: agentcorp agents diff \(name)"))
                }
            }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what differs between two versions of an agent.",
            discussion: """
                EXAMPLES
                  agentcorp agents diff writer            the version before, and the newest
                  agentcorp agents diff writer 1 3
                """)

        @Argument(help: "The agent.") var name: String
        @Argument(help: "A version; by default the one before the other.") var from: Int?
        @Argument(help: "A version; by default the newest.") var to: Int?
        @Flag(help: "Print JSON: an array with a line for each field.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withAgents { pool in
                let versions = try await pool.versions(of: name)
                guard let newest = versions.first else {
                    // For its message.
                    _ = try await pool.agent(named: name)
                    return
                }
                let after = to ?? newest.version
                guard from != nil || after > 1 else {
                    if json { try ListingOptions.printJSON([String]()) }
                    return Terminal.errors.line("agent \"\(name)\" has no earlier version")
                }
                let before = from ?? after - 1
                func config(_ number: Int) throws -> AgentVersionRecord {
                    guard let version = versions.first(where: { $0.version == number }) else {
                        throw CommandError(
                            .notFound, "agent \"\(name)\" has no version \(number); it has 1 to \(newest.version).")
                    }
                    return version
                }
                let difference = ConfigDifference(try config(before).config, try config(after).config)
                guard !json else { return try ListingOptions.printJSON(difference.changes) }
                if difference.changes.isEmpty { Terminal.errors.line("no difference") }
                difference.print()
            }
        }
    }

    struct Pick: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the name of the agent that fits best.",
            discussion: """
                EXAMPLES
                  agentcorp agents pick --role coder --skill swift
                  agentcorp agents pick --role reviewer --by cheapest
                """)

        @Option(help: ArgumentHelp("The role that it must have.", valueName: "role")) var role: String?
        @Option(
            name: .customLong("skill"),
            help: ArgumentHelp("A skill that it must have; may be repeated.", valueName: "skill"))
        var skills: [String] = []
        @Option(
            help: ArgumentHelp("least_busy or cheapest.", valueName: "what"),
            completion: .list(AgentPool.Preference.allCases.map(\.rawValue)), transform: Self.preference)
        var by = AgentPool.Preference.leastBusy
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        private static func preference(_ word: String) throws -> AgentPool.Preference {
            guard let preference = AgentPool.Preference(rawValue: word.replacing("-", with: "_")) else {
                throw ValidationError("--by is least_busy or cheapest, not \"\(word)\".")
            }
            return preference
        }

        func run() async throws {
            let name = try await connection.withAgents { try await $0.pick(role: role, skills: skills, by: by) }
            Terminal.output.line(name)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take agents out of the pool; the tasks that they have go on.",
            discussion: "EXAMPLES\n  agentcorp agents remove writer")

        @Argument(help: "The agents.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withAgents { pool in
                for name in names { try await pool.remove(name) }
            }
        }
    }
}

extension ConnectionOptions {
    /// Connects to the pool of agents for the length of one command.
    func withAgents<Result>(_ body: (AgentPool) async throws -> Result) async throws -> Result {
        try await resolve().withPool { pool in
            try await Migrator(pool).check()
            return try await body(AgentPool(pool))
        }
    }
}
