import ArgumentParser
import Postgres
import Queue

/// `agentcorp enqueue`: adds one task.
struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Add a task and print its id.",
        discussion: """
            EXAMPLES
              agentcorp enqueue command --args '{"argv": ["date"]}'
              agentcorp enqueue http --args @request.json --in 5m --max-attempts 3
              jq -n '{ms: 500}' | agentcorp enqueue sleep --args - --wait
              agentcorp enqueue report --unique-key daily --on-conflict reject

            A durable queue takes tasks of any kind; you are warned when no live worker handles this one.
            """)

    @Argument(help: "The kind: which handler executes the task, such as command, http, noop or sleep.")
    var kind: String

    @Option(help: ArgumentHelp("What the handler gets: a JSON object, @FILE, or - for stdin.", valueName: "json"))
    var args = "{}"

    @OptionGroup var options: TaskOptions

    @Option(help: ArgumentHelp("Not before this moment, as 2026-01-31T09:30:00Z.", valueName: "moment"))
    var runAt: String?

    @Option(
        name: .customLong("in"), help: ArgumentHelp("Not before so much time has passed, as 5m.", valueName: "time"))
    var delay: TimeSpan?

    @Option(help: ArgumentHelp("Only one open task may hold this key.", valueName: "key"))
    var uniqueKey: String?

    @Option(
        help: ArgumentHelp(
            "When the key is held: return the id of its holder, refuse, or take its place.", valueName: "rule"))
    var onConflict = ConflictRule.return

    @Option(help: ArgumentHelp("Add it as a subtask of this task.", valueName: "id"))
    var parent: TaskID?

    @Option(help: ArgumentHelp("A task that must complete first; may be given again.", valueName: "id"))
    var needs: [TaskID] = []

    @Option(help: "A name for people, and for siblings that need it.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "At most so many with this key run at once as its limit says; one without a limit.", valueName: "key"))
    var concurrencyKey: String?

    @Option(help: ArgumentHelp("Tasks of a queue with this key run one after the other, in order.", valueName: "key"))
    var orderedKey: String?

    @Option(help: ArgumentHelp("For whom: tenants of a queue are served in turns.", valueName: "name"))
    var tenant: String?

    @Flag(help: "Watch the task to its end and print what it returned; fail if it fails.")
    var wait = false

    @Flag(help: "Print the id as {\"id\": 1}.")
    var json = false

    @OptionGroup var encryption: EncryptionOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if delay != nil, runAt != nil { throw ValidationError("Give --in or --run-at, not both.") }
        if wait, json { throw ValidationError("--json prints the id, --wait the result: give one of them.") }
        if let runAt, Moment.exact(runAt) == nil {
            throw ValidationError(
                "--run-at: \"\(runAt)\" is not a moment with a time zone, as 2026-01-31T09:30:00Z or 2026-01-31T10:30:00+01:00."
            )
        }
    }

    func run() async throws {
        var request = TaskRequest(kind, args: try JSONInput.value(args, name: "--args"))
        options.apply(to: &request)
        request.runAt = runAt.flatMap { Moment.exact($0) }?.date
        request.delay = delay?.duration
        request.uniqueKey = uniqueKey
        request.onConflict = onConflict.policy
        request.parentID = parent?.value
        request.needs = needs.map(\.value)
        request.name = name
        request.concurrencyKey = concurrencyKey
        request.orderedKey = orderedKey
        request.tenant = tenant
        let task = request
        try await connection.withManager(cipher: try encryption.cipher()) { manager in
            let id = try await manager.enqueue(task)
            try await UnhandledKinds.warn(of: [kind], manager)
            if wait {
                try await TreeWatch(manager: manager, root: id).printResult()
            } else {
                Terminal.output.line(json ? "{\"id\": \(id)}" : "\(id)")
            }
        }
    }
}
