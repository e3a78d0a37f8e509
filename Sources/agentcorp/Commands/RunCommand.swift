import Agents
import ArgumentParser
import Providers
import Queue

/// `agentcorp run`: runs a plan or a tree of tasks, shows how it goes, prints its result.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a plan or a tree of tasks, watch it, and print what it returned.",
        discussion: """
            EXAMPLES
              agentcorp run research.yaml --input topic=queues
              agentcorp run research --input @input.json --version 3     a plan that is loaded
              agentcorp run plan.json --agents agents/ --detach          print the id and leave
              agentcorp run tree.json >result.json

            A document with "tasks" is a plan, JSON or YAML. It is checked, loaded and run; its input is checked before anything \
            is written. Where no worker serves plans on the queue, this process works on it, with the kinds that the plan \
            names. Any other document is a tree: a task with subtasks, which run first and whose outputs it sees:
              {"kind": "command", "args": {"argv": ["jq", "[.children[].output] | add"]},
               "subtasks": [{"name": "one", "kind": "command", "args": {"argv": ["echo", "1"]}},
                            {"name": "two", "kind": "command", "args": {"argv": ["echo", "2"]}}]}
            Progress goes to stderr, the result to stdout; the exit code is 0 when it completed and 1 when not. Ctrl-C \
            leaves it: a worker goes on with it.
            """)

    @Argument(help: "A JSON or YAML file, - for stdin, or the name of a plan that is loaded.", completion: .file())
    var source: String

    @Option(
        name: .customLong("input"),
        help: ArgumentHelp(
            "Of a plan: name=value (JSON, else text), name=@file, or @file.json for the whole; may be given again.",
            valueName: "input"))
    var inputs: [String] = []

    @Option(help: ArgumentHelp("Run this version of a loaded plan.", valueName: "n"))
    var version: Int?

    @Option(
        name: .customLong("agents"),
        help: ArgumentHelp("Load the agents of this folder first.", valueName: "folder"))
    var folder: String?

    @Option(help: ArgumentHelp("The queue of the run; its tasks go to the queues that they name.", valueName: "name"))
    var queue = "default"

    @Option(
        help: ArgumentHelp(
            "Only one open run or tree may hold this key; a second one watches the first.", valueName: "key"))
    var uniqueKey: String?

    @Flag(help: "Do not wait: print the id.")
    var detach = false

    @Flag(inversion: .prefixedNo, help: "Show how it goes; by default on a terminal, and always for trees.")
    var watch: Bool?

    @Flag(help: "Print a result that is a string without quotes.")
    var raw = false

    @OptionGroup var agents: AgentOptions
    @OptionGroup var encryption: EncryptionOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let version, version < 1 { throw ValidationError("--version is at least 1.") }
    }

    func run() async throws {
        let source = try RunSource(source)
        guard case .tree(let tree) = source else { return try await runPlan(source) }
        guard inputs.isEmpty, version == nil, folder == nil, queue == "default" else {
            throw CommandError(
                .badInput,
                "\(self.source) is a tree of tasks, and --input, --version, --queue and --agents are for plans: documents with \"tasks\"."
            )
        }
        try await connection.withManager(cipher: try encryption.cipher()) { manager in
            // An interruption cancels the statement, so that nothing is submitted behind the user's back.
            let key = uniqueKey
            guard let id = try await Interruption.race({ try await manager.enqueueTree(tree, uniqueKey: key) }) else {
                throw CommandError(.interrupted, "interrupted; the tree was not submitted")
            }
            let kinds = Set(try await manager.tree(id).lazy.filter { !$0.state.isFinal }.map(\.kind)).sorted()
            try await UnhandledKinds.warn(of: kinds, manager)
            if detach {
                Terminal.output.line("\(id)")
            } else {
                try await TreeWatch(manager: manager, root: id, isRaw: raw).printResult()
            }
        }
    }

    private func runPlan(_ source: RunSource) async throws {
        if case .plan = source, version != nil {
            throw CommandError(.badInput, "--version is for plans that are loaded: give the name instead of a file.")
        }
        let order = try RunOrder(
            source: source, input: RunInput.value(inputs), version: version, folder: folder, queue: queue,
            uniqueKey: uniqueKey)
        let address = try connection.resolve()
        let cipher = try encryption.cipher()
        let runtime = try agents.runtime()
        let isShown = watch ?? Terminal.errors.isTerminal
        try await address.withPool(size: 14) { pool in
            try await Migrator(pool).check()
            let manager = TaskManager(pool, cipher: cipher)
            let job = try await order.check(manager, providers: runtime.providers.names)
            guard !detach else {
                let id = try await job.submit(manager)
                try await UnservedRun.warn(id, manager)
                try await UnhandledKinds.warn(of: job.kinds.sorted(), manager)
                return Terminal.output.line("\(id)")
            }
            let isRaw = raw
            let isOurs = try await LocalWorker.isNeeded(queue, kind: "plan", manager, options: agents)
            let ownQueue = isOurs ? queue : nil
            let watch: @Sendable () async throws -> Void = {
                guard let id = try await Interruption.race({ try await job.submit(manager) }) else {
                    throw CommandError(.interrupted, "interrupted; the run was not started")
                }
                try await UnhandledKinds.warn(of: job.kinds.sorted(), manager)
                try await RunWatch(manager: manager, run: id, isShown: isShown, ownQueue: ownQueue).untilEnd()
                ResultText.print(try await manager.output(of: id), isRaw: isRaw)
            }
            guard isOurs else { return try await watch() }
            Terminal.errors.line(
                Terminal.errors.styled(.dim, "no worker for plans on queue \(queue): working on it here"))
            try await LocalWorker(
                address: address, agents: runtime, queues: job.queues, kinds: job.kinds, cipher: cipher
            ).run(pool, watch)
        }
    }
}
