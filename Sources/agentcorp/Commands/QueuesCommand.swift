import ArgumentParser
import Queue

/// `agentcorp queues`: lists, creates, pauses and resumes queues.
struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues",
        abstract: "List, create, pause and resume queues.",
        discussion: """
            EXAMPLES
              agentcorp queues
              agentcorp queues create io
              agentcorp queues pause io
            """,
        subcommands: [List.self, Create.self, Pause.self, Resume.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List queues with their depths.",
            discussion: """
                EXAMPLES
                  agentcorp queues list
                  agentcorp queues list --json | jq '.[] | select(.ready > 1000).name'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let queues = try await connection.withManager { try await $0.queues() }
            try listing.print(
                queues,
                [
                    .init("QUEUE", isFlexible: true), .init("STATE"), .init("WORKERS", isRight: true),
                    .init("READY", isRight: true), .init("OLDEST", isRight: true), .init("QUEUED", isRight: true),
                    .init("SCHEDULED", isRight: true),
                    .init("BLOCKED", isRight: true), .init("RUNNING", isRight: true), .init("COMPLETED", isRight: true),
                    .init("FAILED", isRight: true), .init("CANCELLED", isRight: true), .init("SKIPPED", isRight: true),
                ], whenEmpty: "no queues"
            ) { queue in
                func count(_ number: Int, _ style: Style = .plain) -> Table.Cell {
                    .init("\(number)", number == 0 ? .dim : style)
                }
                return [
                    .init(queue.name), queue.pausedAt == nil ? .init("active", .green) : .init("paused", .yellow),
                    .init("\(queue.workers)", queue.workers == 0 && queue.ready > 0 ? .red : .plain),
                    count(queue.ready),
                    .init(queue.oldestReadySeconds.map { TimeText.duration(milliseconds: $0 * 1000) }, .dim),
                    count(queue.queued), count(queue.scheduled), count(queue.blocked), count(queue.running, .cyan),
                    count(queue.completed, .green), count(queue.failed, .red), count(queue.cancelled),
                    count(queue.skipped),
                ]
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make sure that a queue exists.", discussion: "EXAMPLES\n  agentcorp queues create io")

        @Argument(help: "The queues.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await manager.createQueue(name) }
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Claim no more tasks of a queue; what runs goes on.",
            discussion: "EXAMPLES\n  agentcorp queues pause io")

        @Argument(help: "The queues.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await manager.pauseQueue(name) }
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a pause.", discussion: "EXAMPLES\n  agentcorp queues resume io")

        @Argument(help: "The queues.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await manager.resumeQueue(name) }
            }
        }
    }
}
