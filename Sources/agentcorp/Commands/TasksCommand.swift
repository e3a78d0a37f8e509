import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

/// `agentcorp tasks`: looks at tasks and steers them.
struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "List, show, explain, watch, cancel, retry and fork tasks.",
        discussion: """
            EXAMPLES
              agentcorp tasks list --state failed --limit 20
              agentcorp tasks tree 1
              agentcorp tasks retry --state failed --kind http
            """,
        subcommands: [
            List.self, Show.self, Tree.self, Watch.self, Cancel.self, Retry.self, Output.self, Steps.self, Fork.self,
            Why.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List tasks, newest first.",
            discussion: """
                EXAMPLES
                  agentcorp tasks list --state running
                  agentcorp tasks list --kind http --tag nightly --json
                  agentcorp tasks list --before 1200        the next page after one that ended with task 1200
                """)

        @Option(help: "blocked, scheduled, ready, running, waiting, completed, failed, cancelled or skipped.")
        var state: String?
        @Option(help: "Only tasks of this kind.")
        var kind: String?
        @Option(help: "Only tasks of this queue.")
        var queue: String?
        @Option(help: "Only tasks with this tag.")
        var tag: String?
        @Option(help: ArgumentHelp("Only the tree of this root.", valueName: "id"))
        var root: TaskID?
        @Option(help: ArgumentHelp("Only tasks with smaller ids.", valueName: "id"))
        var before: TaskID?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
        var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            var filter = TaskFilter()
            filter.state = state
            filter.kind = kind
            filter.queue = queue
            filter.tag = tag
            filter.rootID = root?.value
            filter.before = before?.value
            filter.limit = limit
            let wanted = filter
            let tasks = try await connection.withManager { try await $0.tasks(wanted) }
            try listing.print(tasks, TaskRows.columns, whenEmpty: "no tasks", row: TaskRows.cells)
            listing.hintAtOlder(tasks.last?.id, shown: tasks.count, of: limit)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all there is to know about a task; of an agent's, its turns, tool calls and cost.",
            discussion: """
                EXAMPLES
                  agentcorp tasks show 17
                  agentcorp tasks show 17 --json | jq .attempts
                """)

        @Argument(help: "The task.") var id: TaskID
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var encryption: EncryptionOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let (task, progress) = try await connection.withManager(cipher: try encryption.cipher()) {
                (try await $0.describe(id.value), try await $0.agentProgress(of: id.value))
            }
            if json {
                var members = task.members ?? [:]
                members["run"] = try progress.map { try JSONValue(parsing: try JSONCoding.encode($0).bytes) }
                Terminal.output.line(JSONValue.object(members).text)
            } else {
                TaskCard(task).print()
                if let progress {
                    Terminal.output.line()
                    AgentTimeline(progress: progress).print()
                }
            }
        }
    }

    struct Tree: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a task and all below it.",
            discussion: """
                EXAMPLES
                  agentcorp tasks tree 1
                  agentcorp tasks tree 1 --all | grep failed

                Of many subtasks the ones that run or have failed are shown, and the others counted.
                """)

        @Argument(help: "The task at the top.") var id: TaskID
        @Flag(help: "Show every task, however many there are.") var all = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let nodes = try await connection.withManager { try await $0.tree(id.value) }
            if listing.json {
                try ListingOptions.printJSON(nodes)
            } else {
                let lines = TreeLayout(nodes, maximumLines: all ? .max : 60).lines(for: .output)
                Terminal.output.write(lines.joined(separator: "\n") + "\n")
            }
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Watch a task and all below it until it ends.",
            discussion: """
                EXAMPLES
                  agentcorp tasks watch 1
                  agentcorp tasks watch 1 | cat       a line for each change

                The exit code is 0 when the task completed and 1 when not.
                """)

        @Argument(help: "The task.") var id: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                try await TreeWatch(manager: manager, root: id.value, terminal: .output).untilEnd()
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel tasks with everything open below them.",
            discussion: """
                EXAMPLES
                  agentcorp tasks cancel 17 --reason "wrong input"

                Running handlers are stopped with the next heartbeat of their worker.
                """)

        @Argument(help: "The tasks.") var ids: [TaskID]
        @Option(help: ArgumentHelp("Why, for whoever looks at it later.", valueName: "text")) var reason: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for id in ids.map(\.value) {
                    let count = try await manager.cancel(id, reason: reason)
                    Terminal.output.line(
                        count == 0
                            ? "task \(id) had ended already"
                            : "cancelled \(Plural.tasks(count)): \(id)\(count > 1 ? " and below" : "")")
                }
            }
        }
    }

    struct Output: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what a task returned, as JSON.",
            discussion: """
                EXAMPLES
                  agentcorp tasks output 17 | jq .
                  agentcorp tasks output 17 --raw >report.txt

                A task that completed without a result prints null. One that has not completed is an error.
                """)

        @Argument(help: "The task.") var id: TaskID
        @Flag(help: "Print a string without quotes.") var raw = false
        @OptionGroup var encryption: EncryptionOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager(cipher: try encryption.cipher()) { manager in
                let result = try await manager.output(of: id.value)
                if result == nil {
                    let state = try await manager.describe(id.value)["state"]?.string ?? "unknown"
                    guard state == TaskState.completed.rawValue else {
                        throw CommandError(.conflict, "task \(id.value) has no output: it is \(state).")
                    }
                }
                ResultText.print(result, isRaw: raw)
            }
        }
    }
}
