import ArgumentParser
import Postgres
import Queue

/// `agentcorp events`: publishes events, looks at them, and turns them into tasks.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Emit, list and follow events; subscribe to them.",
        discussion: """
            EXAMPLES
              agentcorp events emit orders.paid --key 42 --data '{"total": 30}'
              agentcorp events tail --topic 'orders.**'
              agentcorp events subscribe receipts orders.paid mail --queue mail

            A topic is words with dots between them. In a pattern, * stands for one word, and ** at the end for one or more.
            """,
        subcommands: [
            List.self, Emit.self, Tail.self, Waits.self, Subscribe.self, Unsubscribe.self, Subscriptions.self,
        ],
        defaultSubcommand: List.self)

    struct Emit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish an event and print its id.",
            discussion: """
                EXAMPLES
                  agentcorp events emit deploy.done
                  agentcorp events emit orders.paid --key 42 --data '{"total": 30}'
                  jq -n '{ok: true}' | agentcorp events emit checks.done --data -

                With a key the first one stands: another changes nothing, and the id of the first is printed.
                """)

        @Argument(help: "The topic.") var topic: String
        @Option(help: ArgumentHelp("What happened: JSON, @FILE, or - for stdin.", valueName: "json"))
        var data = "{}"
        @Option(help: "What it happened to: per topic and key there is one event.")
        var key: String?
        @Flag(help: "Print the id as {\"id\": 1}.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let data = try JSONInput.value(data, name: "--data")
            let id = try await connection.withManager { try await $0.emitEvent(topic, data: data, key: key) }
            Terminal.output.line(json ? "{\"id\": \(id)}" : "\(id)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List events, newest first.",
            discussion: """
                EXAMPLES
                  agentcorp events list --topic 'orders.*' --limit 10
                  agentcorp events list --key 42 --json
                  agentcorp events list --before 1200       the next page after one that ended with event 1200
                """)

        @Option(help: "Only events of this topic, or that match this pattern.") var topic: String?
        @Option(help: "Only events with this key.") var key: String?
        @Option(help: ArgumentHelp("Only events with smaller ids.", valueName: "id")) var before: TaskID?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            var filter = EventFilter()
            filter.pattern = topic
            filter.key = key
            filter.before = before?.value
            filter.limit = limit
            let wanted = filter
            let events = try await connection.withManager { try await $0.events(wanted) }
            try listing.print(
                events,
                [
                    .init("ID", isRight: true), .init("EMITTED"), .init("TOPIC", isFlexible: true),
                    .init("KEY", isFlexible: true), .init("DATA", isFlexible: true),
                ], whenEmpty: "no events"
            ) { event in
                [
                    .init(event.id), .init(TimeText.relative(event.createdAt), .dim), .init(event.topic, .cyan),
                    .init(event.key, .yellow), .init(try? JSONCoding.encode(event.data).text),
                ]
            }
        }
    }

    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print events as they come, until Ctrl-C.",
            discussion: """
                EXAMPLES
                  agentcorp events tail --topic 'orders.**' --last 10
                  agentcorp events tail --json | jq -r .topic

                None is missed, however long the transaction that emitted it took.
                """)

        @Option(help: "Only events of this topic, or that match this pattern.") var topic: String?
        @Option(help: ArgumentHelp("First print so many that are there already.", valueName: "n")) var last = 0
        @Flag(help: "Print each event as a line of JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (0...100_000).contains(last) else { throw ValidationError("--last is 0 to 100000, not \(last).") }
        }

        func run() async throws {
            try await connection.withManager { manager in
                let tail = EventTail(manager: manager, pattern: topic, last: last, isJSON: json)
                _ = try await Interruption.race { try await tail.follow() }
            }
        }
    }

    struct Waits: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tasks that wait for events.",
            discussion: """
                EXAMPLES
                  agentcorp events waits
                  agentcorp events waits --json | jq -r '.[].topic' | sort | uniq -c
                """)

        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let waits = try await connection.withManager { try await $0.waits(limit: limit) }
            try listing.print(
                waits,
                [
                    .init("TASK", isRight: true), .init("KIND", isFlexible: true), .init("TOPIC", isFlexible: true),
                    .init("KEY", isFlexible: true), .init("SINCE"), .init("TIMEOUT"), .init("STATE"),
                ], whenEmpty: "no task waits for an event"
            ) { wait in
                [
                    .init(wait.taskID), .init(wait.kind), .init(wait.topic, .cyan), .init(wait.key, .yellow),
                    .init(TimeText.relative(wait.createdAt), .dim),
                    .init(wait.timeoutAt.map { TimeText.relative($0) }, .dim),
                    .init(wait.parked ? "waiting" : "running"),
                ]
            }
        }
    }
}
