import Agents
import ArgumentParser
import JSON
import Queue

/// `agentcorp sessions`: conversations with agents.
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List, show, clear, fork and remove conversations with agents.",
        discussion: """
            EXAMPLES
              agentcorp sessions list
              agentcorp sessions show trip --task 17
              agentcorp sessions fork trip trip-by-train --at 4
            """,
        subcommands: [List.self, Show.self, Clear.self, Fork.self, Remove.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List sessions, the latest first.",
            discussion: """
                EXAMPLES
                  agentcorp sessions list --json
                """)

        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let sessions = try await connection.withManager { try await $0.sessions(limit: limit) }
            try listing.print(
                sessions,
                [
                    .init("SESSION", isFlexible: true), .init("AGENT"), .init("MESSAGES", isRight: true), .init("LAST"),
                    .init("FORK OF"),
                ], whenEmpty: "no sessions"
            ) { session in
                [
                    .init(session.name), .init(session.agent), .init(session.messages),
                    .init(session.lastAt.map { TimeText.relative($0) }, .dim), .init(session.forkedFrom, .dim),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all that was said in a session.",
            discussion: """
                EXAMPLES
                  agentcorp sessions show trip
                  agentcorp sessions show trip --task 17 --json
                """)

        @Argument(help: "The session.") var name: String
        @Option(help: ArgumentHelp("Only what belongs to this task.", valueName: "id")) var task: TaskID?
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let messages = try await connection.withManager {
                try await $0.messages(ofSession: name, task: task?.value)
            }
            guard !json else { return try ListingOptions.printJSON(messages) }
            let terminal = Terminal.output
            for message in messages {
                terminal.line(
                    terminal.styled(message.role == "user" ? .bold : .cyan, "\(message.seq) \(message.role)")
                        + terminal.styled(.dim, "  task \(message.task), \(TimeText.relative(message.createdAt))"))
                if !message.text.isEmpty { terminal.line(DisplayText.streamed(message.text)) }
                if case .array(let calls)? = message.calls {
                    for call in calls {
                        let line =
                            "\(call["tool"]?.string ?? "") \(call["args"]?.text ?? "") \(call["state"]?.string ?? "")"
                        terminal.line(terminal.styled(.dim, "  " + DisplayText.printable(line)))
                    }
                }
                terminal.line()
            }
        }
    }

    struct Clear: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the agent forget what was said; it stays to be read.",
            discussion: """
                EXAMPLES
                  agentcorp sessions clear trip
                """)

        @Argument(help: "The session.") var name: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { try await $0.clearSession(name) }
            Terminal.output.line("cleared \(DisplayText.printable(name))")
        }
    }

    struct Fork: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Begin a new session with the messages of another.",
            discussion: """
                EXAMPLES
                  agentcorp sessions fork trip trip-by-train
                  agentcorp sessions fork trip trip-by-train --at 4
                """)

        @Argument(help: "The session.") var name: String
        @Argument(help: "The name of the new one.") var newName: String
        @Option(help: ArgumentHelp("Up to this message.", valueName: "seq")) var at: Int?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { try await $0.forkSession(name, as: newName, at: at) }
            Terminal.output.line("forked \(DisplayText.printable(name)) as \(DisplayText.printable(newName))")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a session with all that was said in it.",
            discussion: """
                EXAMPLES
                  agentcorp sessions remove trip --yes

                Its tasks stay, as long as retention says.
                """)

        @Argument(help: "The session.") var name: String
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try Confirmation.ask("Remove all that was said in \(DisplayText.printable(name))?", isGiven: yes)
            try await connection.withManager { try await $0.removeSession(name) }
            Terminal.output.line("removed \(DisplayText.printable(name))")
        }
    }
}
