import Agents
import ArgumentParser

extension LimitsCommand {
    /// `agentcorp limits providers`: how many calls of a model may be under way, and when none may.
    struct Providers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "providers",
            abstract: "Limit the calls of models, and cool providers down.",
            discussion: """
                EXAMPLES
                  agentcorp limits providers
                  agentcorp limits providers set anthropic --concurrency 8 --requests 50 --tokens 40000
                  agentcorp limits providers cool openai --model gpt-large --for 10m --reason quota
                """,
            subcommands: [List.self, Set.self, Remove.self, Cool.self],
            defaultSubcommand: List.self)

        /// What a limit is for.
        struct Scope: ParsableArguments {
            @Argument(help: "The provider.") var provider: String
            @Option(help: "Only this model of it.") var model: String?
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "List limits and cool-downs of providers and models.",
                discussion: "EXAMPLES\n  agentcorp limits providers list --json")

            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var listing: ListingOptions

            func run() async throws {
                let limits = try await connection.withBudgets { try await $0.limits() }
                try listing.print(
                    limits,
                    [
                        .init("PROVIDER", isFlexible: true), .init("MODEL", isFlexible: true),
                        .init("UNDER WAY", isRight: true), .init("CONCURRENCY", isRight: true),
                        .init("REQUESTS/MIN", isRight: true), .init("TOKENS/MIN", isRight: true), .init("COOLS UNTIL"),
                        .init("REASON", isFlexible: true),
                    ], whenEmpty: "no provider is limited or cools down"
                ) { limit in
                    let isFull = limit.maxConcurrent.map { limit.inFlight >= $0 } ?? false
                    return [
                        .init(limit.provider), .init(limit.model),
                        .init("\(limit.inFlight)", isFull ? .yellow : .plain),
                        .init(limit.maxConcurrent.map(String.init)), .init(limit.requestsPerMinute.map(String.init)),
                        .init(limit.tokensPerMinute.map(String.init)),
                        .init(limit.cooldownUntil.map { TimeText.relative($0) }, .yellow),
                        .init(limit.cooldownReason, .dim),
                    ]
                }
            }
        }

        struct Set: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Limit a provider or a model across all workers; replaces an earlier limit.",
                discussion: """
                    EXAMPLES
                      agentcorp limits providers set anthropic --concurrency 8
                      agentcorp limits providers set openai --model gpt-large --requests 60 --tokens 90000

                    Where a provider and its model are both limited, both must have room.
                    """)

            @OptionGroup var scope: Scope
            @Option(help: ArgumentHelp("How many calls may be under way at once.", valueName: "n"))
            var concurrency: Int?
            @Option(help: ArgumentHelp("How many calls may begin in a minute.", valueName: "n"))
            var requests: Int?
            @Option(help: ArgumentHelp("How many tokens they may use in a minute, input and output.", valueName: "n"))
            var tokens: Int64?
            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var output: OutputOptions

            func validate() throws {
                if concurrency == nil, requests == nil, tokens == nil {
                    throw ValidationError("Give --concurrency, --requests, --tokens or several of them.")
                }
            }

            func run() async throws {
                try await connection.withBudgets {
                    try await $0.setLimit(
                        provider: scope.provider, model: scope.model, concurrency: concurrency, requests: requests,
                        tokens: tokens)
                }
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "End a limit, and a cool-down with it.",
                discussion: "EXAMPLES\n  agentcorp limits providers remove openai --model gpt-large")

            @OptionGroup var scope: Scope
            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var output: OutputOptions

            func run() async throws {
                let existed = try await connection.withBudgets {
                    try await $0.removeLimit(provider: scope.provider, model: scope.model)
                }
                if !existed { Terminal.errors.line("\(scope.provider) \(scope.model ?? "*") has no limit") }
            }
        }

        struct Cool: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Call a provider or a model no more for a while, or again at once.",
                discussion: """
                    EXAMPLES
                      agentcorp limits providers cool openai --for 10m --reason 'out of credit'
                      agentcorp limits providers cool openai --end
                    """)

            @OptionGroup var scope: Scope
            @Option(name: .customLong("for"), help: ArgumentHelp("How long, as 30s or 10m.", valueName: "time"))
            var duration: TimeSpan?
            @Option(help: "Why: for those who wonder.") var reason: String?
            @Flag(help: "End a cool-down.") var end = false
            @OptionGroup var connection: ConnectionOptions
            @OptionGroup var output: OutputOptions

            func validate() throws {
                if (duration == nil) != end { throw ValidationError("Give --for or --end.") }
            }

            func run() async throws {
                try await connection.withBudgets { budgets in
                    guard let duration else {
                        return try await budgets.warmUp(provider: scope.provider, model: scope.model)
                    }
                    try await budgets.coolDown(
                        provider: scope.provider, model: scope.model, for: duration.duration, reason: reason)
                }
            }
        }
    }
}
