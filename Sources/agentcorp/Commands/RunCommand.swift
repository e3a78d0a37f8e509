import ArgumentParser
import Queue

/// `agentcorp run`: submits a tree, shows how it goes, prints its result.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Submit a tree of tasks, watch it, and print what its root returned.",
        discussion: """
            EXAMPLES
              agentcorp run tree.json
              agentcorp run - <tree.json >result.json
              agentcorp run tree.json --detach        print the id and leave

            A tree is a task with subtasks, which run first and whose outputs it sees:
              {"kind": "command", "args": {"argv": ["jq", "[.children[].output] | add"]},
               "subtasks": [{"name": "one", "kind": "command", "args": {"argv": ["echo", "1"]}},
                            {"name": "two", "kind": "command", "args": {"argv": ["echo", "2"]}}]}
            It is inserted whole or not at all. Progress goes to stderr, the result to stdout; the exit code is 0 when \
            the root completed and 1 when not. Ctrl-C leaves it running.
            """)

    @Argument(help: "A JSON file, or - for stdin.")
    var tree: String

    @Option(
        help: ArgumentHelp("Only one open tree may hold this key; a second run watches the first.", valueName: "key"))
    var uniqueKey: String?

    @Flag(help: "Do not wait: print the id of the root.")
    var detach = false

    @Flag(help: "Print a result that is a string without quotes.")
    var raw = false

    @OptionGroup var encryption: EncryptionOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let tree = try JSONInput.file(tree)
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
}
