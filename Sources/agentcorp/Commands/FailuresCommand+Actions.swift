import ArgumentParser
import FoundationEssentials
import Postgres
import Queue

extension FailuresCommand {
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put failures back to work at once, or at a moment.",
            discussion: """
                EXAMPLES
                  agentcorp failures retry 17 18
                  agentcorp failures retry --fingerprint 2ec0c2700cc1
                  agentcorp failures retry --all

                For thousands of them `agentcorp failures redrive` is kinder to what they call.
                """)

        @Argument(help: "The tasks; or give a filter.") var ids: [TaskID] = []
        @Flag(help: "All that have failed and were not discarded.") var all = false
        @OptionGroup var filter: EndedTaskFilter
        @Option(help: ArgumentHelp("Not before this moment, as 2026-01-31T09:30:00Z.", valueName: "moment"))
        var runAt: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            try FailuresCommand.check(ids, all, filter)
            try ValueCheck.exact("--run-at", runAt)
        }

        func run() async throws {
            let wanted = try filter.json()
            let moment = runAt.flatMap { Moment.exact($0) }?.date
            try await connection.withManager { manager in
                guard ids.isEmpty else { return try await TasksCommand.Retry.retry(ids, at: moment, manager) }
                let count = try await manager.retryMany(wanted, runAt: moment)
                Terminal.output.line("retrying \(Plural.tasks(count))")
            }
        }
    }

    struct Redrive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put failures back to work at a rate.",
            discussion: """
                EXAMPLES
                  agentcorp failures redrive --all --per-second 50
                  agentcorp failures redrive --kind http --since 1d --per-second 0.5
                  agentcorp failures redrives

                The coordinator does it; this command returns at once. What fails again stays with the failures.
                """)

        @Flag(help: "All that have failed and were not discarded.") var all = false
        @OptionGroup var filter: EndedTaskFilter
        @Option(help: ArgumentHelp("How many go back each second, 0.0001 to 100000.", valueName: "n"))
        var perSecond = 10.0
        @Option(help: ArgumentHelp("Begin at this moment, as 2026-01-31T09:30:00Z.", valueName: "moment"))
        var startAt: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            try FailuresCommand.check([], all, filter)
            try ValueCheck.exact("--start-at", startAt)
        }

        func run() async throws {
            let wanted = try filter.json()
            let begun = try await connection.withManager {
                try await $0.redrive(
                    wanted, perSecond: perSecond, startAt: startAt.flatMap { Moment.exact($0) }?.date,
                    by: FailuresCommand.user)
            }
            guard begun.tasks > 0 else { return Terminal.output.line("no failure matches") }
            Terminal.output.line(
                """
                redrive \(begun.id): \(begun.tasks == 1 ? "1 failure" : "\(Plural.grouped(begun.tasks)) failures") \
                until \(TimeText.exact(begun.lastAt))
                """)
            Terminal.errors.line(
                Terminal.errors.styled(.dim, "stop it with: agentcorp failures stop \(begun.id)"))
        }
    }

    struct Redrives: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List redrives, newest first.", discussion: "EXAMPLES\n  agentcorp failures redrives")

        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 20
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let redrives = try await connection.withManager { try await $0.redrives(limit: limit) }
            try listing.print(
                redrives,
                [
                    .init("ID", isRight: true), .init("STATE"), .init("DONE", isRight: true),
                    .init("OF", isRight: true), .init("PER SECOND", isRight: true), .init("BEGUN"), .init("BY"),
                    .init("END"), .init("FILTER", isFlexible: true),
                ], whenEmpty: "no redrives"
            ) { redrive in
                [
                    .init(redrive.id), .init(redrive.state, redrive.state == "running" ? .cyan : .dim),
                    .init(Plural.grouped(redrive.tried)), .init(Plural.grouped(redrive.total)),
                    .init(redrive.perSecond.formatted), .init(TimeText.relative(redrive.createdAt), .dim),
                    .init(redrive.createdBy, .dim),
                    .init((redrive.endsAt ?? redrive.endedAt).map { TimeText.relative($0) }, .dim),
                    .init(try? JSONCoding.encode(redrive.filter).text, .dim),
                ]
            }
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a redrive: what has not gone back to work stays with the failures.",
            discussion: "EXAMPLES\n  agentcorp failures stop 3")

        @Argument(help: "The redrive.") var id: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let didRun = try await connection.withManager { try await $0.stopRedrive(id.value) }
            Terminal.output.line(didRun ? "stopped redrive \(id.value)" : "redrive \(id.value) had ended already")
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take failures out of the list, with a reason; they stay in history.",
            discussion: """
                EXAMPLES
                  agentcorp failures discard 17 --reason "a wrong address"
                  agentcorp failures discard --error "no such user" --reason "the users are gone"

                Only `tasks retry` with its id brings one back.
                """)

        @Argument(help: "The tasks; or give a filter.") var ids: [TaskID] = []
        @Flag(help: "All that have failed.") var all = false
        @OptionGroup var filter: EndedTaskFilter
        @Option(help: ArgumentHelp("Why, for whoever looks at it later.", valueName: "text")) var reason: String
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try FailuresCommand.check(ids, all, filter) }

        func run() async throws {
            let wanted = try filter.json()
            try await connection.withManager { manager in
                guard ids.isEmpty else {
                    for id in ids.map(\.value) {
                        try await manager.discard(id, reason: reason, by: FailuresCommand.user)
                        Terminal.output.line("discarded task \(id)")
                    }
                    return
                }
                let some = try await manager.failures(wanted, limit: 1001).count
                guard some > 0 else { return Terminal.output.line("no failure matches") }
                try Confirmation.ask(
                    "Discard \(some > 1000 ? "more than 1,000 failures" : some == 1 ? "1 failure" : "\(some) failures")?",
                    isGiven: yes)
                let count = try await manager.discardMany(wanted, reason: reason, by: FailuresCommand.user)
                Terminal.output.line("discarded \(Plural.tasks(count))")
            }
        }
    }

    /// Who does it, for the record.
    fileprivate static var user: String? {
        let environment = ProcessInfo.processInfo.environment
        return environment.nonEmpty("SUDO_USER") ?? environment.nonEmpty("USER") ?? environment.nonEmpty("LOGNAME")
    }

    /// All of them is a thing that one says.
    fileprivate static func check(_ ids: [TaskID], _ all: Bool, _ filter: EndedTaskFilter) throws {
        switch (ids.isEmpty, filter.isEmpty, all) {
        case (true, true, false): throw ValidationError("Name tasks, give a filter, or say --all.")
        case (false, false, _), (false, _, true): throw ValidationError("Name tasks or give a filter, not both.")
        default: break
        }
    }
}

extension Double {
    /// Without a fraction when there is none.
    fileprivate var formatted: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}
