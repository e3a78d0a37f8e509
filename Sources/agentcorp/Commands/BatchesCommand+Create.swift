import ArgumentParser
import Postgres
import Queue

extension BatchesCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a batch and print its id.",
            discussion: """
                EXAMPLES
                  agentcorp batches create import --tasks @rows.json --on-complete '{"kind": "publish"}'
                  agentcorp batches create crawl                      stays open until `batches seal`
                  jq -c '[.[] | {kind: "resize", args: .}]' files.json | agentcorp batches create --tasks -

                The tasks that follow get the summary of the batch in their args, as "batch".
                """)

        @Argument(help: "A name for people.") var name: String?
        @Option(
            help: ArgumentHelp(
                "Its tasks: a JSON array, @FILE, or - for stdin. With them it is sealed at once.", valueName: "json"))
        var tasks: String?
        @Option(help: ArgumentHelp("The task that follows when all have succeeded.", valueName: "json"))
        var onComplete: String?
        @Option(
            help: ArgumentHelp("The task that follows when all have ended, and one did not succeed.", valueName: "json")
        )
        var onFailure: String?
        @Option(help: ArgumentHelp("The task that always follows.", valueName: "json"))
        var onSettled: String?
        @Flag(help: "Leave it open for more tasks, although it has some.") var open = false
        @Option(help: ArgumentHelp("Make this task, or batch, end only after it.", valueName: "id")) var parent: TaskID?
        @Option(help: ArgumentHelp("While a batch with this key is open, print its id instead.", valueName: "key"))
        var uniqueKey: String?
        @Option(help: ArgumentHelp("A label to find it by; may be given again.", valueName: "tag")) var tag: [String] =
            []
        @Option(help: "The tenant of its tasks.") var tenant: String?
        @Flag(help: "Print the id as {\"id\": 1}.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            func read(_ text: String?, _ name: String) throws -> PostgresJSON? {
                try text.map { try JSONInput.value($0, name: name) }
            }
            var request = BatchRequest(name, tasks: try read(tasks, "--tasks"))
            request.onComplete = try read(onComplete, "--on-complete")
            request.onFailure = try read(onFailure, "--on-failure")
            request.onSettled = try read(onSettled, "--on-settled")
            request.isSealed = open ? false : nil
            request.parentID = parent?.value
            request.uniqueKey = uniqueKey
            request.tags = tag
            request.tenant = tenant
            let batch = request
            let id = try await connection.withManager { try await $0.createBatch(batch) }
            Terminal.output.line(json ? "{\"id\": \(id)}" : "\(id)")
        }
    }
}
