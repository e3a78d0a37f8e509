import Agents
import ArgumentParser
import JSON
import Queue

/// `agentcorp approvals`: what agents ask people.
struct ApprovalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals",
        abstract: "See what agents ask people, and decide.",
        discussion: """
            EXAMPLES
              agentcorp approvals list
              agentcorp approvals decide 3 approve
              agentcorp approvals decide 3 reject --response "not on a Friday"
            """,
        subcommands: [List.self, Decide.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits for a decision, oldest first.",
            discussion: """
                EXAMPLES
                  agentcorp approvals list
                  agentcorp approvals list --all --json
                """)

        @Flag(help: "Those that were decided, too.") var all = false
        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let approvals = try await connection.withManager { try await $0.approvals(isOpen: !all, limit: limit) }
            try listing.print(
                approvals,
                [
                    .init("ID", isRight: true), .init("TASK", isRight: true), .init("AGENT"), .init("TOOL"),
                    .init("ARGS", isFlexible: true), .init("WHY"), .init("ASKED"), .init("ANSWERS"), .init("DECISION"),
                ], whenEmpty: all ? "no approvals" : "nothing waits for a decision"
            ) { approval in
                [
                    .init(approval.id), .init(approval.task), .init(approval.agent), .init(approval.tool),
                    .init(approval.args?.text), .init(approval.reason),
                    .init(TimeText.relative(approval.createdAt), .dim),
                    .init(approval.decision == nil ? approval.decisions.joined(separator: "|") : nil, .yellow),
                    .init(approval.decision.map { "\($0) by \(approval.decidedBy ?? "somebody")" }),
                ]
            }
        }
    }

    struct Decide: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answer a request; its task goes on.",
            discussion: """
                EXAMPLES
                  agentcorp approvals decide 3 approve
                  agentcorp approvals decide 3 respond --response "The mail was sent by hand."

                approve lets the call run, reject tells the model that it was refused, respond gives the model your words \
                as its result. For a call that was interrupted: again runs it, fail tells the model that nobody knows.
                """)

        @Argument(help: "The request.") var id: Int64
        @Argument(help: "One of the answers that it offers.") var decision: String
        @Option(help: ArgumentHelp("What the model is told: a result with respond, else a reason.", valueName: "text"))
        var response: String?
        @Option(help: ArgumentHelp("Who decides; the database user if left out.", valueName: "name"))
        var by: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                try await manager.decide(id, decision, by: by, response: response)
            }
            Terminal.output.line("approval \(id): \(DisplayText.printable(decision))")
        }
    }
}
