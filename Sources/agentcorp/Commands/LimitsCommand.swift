import ArgumentParser
import Queue

/// `agentcorp limits`: how many tasks of a queue, a key or a tenant may run, and what waits for it.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Limit queues, concurrency keys and providers of models, and see what waits.",
        discussion: """
            EXAMPLES
              agentcorp limits set --queue emails --concurrency 20 --rate 100 --per 1m
              agentcorp limits set --key 'customer:*' --concurrency 2
              agentcorp limits lines
            """,
        subcommands: [List.self, Set.self, Remove.self, Weight.self, Lines.self, Providers.self],
        defaultSubcommand: List.self)

    /// What a limit is for.
    struct Scope: ParsableArguments {
        @Option(help: "The queue that is limited.")
        var queue: String?

        @Option(
            help: ArgumentHelp(
                "The concurrency key that is limited, or 'customer:*' for each key that begins so.", valueName: "key"))
        var key: String?

        func validate() throws {
            if (queue == nil) == (key == nil) { throw ValidationError("Give --queue or --key.") }
        }

        var description: String { queue.map { "queue \"\($0)\"" } ?? "key \"\(key ?? "")\"" }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List limits, with what is taken of each.", discussion: "EXAMPLES\n  agentcorp limits list --json"
        )

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let limits = try await connection.withManager { try await $0.limits() }
            try listing.print(
                limits,
                [
                    .init("LIMITED"), .init("NAME", isFlexible: true), .init("IN USE", isRight: true),
                    .init("CONCURRENCY", isRight: true), .init("RATE", isRight: true), .init("BURST", isRight: true),
                ], whenEmpty: "no limits; a concurrency key without one runs one task at a time"
            ) { limit in
                let isFull = limit.concurrency.map { limit.inUse >= $0 } ?? false
                return [
                    .init(limit.queue == nil ? "key" : "queue"), .init(limit.queue ?? limit.key ?? ""),
                    .init("\(limit.inUse)", isFull && limit.key?.hasSuffix("*") != true ? .yellow : .plain),
                    .init(limit.concurrency.map(String.init)),
                    .init(limit.rate.map { "\($0) per \(TimeText.duration(milliseconds: limit.perSeconds * 1000))" }),
                    .init(limit.burst.map(String.init)),
                ]
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Limit a queue or a key across all workers; replaces an earlier limit.",
            discussion: """
                EXAMPLES
                  agentcorp limits set --queue emails --rate 100 --per 1m --burst 20
                  agentcorp limits set --key stripe --concurrency 5
                """)

        @OptionGroup var scope: Scope

        @Option(help: ArgumentHelp("How many tasks may run at once.", valueName: "n"))
        var concurrency: Int?

        @Option(help: ArgumentHelp("How many tasks may start in each --per.", valueName: "n"))
        var rate: Int?

        @Option(help: ArgumentHelp("The interval of the rate, as 1s, 1m or 1h.", valueName: "time"))
        var per = TimeSpan(argument: "1s")!

        @Option(
            help: ArgumentHelp(
                "How many may start at once after a quiet time; by default as many as the rate.", valueName: "n"))
        var burst: Int?

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if concurrency == nil, rate == nil { throw ValidationError("Give --concurrency, --rate or both.") }
        }

        func run() async throws {
            let limit = LimitRequest(concurrency: concurrency, rate: rate, per: per.duration, burst: burst)
            try await connection.withManager { manager in
                if let queue = scope.queue {
                    try await manager.setLimit(queue: queue, limit)
                } else if let key = scope.key {
                    try await manager.setLimit(key: key, limit)
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a limit.", discussion: "EXAMPLES\n  agentcorp limits remove --queue emails")

        @OptionGroup var scope: Scope
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let existed = try await connection.withManager {
                try await $0.removeLimit(queue: scope.queue, key: scope.key)
            }
            if !existed { Terminal.errors.line("\(scope.description) has no limit") }
        }
    }

    struct Weight: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how many tasks a tenant gets in each round.",
            discussion: "EXAMPLES\n  agentcorp limits weight acme 3")

        @Argument(help: "The tenant.") var tenant: String
        @Argument(help: "0.001 to 1000; others have 1.") var weight: Double
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { try await $0.setWeight(tenant: tenant, weight) }
        }
    }

    struct Lines: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits to be admitted, the longest lines first, and what for.",
            discussion: "EXAMPLES\n  agentcorp limits lines --limit 10")

        @Option(help: "How many lines at most.")
        var limit = 100

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let lines = try await connection.withManager { try await $0.lines(limit: limit) }
            try listing.print(
                lines,
                [
                    .init("QUEUE"), .init("TENANT"), .init("KEY", isFlexible: true), .init("ORDERED KEY"),
                    .init("WAITING", isRight: true), .init("FOR"),
                ], whenEmpty: "nothing waits to be admitted"
            ) { line in
                [
                    .init(line.queue), .init(line.tenant), .init(line.concurrencyKey), .init(line.orderedKey),
                    .init(line.waiting > 10_000 ? "over 10000" : "\(line.waiting)"), .init(line.waitsFor, .dim),
                ]
            }
        }
    }
}
