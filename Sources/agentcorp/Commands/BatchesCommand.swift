import ArgumentParser
import FoundationEssentials
import Postgres
import Queue

/// `agentcorp batches`: creates batches, adds to them, and shows how far they are.
struct BatchesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batches",
        abstract: "List, show, create, extend and seal batches: groups of tasks that call back.",
        discussion: """
            EXAMPLES
              agentcorp batches
              agentcorp batches create import --tasks @rows.json --on-complete '{"kind": "publish"}'
              agentcorp batches show 17

            A batch is a task: tasks cancel, retry, tree and watch take its id too.
            """,
        subcommands: [List.self, Show.self, Create.self, Add.self, Seal.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List batches, newest first.",
            discussion: """
                EXAMPLES
                  agentcorp batches list --open
                  agentcorp batches list --json | jq '.[] | select(.failed > 0).id'
                """)

        @Flag(help: "Only batches that have not settled.") var open = false
        @Option(help: ArgumentHelp("Only batches with smaller ids.", valueName: "id")) var before: TaskID?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let batches = try await connection.withManager {
                try await $0.batches(isOpen: open ? true : nil, before: before?.value, limit: limit)
            }
            try listing.print(
                batches,
                [
                    .init("ID", isRight: true), .init("STATE"), .init("NAME", isFlexible: true),
                    .init("DONE", isRight: true), .init("TOTAL", isRight: true), .init("PENDING", isRight: true),
                    .init("COMPLETED", isRight: true), .init("FAILED", isRight: true), .init("ADDED"),
                ], whenEmpty: "no batches"
            ) { batch in
                [
                    .init(batch.id), BatchText.state(batch), .init(batch.name), .init(BatchText.percent(batch)),
                    .init("\(batch.total)"), .init("\(batch.pending)", batch.pending == 0 ? .dim : .plain),
                    .init("\(batch.completed)", batch.completed == 0 ? .dim : .green),
                    .init("\(batch.failed)", batch.failed == 0 ? .dim : .red),
                    .init(TimeText.relative(batch.createdAt), .dim),
                ]
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how far a batch is.",
            discussion: """
                EXAMPLES
                  agentcorp batches show 17
                  agentcorp tasks list --root 17 --state failed       what did not succeed
                """)

        @Argument(help: "The batch.") var id: TaskID
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let batch = try await connection.withManager { try await $0.batch(id.value) }
            guard !json else { return Terminal.output.line(try JSONCoding.encode(batch).text) }
            let terminal = Terminal.output
            let state = BatchText.state(batch)
            terminal.line(
                "batch \(batch.id)\(batch.name.map { " " + DisplayText.printable($0) } ?? ""): "
                    + terminal.styled(state.style, state.text))
            terminal.line(
                "\(BatchText.bar(batch, on: terminal)) \(BatchText.percent(batch)) of \(Plural.tasks(batch.total))")
            terminal.line("\(batch.completed) completed, \(batch.failed) failed, \(batch.pending) pending")
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add tasks to a batch that has not settled.",
            discussion: """
                EXAMPLES
                  agentcorp batches add 17 @rows.json
                  agentcorp batches add 17 '[{"kind": "noop"}]'
                """)

        @Argument(help: "The batch.") var id: TaskID
        @Argument(help: ArgumentHelp("A JSON array of tasks, @FILE, or - for stdin.", valueName: "tasks"))
        var tasks: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let tasks = try JSONInput.value(tasks, name: "the tasks")
            let ids = try await connection.withManager { try await $0.addToBatch(id.value, tasks) }
            Terminal.output.line("added \(Plural.tasks(ids.count)) to batch \(id.value)")
        }
    }

    struct Seal: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let batches settle when their tasks have ended.",
            discussion: "EXAMPLES\n  agentcorp batches seal 17")

        @Argument(help: "The batches.") var ids: [TaskID]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for id in ids { try await manager.sealBatch(id.value) }
            }
        }
    }
}
