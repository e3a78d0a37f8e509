import ArgumentParser
import JSON
import Orchestration
import Postgres
import Queue

/// `agentcorp runs fork`: a run that shares with another what is as it was.
struct RunsForkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Start a run that shares the results of another, and does again only what changes.",
        discussion: """
            EXAMPLES
              agentcorp runs fork 17                          what had failed is tried again, with what had not
              agentcorp runs fork 17 --at review              review and all that needs it
              agentcorp runs fork 17 --at 'edit/#2/code' --at 'dig/[3]'
              agentcorp runs fork 17 --input topic=tides      what speaks of input.topic, and all that needs it
              agentcorp runs fork 17 --version 4 --agent writer=editor
              agentcorp runs fork 17 --set review='{"ok": true}'
              agentcorp runs fork 17 --at write@2 --message 'Be brief.'

            The new run has the tasks at the places of --at done again, those that another input, version, agent or \
            output changes, those that had not completed, and everything that needs one of these. The rest is that of \
            the original, which is kept as long as the fork.
            """)

    @Argument(help: "The run.") var id: TaskID
    @Option(
        help: ArgumentHelp("A task to do again; TASK@TURN goes on after that turn of its agent.", valueName: "task"))
    var at: [String] = []
    @Option(help: ArgumentHelp("A member of the input: JSON, or else a text.", valueName: "key=value"))
    var input: [String] = []
    @Option(help: ArgumentHelp("Another version of the plan.", valueName: "n")) var version: Int?
    @Option(help: ArgumentHelp("Another agent, wherever the plan names one.", valueName: "old=new"))
    var agent: [String] = []
    @Option(help: ArgumentHelp("What a task is to have returned: JSON, or else a text.", valueName: "task=value"))
    var set: [String] = []
    @Option(help: ArgumentHelp("What the agent is told after its turn.", valueName: "text")) var message: String?
    @Flag(help: "Wait for the end of the run, and print what it returned.") var wait = false
    @Flag(help: "Print a result that is a string without quotes.") var raw = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let input = try Self.values(input, option: "--input")
        let outputs = try Self.values(set, option: "--set")
        let agents = try Self.pairs(agent, option: "--agent")
        try await connection.withManager { manager in
            let fork = try await Orchestrator(manager).fork(
                id.value, at: at, input: input.isEmpty ? nil : .object(input), version: version,
                agents: Dictionary(agents) { $1 }, outputs: outputs, message: message)
            if !wait { Terminal.output.line("\(fork)") }
            try await UnservedRun.warn(fork, manager)
            guard wait else { return }
            Terminal.errors.line("run \(fork)")
            try await RunWatch(manager: manager, run: fork).untilEnd()
            ResultText.print(try await manager.output(of: fork), isRaw: raw)
        }
    }

    /// `key=value`, where the value is JSON or else a text.
    static func values(_ texts: [String], option: String) throws -> [String: JSONValue] {
        Dictionary(
            try pairs(texts, option: option).map { key, value in
                (key, (try? JSONValue(parsing: Array(value.utf8))) ?? .string(value))
            }
        ) { $1 }
    }

    private static func pairs(_ texts: [String], option: String) throws -> [(String, String)] {
        try texts.map { text in
            guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
                throw CommandError(.badInput, "\(option) \(text): it has the form name=value")
            }
            return (String(text[..<sign]), String(text[text.index(after: sign)...]))
        }
    }
}
