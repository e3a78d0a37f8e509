import ArgumentParser
import Queue

/// `agentcorp workers`: lists worker processes.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "List worker processes.",
        discussion: """
            EXAMPLES
              agentcorp workers
              agentcorp workers --all --json | jq '.[].host'
            """)

    @Flag(help: "Also those that have stopped or were lost.") var all = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var listing: ListingOptions

    func run() async throws {
        let workers = try await connection.withManager { try await $0.workers(includingStopped: all) }
        try listing.print(
            workers,
            [
                .init("ID", isRight: true), .init("STATE"), .init("HOST", isFlexible: true),
                .init("PID", isRight: true),
                .init("QUEUES", isFlexible: true), .init("KINDS", isFlexible: true), .init("HOLDING", isRight: true),
                .init("OF", isRight: true), .init("STARTED"), .init("BEAT"), .init("VERSION"),
            ], whenEmpty: "no live workers"
        ) { worker in
            let style: Style =
                switch worker.state {
                case "alive": .green
                case "silent": .yellow
                case "lost": .red
                default: .dim
                }
            return [
                .init(worker.id), .init(worker.state, style), .init(worker.host), .init(worker.pid),
                .init(worker.queues.joined(separator: ",")), .init(worker.kinds.joined(separator: ",")),
                .init(worker.holding), .init(worker.concurrency), .init(TimeText.relative(worker.startedAt), .dim),
                .init(TimeText.relative(worker.stoppedAt ?? worker.beatAt), .dim), .init(worker.version, .dim),
            ]
        }
    }
}
