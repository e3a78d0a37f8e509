import ArgumentParser
import FoundationEssentials
import Queue

extension TasksCommand {
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put failed, cancelled or skipped tasks back to work.",
            discussion: """
                EXAMPLES
                  agentcorp tasks retry 17 18
                  agentcorp tasks retry --state failed --kind http --since 2h
                  agentcorp tasks retry --state failed --error "connection refused" --run-at 2026-01-31T02:00:00Z

                What failed with a task or because of it is retried too.
                """)

        @Argument(help: "The tasks; or give a filter.") var ids: [TaskID] = []
        @Option(help: "All tasks in this state: failed, cancelled or skipped.") var state: String?
        @OptionGroup var filter: EndedTaskFilter
        @Option(help: ArgumentHelp("Not before this moment, as 2026-01-31T09:30:00Z.", valueName: "moment"))
        var runAt: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if ids.isEmpty, state == nil {
                throw ValidationError("Name tasks, or a --state to retry all tasks that are in it.")
            }
            if !ids.isEmpty, state != nil || !filter.isEmpty {
                throw ValidationError("Name tasks or give a filter, not both.")
            }
            try ValueCheck.exact("--run-at", runAt)
        }

        func run() async throws {
            let wanted = try filter.json(state: state)
            let moment = runAt.flatMap { Moment.exact($0) }?.date
            try await connection.withManager { manager in
                guard !ids.isEmpty else {
                    let count = try await manager.retryMany(wanted, runAt: moment)
                    return Terminal.output.line("retrying \(Plural.tasks(count))")
                }
                try await Self.retry(ids, at: moment, manager)
            }
        }

        static func retry(_ ids: [TaskID], at moment: Date?, _ manager: TaskManager) async throws {
            for id in ids.map(\.value) {
                let count = try await manager.retry(id, runAt: moment)
                Terminal.output.line("retrying task \(id)\(count > 1 ? " and \(count - 1) more" : "")")
            }
        }
    }
}
