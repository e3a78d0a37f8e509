import Agents
import ArgumentParser
import JSON
import Postgres
import Providers
import Queue

/// `agentcorp ask`: one question to an agent.
struct AskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Give an agent a task, watch it work, and print its answer.",
        discussion: """
            EXAMPLES
              agentcorp ask writer "A haiku about queues"
              git diff | agentcorp ask reviewer -
              agentcorp ask analyst "Sum up sales" --schema @sales.json --max-usd 0.5
              agentcorp ask --task 17                      go on watching

            The answer goes to stdout, as it comes when that is a terminal; tool calls and the cost go to stderr. Where \
            no worker serves the queue, this process works on it. Ctrl-C leaves the task: a worker goes on with it.
            """)

    @Argument(help: "The name of the agent.") var agent: String?
    @Argument(help: "What it is to do, or - for stdin.") var prompt: String?

    @Option(help: ArgumentHelp("Go on with this conversation.", valueName: "name"))
    var session: String?

    @Option(help: ArgumentHelp("A JSON Schema that the answer must fit: JSON, @FILE, or -.", valueName: "schema"))
    var schema: String?

    @Option(
        name: .customLong("tool"),
        help: ArgumentHelp("Only this one of the agent's tools; may be given again.", valueName: "name"))
    var tools: [String] = []

    @Option(help: ArgumentHelp("Spend no more than this.", valueName: "dollars"))
    var maxUSD: Double?

    @Option(help: ArgumentHelp("Use no more tokens than this.", valueName: "n"))
    var maxTokens: Int64?

    @Option(help: ArgumentHelp("Call the model no more often than this.", valueName: "n"))
    var maxTurns: Int?

    @Option(help: "The queue that the task goes to.")
    var queue = "default"

    @Option(help: ArgumentHelp("Watch this task instead of asking something.", valueName: "id"))
    var task: TaskID?

    @Flag(help: "Do not wait: print the id of the task.")
    var detach = false

    @Flag(help: "Print the answer with its turns, tool calls and cost as JSON.")
    var json = false

    @OptionGroup var agents: AgentOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if task != nil {
            guard agent == nil, prompt == nil else { throw ValidationError("Give --task, or an agent and a prompt.") }
            return
        }
        guard agent != nil, prompt != nil else {
            throw ValidationError("Name an agent, and say what it is to do: agentcorp ask writer \"A haiku\".")
        }
        if let maxUSD, !(0...1_000_000 ~= maxUSD) { throw ValidationError("--max-usd is 0 to 1000000, not \(maxUSD).") }
        if let maxTokens, maxTokens < 1 { throw ValidationError("--max-tokens is at least 1.") }
        if let maxTurns, !(1...10_000 ~= maxTurns) { throw ValidationError("--max-turns is 1 to 10000.") }
    }

    func run() async throws {
        let question = try Question(self)
        let isStreaming = Terminal.output.isInteractive && !json
        if detach {
            let id = try await connection.withManager { try await question.submit($0) }
            Terminal.output.line("\(id)")
            return
        }
        let json = json
        try await AgentTalk.with(connection, agents, queue: queue, isStreaming: isStreaming) { talk in
            let id = try await question.submit(talk.manager)
            guard let end = try await talk.follow(id) else { throw AgentTalk.interrupted(id) }
            if json {
                Terminal.output.line(Self.document(id, end).text)
            } else if !isStreaming {
                ResultText.print(try JSONCoding.encode(end.output), isRaw: true)
            }
        }
    }

    private static func document(_ id: Int64, _ end: AgentWatch.End) -> JSONValue {
        var members: [String: JSONValue] = ["task": .integer(id), "output": end.output]
        if let progress = end.progress, let text = try? JSONCoding.encode(progress) {
            members["run"] = try? JSONValue(parsing: text.bytes)
            members["cost_usd"] = progress.cost.map { .string($0.description) }
            members["tokens"] = .integer(Int64(progress.tokens))
        }
        return .object(members)
    }

    /// What is asked, read before anything is connected.
    private struct Question: Sendable {
        let agent: String
        let prompt: String
        let session: String?
        let schema: JSONSchema?
        let tools: [String]?
        let budget: AgentBudget?
        let maxTurns: Int?
        let queue: String
        let task: Int64?

        init(_ command: AskCommand) throws {
            agent = command.agent ?? ""
            prompt = command.prompt == "-" ? try TextInput.standardInput() : command.prompt ?? ""
            session = command.session
            tools = command.tools.isEmpty ? nil : command.tools
            maxTurns = command.maxTurns
            queue = command.queue
            task = command.task?.value
            let usd = command.maxUSD.map { USD(nanodollars: Int64(($0 * 1e9).rounded())) }
            budget =
                usd == nil && command.maxTokens == nil ? nil : AgentBudget(usd: usd, tokens: command.maxTokens)
            do {
                schema = try command.schema.map {
                    try JSONSchema(JSONValue(parsing: try JSONInput.value($0, name: "--schema").bytes))
                }
            } catch let error as JSONSchemaError {
                throw CommandError(.badInput, "--schema is no JSON Schema: \(error)")
            }
        }

        func submit(_ manager: TaskManager) async throws -> Int64 {
            if let task { return task }
            return try await manager.ask(
                agent, prompt, session: session, schema: schema, tools: tools, budget: budget, maxTurns: maxTurns,
                queue: queue)
        }
    }
}
