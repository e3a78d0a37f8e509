import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

extension ApprovalsCommand {
    /// `agentcorp approvals rules`: how calls are decided without asking.
    struct Rules: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rules",
            abstract: "See, add and remove the rules by which nobody is asked again.",
            discussion: """
                EXAMPLES
                  agentcorp approvals rules list
                  agentcorp approvals rules add approve git.status --agent coder
                  agentcorp approvals rules remove 4
                """,
            subcommands: [List.self, Add.self, Remove.self],
            defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "List the rules, oldest first.",
                discussion: "EXAMPLES\n  agentcorp approvals rules list\n  agentcorp approvals rules list --json")

            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var listing: ListingOptions

            func run() async throws {
                let rules = try await connection.withManager { try await $0.approvalRules() }
                try listing.print(
                    rules,
                    [
                        .init("ID", isRight: true), .init("DECISION"), .init("TOOL", isFlexible: true), .init("AGENT"),
                        .init("RUN", isRight: true), .init("WITH", isFlexible: true), .init("WHY"), .init("BY"),
                        .init("EXPIRES"), .init("DECIDED", isRight: true),
                    ], whenEmpty: "no rules"
                ) { rule in
                    [
                        .init(rule.id), .init(rule.decision, rule.decision == "approve" ? .green : .red),
                        .init(rule.tool), .init(rule.agent ?? "any"), .init(rule.run.map { "\($0)" } ?? "any"),
                        .init(rule.args?.text), .init(rule.reason), .init(rule.createdBy),
                        .init(rule.expiresAt.map { rule.hasExpired ? "expired" : TimeText.relative($0) }, .dim),
                        .init("\(rule.decided)"),
                    ]
                }
            }
        }

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Add a rule, and print its id.",
                discussion: """
                    EXAMPLES
                      agentcorp approvals rules add approve git.status
                      agentcorp approvals rules add approve 'filesys.*' --agent coder --for 8h
                      agentcorp approvals rules add reject terminal.run_command --args '{"command": "rm"}'
                      agentcorp approvals rules add approve mail.send --run 12 --reason tainted

                    A rule answers only what would be asked: which calls are asked about, the agents' configurations \
                    say. Where two rules differ, the call is rejected.
                    """)

            @Argument(help: "approve or reject.") var decision: AlwaysRule.Decision
            @Argument(help: "A tool, or how the names of several begin, with * after it.") var tool: String
            @Option(help: "Only calls of this agent.") var agent: String?
            @Option(help: "Only calls in the run of this task.") var run: TaskID?
            @Option(
                help: ArgumentHelp(
                    "Only calls whose arguments contain this: JSON, @FILE, or - for stdin.", valueName: "json"))
            var args: String?
            @Option(help: "Which question it answers: policy, or tainted after something from outside was read.")
            var reason = AlwaysRule.Reason.policy
            @Option(name: .customLong("for"), help: ArgumentHelp("How long it holds, as 8h.", valueName: "time"))
            var time: TimeSpan?
            @Option(
                name: .customLong("as"),
                help: ArgumentHelp("Who adds it; the database user if left out.", valueName: "name"))
            var person: String?
            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var output: OutputOptions

            func run() async throws {
                let args = try args.map { try JSONValue(parsing: try JSONInput.value($0, name: "--args").bytes) }
                let id = try await connection.withManager { manager in
                    try await manager.addApprovalRule(
                        decision, tool: tool, agent: agent, run: run?.value, args: args, reason: reason,
                        expires: time?.duration, by: person)
                }
                Terminal.output.line("\(id)")
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Remove a rule; what it has decided stands.",
                discussion: "EXAMPLES\n  agentcorp approvals rules remove 4")

            @Argument(help: "The rule.") var id: Int
            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var output: OutputOptions

            func run() async throws {
                let existed = try await connection.withManager { try await $0.removeApprovalRule(id) }
                if !existed { Terminal.errors.line("there is no rule \(id)") }
            }
        }
    }
}
