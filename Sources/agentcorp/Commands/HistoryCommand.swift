import ArgumentParser
import Queue

/// `agentcorp history`: lists finished attempts.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List finished attempts, newest first.",
        discussion: """
            EXAMPLES
              agentcorp history --since 1h
              agentcorp history --outcome errored --kind http
              agentcorp history --longer 30s --json
            """)

    @Option(help: ArgumentHelp("Not older: a moment, or as 2h.", valueName: "moment")) var since: String?
    @Option(help: ArgumentHelp("Older: a moment, or as 2h.", valueName: "moment")) var until: String?
    @Option(help: "Only attempts of this kind.") var kind: String?
    @Option(
        help:
            "Only attempts that ended so: completed, failed, cancelled, skipped, errored, lost, suspended, snoozed or reopened."
    )
    var outcome: String?
    @Option(help: "Only attempts of this queue.") var queue: String?
    @Option(help: ArgumentHelp("Only attempts that ran at least so long, as 5s.", valueName: "time"))
    var longer: TimeSpan?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        try ValueCheck.limit(limit)
        for (name, text) in [("--since", since), ("--until", until)] { try ValueCheck.past(name, text) }
    }

    func run() async throws {
        var filter = HistoryFilter()
        filter.since = since.flatMap { Moment.past($0) }?.date
        filter.until = until.flatMap { Moment.past($0) }?.date
        filter.kind = kind
        filter.outcome = outcome
        filter.queue = queue
        filter.minimumMilliseconds = longer.map { Float($0.duration / .milliseconds(1)) }
        filter.limit = limit
        let wanted = filter
        let history = try await connection.withManager { try await $0.history(wanted) }
        try listing.print(
            history,
            [
                .init("ENDED"), .init("TASK", isRight: true), .init("TRY", isRight: true), .init("OUTCOME"),
                .init("KIND", isFlexible: true), .init("NAME", isFlexible: true), .init("QUEUE", isFlexible: true),
                .init("TIME", isRight: true), .init("WORKER", isRight: true), .init("NOTE", isFlexible: true),
            ], whenEmpty: "no history"
        ) { entry in
            [
                .init(TimeText.relative(entry.finishedAt), .dim), .init(entry.taskID), .init(entry.attempt),
                .init(entry.outcome, Style(outcome: entry.outcome)), .init(entry.kind), .init(entry.name),
                .init(entry.queue), .init(entry.ranMilliseconds.map { TimeText.duration(milliseconds: $0) }, .dim),
                .init(entry.workerID.map { "\($0)" }, .dim), .init(entry.message, .dim),
            ]
        }
    }
}
