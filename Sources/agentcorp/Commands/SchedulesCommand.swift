import ArgumentParser
import FoundationEssentials
import Queue

/// `agentcorp schedules`: lists, sets, removes, pauses, resumes and runs schedules.
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules",
        abstract: "List, set, remove, pause, resume and run schedules.",
        discussion: """
            EXAMPLES
              agentcorp schedules
              agentcorp schedules set backup "30 2 * * *" command --args '{"argv": ["backup"]}' --time-zone Europe/Berlin
              agentcorp schedules next backup
              agentcorp schedules run backup --wait
            """,
        subcommands: [List.self, Set.self, Remove.self, Pause.self, Resume.self, Run.self, Next.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List schedules: when each fires next, and how its last task stands.",
            discussion: """
                EXAMPLES
                  agentcorp schedules list
                  agentcorp schedules list --json | jq '.[] | select(.error).name'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let schedules = try await connection.withManager { try await $0.schedules() }
            try listing.print(
                schedules,
                [
                    .init("SCHEDULE", isFlexible: true), .init("STATE"), .init("CRON", isFlexible: true),
                    .init("ZONE", isFlexible: true), .init("KIND", isFlexible: true), .init("NEXT"), .init("LAST"),
                    .init("TASK", isRight: true), .init("RESULT"), .init("FIRED", isRight: true),
                    .init("SKIPPED", isRight: true), .init("NOTE", isFlexible: true),
                ], whenEmpty: "no schedules"
            ) { schedule in
                let state: Table.Cell =
                    if schedule.pausedAt != nil { .init("paused", .yellow) } else if schedule.error != nil {
                        .init("failing", .red)
                    } else { .init("active", .green) }
                return [
                    .init(schedule.name), state, .init(schedule.cron),
                    .init(schedule.timeZone == "UTC" ? nil : schedule.timeZone, .dim), .init(schedule.kind),
                    .init(schedule.nextFireAt.map { TimeText.relative($0) }),
                    .init(schedule.lastFireAt.map { TimeText.relative($0) }, .dim),
                    .init(schedule.lastTaskID.map { "\($0)" }),
                    .init(schedule.lastState?.rawValue, schedule.lastState.map { Style($0) } ?? .plain),
                    .init("\(schedule.fired)", schedule.fired == 0 ? .dim : .plain),
                    .init("\(schedule.skipped)", schedule.skipped == 0 ? .dim : .yellow),
                    schedule.error.map { .init($0, .red) } ?? .init(schedule.description, .dim),
                ]
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove schedules; their tasks stay.", discussion: "EXAMPLES\n  agentcorp schedules remove backup"
        )

        @Argument(help: "The schedules.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await manager.removeSchedule(name) }
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let schedules not fire; their open tasks go on.",
            discussion: "EXAMPLES\n  agentcorp schedules pause backup")

        @Argument(help: "The schedules.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await manager.pauseSchedule(name) }
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a pause; what was missed is caught up with as --catch-up said.",
            discussion: "EXAMPLES\n  agentcorp schedules resume backup")

        @Argument(help: "The schedules.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names {
                    let next = try await manager.resumeSchedule(name)
                    Terminal.output.line("\(name) fires \(FireRows.when(next))")
                }
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enqueue the task of a schedule now and print its id; the timetable stays as it is.",
            discussion: """
                EXAMPLES
                  agentcorp schedules run backup
                  agentcorp schedules run backup --wait
                """)

        @Argument(help: "The schedule.") var name: String
        @Flag(help: "Watch the task to its end and print what it returned; fail if it fails.") var wait = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                let id = try await manager.runSchedule(name)
                if wait {
                    try await TreeWatch(manager: manager, root: id).printResult()
                } else {
                    Terminal.output.line("\(id)")
                }
            }
        }
    }

    struct Next: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show when a schedule, or a cron expression, fires next.",
            discussion: """
                EXAMPLES
                  agentcorp schedules next backup
                  agentcorp schedules next --cron "30 2 * * MON-FRI" --time-zone America/New_York --limit 3
                """)

        @Argument(help: "The schedule; or give --cron.") var name: String?
        @Option(help: ArgumentHelp("A cron expression to try.", valueName: "expression")) var cron: String?
        @Option(help: ArgumentHelp("The time zone of the expression.", valueName: "name")) var timeZone: String?
        @Option(help: ArgumentHelp("So many moments, 1 to 1000.", valueName: "n")) var limit = 10
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws {
            if (name == nil) == (cron == nil) { throw ValidationError("Name a schedule, or give --cron.") }
            if name != nil, timeZone != nil { throw ValidationError("--time-zone goes with --cron.") }
            guard (1...1000).contains(limit) else { throw ValidationError("--limit is 1 to 1000, not \(limit).") }
        }

        func run() async throws {
            let fires = try await connection.withManager { manager in
                if let name { return try await manager.nextFires(of: name, count: limit) }
                return try await manager.previewSchedule(cron: cron ?? "", timeZone: timeZone ?? "UTC", count: limit)
            }
            try listing.print(fires, FireRows.columns, whenEmpty: "never") { FireRows.cells($0) }
        }
    }
}
