import ArgumentParser
import Postgres
import Queue

/// `agentcorp failures`: the dead letters, what they have in common, and what becomes of them.
struct FailuresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failures",
        abstract: "Look at tasks that have failed for good, retry, redrive or discard them.",
        discussion: """
            EXAMPLES
              agentcorp failures groups
              agentcorp failures list --fingerprint 2ec0c2700cc1
              agentcorp failures redrive --fingerprint 2ec0c2700cc1 --per-second 20
              agentcorp failures discard --error "no such user" --reason "the users are gone"
            """,
        subcommands: [
            List.self, Groups.self, Show.self, Retry.self, Redrive.self, Redrives.self, Stop.self, Discard.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List failures, newest tasks first.",
            discussion: """
                EXAMPLES
                  agentcorp failures list --kind http --since 2h
                  agentcorp failures list --before 1200        the next page after one that ended with task 1200
                """)

        @OptionGroup var filter: EndedTaskFilter
        @Option(help: ArgumentHelp("Only tasks with smaller ids.", valueName: "id"))
        var before: TaskID?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let wanted = try filter.json()
            let limit = filter.limit ?? 50
            let failures = try await connection.withManager {
                try await $0.failures(wanted, before: before?.value, limit: limit)
            }
            try listing.print(
                failures,
                [
                    .init("ID", isRight: true), .init("FAILED"), .init("KIND", isFlexible: true),
                    .init("NAME", isFlexible: true), .init("QUEUE", isFlexible: true), .init("TRY", isRight: true),
                    .init("FINGERPRINT"), .init("ERROR", isFlexible: true),
                ], whenEmpty: "no failures"
            ) { failure in
                [
                    .init(failure.taskID), .init(TimeText.relative(failure.failedAt), .dim), .init(failure.kind),
                    .init(failure.name), .init(failure.queue), .init("\(failure.attempt)", .dim),
                    .init(failure.fingerprint, .dim), .init(failure.message ?? failure.reason, .red),
                ]
            }
            listing.hintAtOlder(failures.last?.taskID, shown: failures.count, of: limit)
        }
    }

    struct Groups: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Group failures by what went wrong, the most frequent first.",
            discussion: """
                EXAMPLES
                  agentcorp failures groups
                  agentcorp failures groups --json | jq '.[0].fingerprint'

                Errors of one kind that differ only in numbers, ids, paths and what is quoted have one fingerprint.
                """)

        @Option(help: "Only failures of this kind.") var kind: String?
        @Option(help: "Only failures of this queue.") var queue: String?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let groups = try await connection.withManager {
                try await $0.failureGroups(queue: queue, kind: kind, limit: limit)
            }
            try listing.print(
                groups,
                [
                    .init("FINGERPRINT"), .init("FAILURES", isRight: true), .init("KIND", isFlexible: true),
                    .init("QUEUE", isFlexible: true), .init("FIRST"), .init("LAST"), .init("TASK", isRight: true),
                    .init("ERROR", isFlexible: true),
                ], whenEmpty: "no failures"
            ) { group in
                [
                    .init(group.fingerprint), .init(Plural.grouped(group.failures), .bold), .init(group.kind),
                    .init(group.queue), .init(TimeText.relative(group.firstAt), .dim),
                    .init(TimeText.relative(group.lastAt), .dim), .init("\(group.taskID)", .dim),
                    .init(group.message ?? group.reason, .red),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all there is to know about a failure, and how to find those like it.",
            discussion: "EXAMPLES\n  agentcorp failures show 17")

        @Argument(help: "The task.") var id: TaskID
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                let task = try await manager.describe(id.value)
                guard !json else { return Terminal.output.line(try JSONCoding.encode(task).text) }
                TaskCard(task).print()
                if let failure = try await manager.failures(before: id.value + 1, limit: 1).first,
                    failure.taskID == id.value
                {
                    Terminal.output.line()
                    Terminal.output.line(
                        Terminal.output.styled(
                            .dim, "those like it: agentcorp failures list --fingerprint \(failure.fingerprint)"))
                }
            }
        }
    }
}
