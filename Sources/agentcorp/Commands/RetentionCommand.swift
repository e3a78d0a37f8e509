import ArgumentParser
import Queue

/// `agentcorp retention`: how long ended trees are kept.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Set how long ended tasks are kept, and prune.",
        discussion: """
            EXAMPLES
              agentcorp retention
              agentcorp retention set --keep 1d --queue metrics
              agentcorp retention set --keep 90d --outcome failed --archive
            """,
        subcommands: [List.self, Set.self, Remove.self, Run.self],
        defaultSubcommand: List.self)

    /// What a rule is for.
    struct Scope: ParsableArguments {
        @Option(help: "Trees whose root stood in this queue; by default all.")
        var queue: String?

        @Option(help: "Trees whose root ended so: completed, failed, cancelled or skipped; by default all.")
        var outcome: String?

        var description: String {
            (outcome.map { "\($0) trees" } ?? "trees") + (queue.map { " of queue \"\($0)\"" } ?? "")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the rules; the most exact one counts, the queue before the outcome.",
            discussion: "EXAMPLES\n  agentcorp retention list --json")

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let rules = try await connection.withManager { try await $0.retentionRules() }
            try listing.print(
                rules,
                [
                    .init("QUEUE", isFlexible: true), .init("OUTCOME"), .init("KEEP", isRight: true),
                    .init("ARCHIVE"),
                ], whenEmpty: "no rules: everything is kept for ever"
            ) { rule in
                [
                    rule.queue.map { .init($0) } ?? .init("all", .dim),
                    rule.outcome.map { .init($0, Style(outcome: $0)) } ?? .init("all", .dim),
                    rule.keepSeconds.map { .init(TimeText.duration(milliseconds: $0 * 1000)) } ?? .init("for ever"),
                    .init(rule.archive, rule.archive == "none" ? .dim : .plain),
                ]
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set how long trees are kept after their root has ended.",
            discussion: """
                EXAMPLES
                  agentcorp retention set --keep 1d --outcome completed
                  agentcorp retention set --forever --queue audit
                  agentcorp retention set --keep 90d --archive
                """)

        @OptionGroup var scope: Scope
        @Option(help: ArgumentHelp("How long, as 12h or 7d.", valueName: "time")) var keep: TimeSpan?
        @Flag(help: "Never delete them.") var forever = false
        @Flag(help: "Copy them to the table agentcorp.archive before they are deleted.") var archive = false
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if (keep == nil) != forever { throw ValidationError("Give --keep or --forever.") }
            if forever, archive { throw ValidationError("What is kept for ever is not archived.") }
        }

        func run() async throws {
            try await connection.withManager { manager in
                if let keep {
                    let delay = TimeText.duration(keep.duration)
                    try Confirmation.ask(
                        """
                        \(archive ? "Archive and delete" : "Delete") \(scope.description) \(delay) after their end, \
                        with those that ended earlier?
                        """, isGiven: yes)
                }
                try await manager.setRetention(
                    keep: keep?.duration, queue: scope.queue, outcome: scope.outcome, archives: archive)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a rule: the next less exact one counts again.",
            discussion: """
                EXAMPLES
                  agentcorp retention remove --queue metrics
                  agentcorp retention remove           the rule for all queues and outcomes
                """)

        @OptionGroup var scope: Scope
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                try Confirmation.ask(
                    "Remove the rule for \(scope.description)? A less exact rule may delete them sooner.",
                    isGiven: yes)
                let existed = try await manager.removeRetention(queue: scope.queue, outcome: scope.outcome)
                if !existed { Terminal.errors.line("there is no such rule") }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prune now, as fast as that goes; the coordinator does it little by little.",
            discussion: "EXAMPLES\n  agentcorp retention run")

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let pruned = try await connection.withManager { manager in
                try await manager.prune { tasks in
                    guard Terminal.errors.isInteractive, tasks > 0 else { return }
                    Terminal.errors.write("\r\(Plural.tasks(tasks)) ")
                }
            }
            if Terminal.errors.isInteractive, pruned.tasks > 0 { Terminal.errors.write("\r\u{1B}[K") }
            Terminal.output.line(
                "pruned \(Plural.tasks(pruned.tasks)) in \(Plural.grouped(pruned.trees)) tree\(pruned.trees == 1 ? "" : "s")"
            )
        }
    }
}
