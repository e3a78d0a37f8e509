import ArgumentParser
import Postgres
import Queue

extension EventsCommand {
    struct Subscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enqueue a task for each event that matches a pattern.",
            discussion: """
                EXAMPLES
                  agentcorp events subscribe receipts orders.paid mail --queue mail
                  agentcorp events subscribe audit '**' log --args '{"level": "info"}' --priority 9

                The task gets the event as args.event: id, topic, key, data, created_at. The same name again changes \
                the subscription.
                """)

        @Argument(help: "A name for it.") var name: String
        @Argument(help: "A topic, or a pattern as 'orders.*' or 'orders.**'.") var pattern: String
        @Argument(help: "The kind of the tasks.") var kind: String
        @Option(help: ArgumentHelp("What they get besides: a JSON object, @FILE, or -.", valueName: "json"))
        var args = "{}"
        @OptionGroup var options: TaskOptions
        @Flag(help: "Keep it, but enqueue nothing.") var disabled = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var request = TaskRequest(kind, args: try JSONInput.value(args, name: "--args"))
            options.apply(to: &request)
            let task = request
            try await connection.withManager { manager in
                try await manager.subscribe(name, to: pattern, task, isEnabled: !disabled)
                try await UnhandledKinds.warn(of: [kind], manager)
            }
        }
    }

    struct Unsubscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove subscriptions; the tasks that they have enqueued stay.",
            discussion: "EXAMPLES\n  agentcorp events unsubscribe receipts")

        @Argument(help: "The subscriptions.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names {
                    guard try await manager.unsubscribe(name) else {
                        throw CommandError(
                            .notFound, "there is no subscription `\(name)`. See: agentcorp events subscriptions")
                    }
                }
            }
        }
    }

    struct Subscriptions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List subscriptions, and why their last task could not be enqueued.",
            discussion: """
                EXAMPLES
                  agentcorp events subscriptions
                  agentcorp events subscriptions --json | jq '.[] | select(.failures > 0)'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let subscriptions = try await connection.withManager { try await $0.subscriptions() }
            try listing.print(
                subscriptions,
                [
                    .init("NAME", isFlexible: true), .init("PATTERN", isFlexible: true), .init("STATE"),
                    .init("KIND", isFlexible: true), .init("QUEUE", isFlexible: true),
                    .init("FAILURES", isRight: true), .init("ERROR", isFlexible: true),
                ], whenEmpty: "no subscriptions"
            ) { subscription in
                [
                    .init(subscription.name), .init(subscription.pattern, .cyan),
                    subscription.enabled ? .init("enabled", .green) : .init("disabled", .yellow),
                    .init(subscription.kind), .init(subscription.queue),
                    .init("\(subscription.failures)", subscription.failures == 0 ? .dim : .red),
                    .init(subscription.error, .red),
                ]
            }
        }
    }
}
