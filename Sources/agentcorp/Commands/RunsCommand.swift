import ArgumentParser
import Queue

/// `agentcorp runs`: looks at runs of plans and steers them.
struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List, show, watch, cancel, retry, fork and compare runs of plans.",
        discussion: """
            EXAMPLES
              agentcorp runs list --plan research --state failed
              agentcorp runs show 17
              agentcorp runs retry 17
            """,
        subcommands: [
            List.self, Show.self, Watch.self, Cancel.self, Retry.self, RunsForkCommand.self, RunsDiffCommand.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List runs, newest first.",
            discussion: """
                EXAMPLES
                  agentcorp runs list --state running
                  agentcorp runs list --plan research --json
                  agentcorp runs list --before 1200        the next page after one that ended with run 1200
                """)

        @Option(help: ArgumentHelp("Only runs of this plan.", valueName: "name")) var plan: String?
        @Option(help: "scheduled, queued, ready, running, completed, failed, cancelled or skipped.")
        var state: String?
        @Option(help: ArgumentHelp("Only runs with smaller ids.", valueName: "id")) var before: TaskID?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let runs = try await connection.withManager {
                try await $0.runs(of: plan, state: state, before: before?.value, limit: limit)
            }
            try listing.print(
                runs,
                [
                    .init("RUN", isRight: true), .init("PLAN", isFlexible: true), .init("STATE"), .init("ADDED"),
                    .init("TIME", isRight: true), .init("COST", isRight: true), .init("NOTE", isFlexible: true),
                ], whenEmpty: "no runs", row: RunText.cells)
            listing.hintAtOlder(runs.last?.id, shown: runs.count, of: limit)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a run: its tasks with states, outputs in short, what was decided, and what it has cost.",
            discussion: """
                EXAMPLES
                  agentcorp runs show 17
                  agentcorp runs show 17 --all | grep failed
                  agentcorp runs show 17 --json | jq '.[] | {name, state, output}'

                Of many items the ones that failed or run are shown, and the others counted.
                """)

        @Argument(help: "The run.") var id: TaskID
        @Flag(help: "Show every task, however many there are.") var all = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let (nodes, notes) = try await connection.withManager { manager in
                let nodes = try await manager.run(id.value, siblings: all ? Int(Int32.max) : 100)
                return (nodes, try await manager.notes(of: nodes.map(\.id)))
            }
            guard !listing.json else {
                return try ListingOptions.printJSON(nodes.map { RunText.Entry(node: $0, notes: notes[$0.id]) })
            }
            let lines = RunLayout(nodes, notes: notes).lines(for: .output, most: all ? .max : 300)
            Terminal.output.write(lines.joined(separator: "\n") + "\n")
            let totals = RunTotals(nodes)
            Terminal.output.line(
                Terminal.output.styled(
                    .bold, [totals.progress, totals.spending].compactMap { $0 }.joined(separator: "; ")))
            if nodes[0].state == .failed || nodes[0].state == .cancelled, Terminal.output.isInteractive {
                Terminal.errors.line(
                    Terminal.errors.styled(.dim, "why: agentcorp tasks why \(id.value)"))
            }
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Watch a run until it ends.",
            discussion: """
                EXAMPLES
                  agentcorp runs watch 17
                  agentcorp runs watch 17 | cat       a line for each change

                The exit code is 0 when the run completed and 1 when not.
                """)

        @Argument(help: "The run.") var id: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                try await UnservedRun.warn(id.value, manager)
                try await RunWatch(manager: manager, run: id.value, terminal: .output).untilEnd()
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel runs with everything open in them.",
            discussion: """
                EXAMPLES
                  agentcorp runs cancel 17 --reason "wrong input"
                """)

        @Argument(help: "The runs.") var ids: [TaskID]
        @Option(help: ArgumentHelp("Why, for whoever looks at it later.", valueName: "text")) var reason: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for id in ids.map(\.value) {
                    let count = try await manager.cancel(id, reason: reason)
                    Terminal.output.line(
                        count == 0 ? "run \(id) had ended already" : "cancelled run \(id): \(Plural.tasks(count))")
                }
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put runs that failed or were cancelled back to work.",
            discussion: """
                EXAMPLES
                  agentcorp runs retry 17
                  agentcorp runs retry 17 && agentcorp runs watch 17

                What has completed stays as it is and is not paid for again; what failed runs again, with what was cancelled for it.
                """)

        @Argument(help: "The runs, or any tasks of them.") var ids: [TaskID]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for id in ids.map(\.value) {
                    let count = try await manager.retryRun(id)
                    Terminal.output.line("retrying run \(id): \(Plural.tasks(count))")
                    try await UnservedRun.warn(id, manager)
                }
            }
        }
    }
}
