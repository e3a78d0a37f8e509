import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

/// `agentcorp approvals`: what agents and plans ask people.
struct ApprovalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals",
        abstract: "See what agents and plans ask people, and decide.",
        discussion: """
            EXAMPLES
              agentcorp approvals list
              agentcorp approvals show 3
              agentcorp approvals decide 3 approve --always
              agentcorp approvals decide 3 edit --edit path=/tmp/report.txt
              agentcorp approvals decide 3 reject --response "not on a Friday"
              agentcorp approvals rules list
            """,
        subcommands: [List.self, Show.self, Decide.self, Rules.self],
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
                    .init("ID", isRight: true), .init("TASK", isRight: true), .init("WHO"),
                    .init("WHAT", isFlexible: true),
                    .init("WITH", isFlexible: true), .init("WHY"), .init("ASKED"), .init("EXPIRES"),
                    .init("ANSWERS", isFlexible: true),
                    .init("DECISION", isFlexible: true),
                ], whenEmpty: all ? "no approvals" : "nothing waits for a decision"
            ) { approval in
                [
                    .init(approval.id), .init(approval.task), .init(approval.agent ?? approval.name),
                    .init(approval.tool ?? approval.title), .init((approval.args ?? approval.value)?.text),
                    .init(approval.reason), .init(TimeText.relative(approval.createdAt), .dim),
                    .init(approval.expiresAt.map { TimeText.relative($0) }, .dim),
                    .init(approval.state == "open" ? ApprovalCard.answers(approval) : nil, .yellow),
                    .init(ApprovalCard.decision(approval) ?? (approval.state == "open" ? nil : approval.state)),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a request whole: what will be done, why it is asked, until when.",
            discussion: """
                EXAMPLES
                  agentcorp approvals show 3
                  agentcorp approvals show 3 --json
                """)

        @Argument(help: "The request.") var id: Int64
        @Flag(help: "Print it as JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let approval = try await connection.withManager { try await $0.approval(id) }
            guard !json else { return Terminal.output.line(try JSONCoding.encode(approval).text) }
            ApprovalCard(approval: approval).print()
        }
    }
}
