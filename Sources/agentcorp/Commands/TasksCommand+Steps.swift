import ArgumentParser
import Postgres
import Queue

extension TasksCommand {
    struct Steps: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the steps that a task has recorded.",
            discussion: """
                EXAMPLES
                  agentcorp tasks steps 17
                  agentcorp tasks steps 17 --json | jq '.[] | select(.name == "fetch").value'

                A step of a fork that was taken over from the original has no attempt.
                """)

        @Argument(help: "The task.") var id: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let steps = try await connection.withManager { try await $0.steps(of: id.value) }
            try listing.print(
                steps,
                [
                    .init("STEP", isFlexible: true), .init("ATTEMPT", isRight: true), .init("RECORDED"),
                    .init("BYTES", isRight: true), .init("VALUE", isFlexible: true),
                ], whenEmpty: "no steps"
            ) { step in
                [
                    .init(step.name), .init(step.attempt == 0 ? "shared" : "\(step.attempt)", .dim),
                    .init(TimeText.relative(step.createdAt), .dim), .init("\(step.bytes)", .dim),
                    .init(preview(step.value), .dim),
                ]
            }
        }

        /// Steps of the Swift library are recorded in an array of one.
        private func preview(_ value: JSONValue?) -> String? {
            var value = value
            if case .array(let values)? = value, values.count == 1 { value = values[0] }
            return value.flatMap { try? JSONCoding.encode($0).text }.map { String($0.prefix(200)) }
        }
    }

    struct Fork: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start a new run of a task that shares its earlier steps, and print the id.",
            discussion: """
                EXAMPLES
                  agentcorp tasks fork 17 --at summarize
                  agentcorp tasks fork 17 --at summarize --args '{"model": "other"}'
                  agentcorp tasks fork 17                             begin from the start

                The steps recorded before --at are shared; it and the later ones are computed again. See them with \
                `agentcorp tasks steps 17`.
                """)

        @Argument(help: "The task, in whatever state.") var id: TaskID
        @Option(help: ArgumentHelp("The first step to be computed again.", valueName: "step")) var at: String?
        @Option(help: ArgumentHelp("Other arguments: a JSON object, @FILE, or - for stdin.", valueName: "json"))
        var args: String?
        @Flag(help: "Print the id as {\"id\": 1}.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let args = try args.map { try JSONInput.value($0, name: "--args") }
            let forked = try await connection.withManager { try await $0.fork(id.value, at: at, args: args) }
            Terminal.output.line(json ? "{\"id\": \(forked)}" : "\(forked)")
        }
    }
}
