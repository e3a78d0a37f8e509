import ArgumentParser
import JSON
import Orchestration
import Queue

/// `agentcorp hooks`: who is told what becomes of tasks.
struct HooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks",
        abstract: "List, add, remove, pause and resume hooks: events and tasks by what becomes of tasks.",
        discussion: """
            EXAMPLES
              agentcorp hooks
              agentcorp hooks add alarm failed --plan incident --enqueue '{"kind": "http", "args": {"url": "https://example.com"}}'
              agentcorp hooks add feed completed failed --kind agent --kind tool --emit feed.tasks
              agentcorp hooks pause feed
            """,
        subcommands: [List.self, Add.self, Remove.self, Pause.self, Resume.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List hooks, how far each has come, and why one cannot go on.",
            discussion: """
                EXAMPLES
                  agentcorp hooks list
                  agentcorp hooks list --json | jq '.[] | select(.error != null)'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let hooks = try await connection.withManager { try await Orchestrator($0).hooks() }
            try listing.print(
                hooks,
                [
                    .init("NAME", isFlexible: true), .init("STATE"), .init("EVENTS", isFlexible: true),
                    .init("OF", isFlexible: true), .init("DOES", isFlexible: true), .init("REACHED"),
                    .init("FAILURES", isRight: true), .init("ERROR", isFlexible: true),
                ], whenEmpty: "no hooks"
            ) { hook in
                [
                    .init(hook.name), hook.pausedAt == nil ? .init("active", .green) : .init("paused", .yellow),
                    .init(hook.events.map(\.rawValue).joined(separator: ",")), .init(Self.filter(hook.filter)),
                    .init(Self.action(hook.action), .cyan),
                    .init(hook.reachedAt.map { TimeText.relative($0) }, .dim),
                    .init("\(hook.failures)", hook.failures == 0 ? .dim : .red), .init(hook.error, .red),
                ]
            }
        }

        /// As the options of `add` say it.
        private static func filter(_ filter: JSONValue) -> String {
            let fields = (filter.members ?? [:]).sorted { $0.key < $1.key }.map { name, value in
                guard case .array(let words) = value else { return "\(name)=\(value.string ?? value.text)" }
                return "\(name)=\(words.map { $0.string ?? $0.text }.joined(separator: ","))"
            }
            return fields.isEmpty ? "all tasks" : fields.joined(separator: " ")
        }

        private static func action(_ action: JSONValue) -> String {
            if let topic = action["emit"]?.string { return "emit \(topic)" }
            return "enqueue \(action["enqueue"]?["kind"]?.string ?? "")"
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove hooks; what they have emitted and enqueued stays.",
            discussion: "EXAMPLES\n  agentcorp hooks remove alarm")

        @Argument(help: "The hooks.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await Orchestrator(manager).removeHook(name) }
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let hooks tell nothing until they are resumed.",
            discussion: "EXAMPLES\n  agentcorp hooks pause alarm")

        @Argument(help: "The hooks.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await Orchestrator(manager).pauseHook(name) }
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a pause: hooks go on where they were, with what has not been pruned meanwhile.",
            discussion: "EXAMPLES\n  agentcorp hooks resume alarm")

        @Argument(help: "The hooks.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names { try await Orchestrator(manager).pauseHook(name, false) }
            }
        }
    }
}
