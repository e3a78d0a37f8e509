import Agents
import ArgumentParser
import Providers
import Queue

/// `agentcorp budgets`: what tasks may use of models, and what they have used of it.
struct BudgetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budgets",
        abstract: "List, set and remove the budgets of tasks.",
        discussion: """
            EXAMPLES
              agentcorp budgets
              agentcorp budgets set 42 --usd 2.50 --time 1h
              agentcorp budgets remove 42

            The budget of a task holds for all below it too.
            """,
        subcommands: [List.self, Set.self, Remove.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List budgets, the latest first: what is spent (and reserved for calls under way) of the limit.",
            discussion: """
                EXAMPLES
                  agentcorp budgets list
                  agentcorp budgets list --task 42 --json
                """)

        @Option(help: ArgumentHelp("Only that of this task.", valueName: "id")) var task: TaskID?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let budgets = try await connection.withBudgets { try await $0.list(of: task?.value, limit: limit) }
            try listing.print(
                budgets,
                [
                    .init("TASK", isRight: true), .init("NAME", isFlexible: true), .init("USD", isRight: true),
                    .init("TOKENS", isRight: true), .init("TURNS", isRight: true), .init("UNTIL"),
                    .init("NOTE", isFlexible: true),
                ], whenEmpty: "no budgets; set one with: agentcorp budgets set TASK --usd 1"
            ) { budget in
                [
                    .init(budget.taskID), .init(budget.name ?? budget.kind),
                    MoneyText.cell(budget.usdSpent, budget.usdReserved, of: budget.usd),
                    MoneyText.cell(budget.tokensSpent, budget.tokensReserved, of: budget.tokens),
                    MoneyText.cell(budget.turnsSpent, budget.turnsReserved, of: budget.turns),
                    .init(budget.expiresAt.map { TimeText.relative($0) }, .dim),
                    .init(budget.unpriced > 0 ? MoneyText.unpriced(budget.unpriced) : nil, .yellow),
                ]
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Limit what a task and all below it may use; replaces its earlier limits.",
            discussion: """
                EXAMPLES
                  agentcorp budgets set 42 --usd 2.50
                  agentcorp budgets set 42 --tokens 200000 --turns 40 --time 1h

                What is spent stays. With --usd, models without a price are called only when --tokens is given too.
                """)

        @Argument(help: "The task.") var task: TaskID
        @Option(help: ArgumentHelp("US dollars.", valueName: "amount")) var usd: String?
        @Option(help: ArgumentHelp("Input and output together.", valueName: "n")) var tokens: Int64?
        @Option(help: ArgumentHelp("Answers of models.", valueName: "n")) var turns: Int?
        @Option(help: ArgumentHelp("From when the budget was first set, as 30m or 2h.", valueName: "time"))
        var time: TimeSpan?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if usd == nil, tokens == nil, turns == nil, time == nil {
                throw ValidationError("Give --usd, --tokens, --turns, --time or several of them.")
            }
            if let usd, USD(usd) == nil { throw ValidationError("--usd is an amount such as 2.50, not '\(usd)'.") }
        }

        func run() async throws {
            let budget = AgentBudget(usd: usd.flatMap { USD($0) }, tokens: tokens, turns: turns, time: time?.duration)
            try await connection.withBudgets { try await $0.set(budget, for: task.value) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the budget of a task; those above it still count.",
            discussion: "EXAMPLES\n  agentcorp budgets remove 42")

        @Argument(help: "The task.") var task: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let existed = try await connection.withBudgets { try await $0.remove(for: task.value) }
            if !existed { Terminal.errors.line("task \(task.value) has no budget") }
        }
    }
}

extension ConnectionOptions {
    /// Lends the budgets, the limits of providers and the costs.
    func withBudgets<Result>(_ body: (Budgets) async throws -> Result) async throws -> Result {
        try await resolve().withPool { pool in
            try await Migrator(pool).check()
            return try await body(Budgets(pool))
        }
    }
}
