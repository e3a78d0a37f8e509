import Agents
import ArgumentParser
import Queue

/// `agentcorp messages`: what the agents of a run say to each other.
struct MessagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "messages",
        abstract: "Show what the agents of a run say to each other, and say something to them.",
        discussion: """
            EXAMPLES
              agentcorp messages 17
              agentcorp messages send 17 coder "The deadline has moved to Friday."
            """,
        subcommands: [List.self, Send.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the messages of a run, the oldest first.",
            discussion: """
                EXAMPLES
                  agentcorp messages list 17
                  agentcorp messages list 17 --json | jq '.[] | select(.recipient == "coder").body'
                """)

        @Argument(help: "The run: any task of it.") var run: TaskID
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 1000
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let messages = try await connection.withManager { manager in
                // One that is not there is an error, unlike one in which nothing was said.
                _ = try await manager.standing(of: run.value)
                return try await manager.messages(ofRun: run.value, limit: limit)
            }
            try listing.print(
                messages,
                [
                    .init("#", isRight: true), .init("SENT"), .init("FROM"), .init("TO"), .init("READ BY"),
                    .init("TOPIC"), .init("TEXT", isFlexible: true),
                ], whenEmpty: "no messages"
            ) { message in
                [
                    .init(message.number), .init(TimeText.relative(message.sentAt), .dim), .init(message.sender, .cyan),
                    .init(message.recipient, .cyan), .init(message.readers?.joined(separator: ", "), .dim),
                    .init(message.topic), .init(message.body),
                ]
            }
        }
    }

    struct Send: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say something to an agent of a run, or to all of them.",
            discussion: """
                EXAMPLES
                  agentcorp messages send 17 coder "The deadline has moved to Friday."
                  agentcorp messages send 17 all "Come to an end." --from boss
                """)

        @Argument(help: "Any task of the run.") var task: TaskID
        @Argument(help: "The name of the agent, or all.") var agent: String
        @Argument(help: "What you want to say.") var text: String
        @Option(help: "What it is about.") var topic: String?
        @Option(help: ArgumentHelp("Who you are; by default the role of the database.", valueName: "name"))
        var from: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let number = try await connection.withManager {
                try await $0.sendMessage(text, to: agent, run: task.value, topic: topic, from: from)
            }
            Terminal.output.line("\(number)")
        }
    }
}
