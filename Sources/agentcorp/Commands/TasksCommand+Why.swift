import ArgumentParser
import Queue

extension TasksCommand {
    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why a task does not run, or why it ended as it did.",
            discussion: """
                EXAMPLES
                  agentcorp tasks why 17
                  agentcorp tasks why 17 --json | jq -r .[].detail

                The tasks that it waits for, or that failed before it, are explained below it, down to the one where it began.
                """)

        @Argument(help: "The task.") var id: TaskID
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let lines = try await connection.withManager { try await $0.why(id.value) }
            guard !listing.json else { return try ListingOptions.printJSON(lines) }
            ExplanationText.print(lines, on: .output)
        }
    }
}
