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
                  agentcorp tasks retry --state failed --error "connection refused"

                What failed with a task or because of it is retried too.
                """)

        @Argument(help: "The tasks; or give a filter.") var ids: [TaskID] = []
        @Option(help: "All tasks in this state: failed, cancelled or skipped.") var state: String?
        @Option(help: "Of those, only tasks of this kind.") var kind: String?
        @Option(help: "Of those, only tasks of this queue.") var queue: String?
        @Option(help: "Of those, only tasks with this tag.") var tag: String?
        @Option(help: ArgumentHelp("Of those, only tasks whose error has this text.", valueName: "text"))
        var error: String?
        @Option(
            help: ArgumentHelp("Of those, only tasks that ended since then: a moment, or as 2h.", valueName: "moment"))
        var since: String?
        @Option(help: ArgumentHelp("Of those, only tasks that ended before then.", valueName: "moment"))
        var until: String?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit: Int?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        private var hasFilter: Bool {
            [state, kind, queue, tag, error, since, until].contains { $0 != nil } || limit != nil
        }

        func validate() throws {
            if ids.isEmpty, state == nil {
                throw ValidationError("Name tasks, or a --state to retry all tasks that are in it.")
            }
            if !ids.isEmpty, hasFilter { throw ValidationError("Name tasks or give a filter, not both.") }
            if let limit { try ValueCheck.limit(limit) }
            for (name, text) in [("--since", since), ("--until", until)] { try ValueCheck.past(name, text) }
        }

        func run() async throws {
            var filter: [String: JSONValue] = [:]
            for (key, value) in [("state", state), ("kind", kind), ("queue", queue), ("tag", tag), ("error", error)] {
                if let value { filter[key] = .string(value) }
            }
            for (key, value) in [("since", since), ("until", until)] {
                if let moment = value.flatMap(Moment.past) {
                    filter[key] = .string(
                        moment.date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
                }
            }
            if let limit { filter["limit"] = .integer(Int64(limit)) }
            let wanted = try JSONCoding.encode(JSONValue.object(filter))
            try await connection.withManager { manager in
                guard !ids.isEmpty else {
                    let count = try await manager.retryMany(wanted)
                    return Terminal.output.line("retrying \(Plural.tasks(count))")
                }
                for id in ids.map(\.value) {
                    let count = try await manager.retry(id)
                    Terminal.output.line("retrying task \(id)\(count > 1 ? " and \(count - 1) more" : "")")
                }
            }
        }
    }
}
