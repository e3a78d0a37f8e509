import ArgumentParser
import JSON
import Orchestration
import Postgres
import Queue

extension HooksCommand {
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Emit an event, or enqueue a task, whenever something becomes of tasks from now on.",
            discussion: """
                EXAMPLES
                  agentcorp hooks add feed completed failed --emit feed.tasks
                  agentcorp hooks add alarm failed --plan incident --enqueue '{"kind": "http", "args": {"url": "https://example.com"}}'
                  agentcorp hooks add audit created --queue money --tag refund --enqueue audit

                The event, or args.event of the task, says what has become of which task. Of several values of one \
                option one must fit; of several options, all. The same name again changes the hook. The coordinator \
                tells hooks, about once a second.
                """)

        @Argument(help: "A name for it.") var name: String
        @Argument(
            help: ArgumentHelp(
                "What: \(TaskEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "event"))
        var events: [TaskEvent.Kind]
        @Option(help: ArgumentHelp("Publish an event of this topic.", valueName: "topic")) var emit: String?
        @Option(
            help: ArgumentHelp(
                "Enqueue a task: a kind, or its fields as a JSON object, @FILE, or - for stdin.", valueName: "task"))
        var enqueue: String?
        @Option(help: "Only tasks of this kind; may be repeated, as all of these.") var kind: [String] = []
        @Option(help: "Only tasks of this queue.") var queue: [String] = []
        @Option(help: "Only tasks of runs of this plan.") var plan: [String] = []
        @Option(name: .customLong("name"), help: ArgumentHelp("Only tasks of this name.", valueName: "name"))
        var taskName: [String] = []
        @Option(help: "Only tasks with this tag.") var tag: [String] = []
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (emit == nil) != (enqueue == nil) else {
                throw ValidationError("say what it does: --emit TOPIC or --enqueue TASK, one of them.")
            }
        }

        func run() async throws {
            let action: JSONValue
            if let emit {
                action = ["emit": .string(emit)]
            } else {
                action = ["enqueue": try task()]
            }
            try await connection.withManager { manager in
                try await Orchestrator(manager).setHook(name, on: events, filter: filter, action: action)
                if let kind = action["enqueue"]?["kind"]?.string {
                    try await UnhandledKinds.warn(of: [kind], manager)
                }
            }
        }

        private var filter: JSONValue {
            let fields = ["kind": kind, "queue": queue, "plan": plan, "name": taskName, "tag": tag]
            return .object(
                fields.filter { !$0.value.isEmpty }.mapValues { words in .array(words.map { .string($0) }) })
        }

        /// `--enqueue`: what does not begin as a document does is a kind.
        private func task() throws -> JSONValue {
            let text = enqueue ?? ""
            guard text.hasPrefix("{") || text.hasPrefix("@") || text == "-" else { return ["kind": .string(text)] }
            return try JSONValue(parsing: try JSONInput.value(text, name: "--enqueue").bytes)
        }
    }
}
