import Agents
import ArgumentParser
import JSON
import Queue

extension AgentsCommand {
    struct Decompose: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have an agent break a task into subtasks, or break it down and do them.",
            discussion: """
                EXAMPLES
                  agentcorp agents decompose planner "Move our blog to a new host"
                  agentcorp agents decompose planner "Compare three databases" --at-most 4 --json
                  agentcorp agents decompose planner "Compare three databases" --run

                With --run the subtasks are done one after the other, each with the results of those before, and made into \
                one answer: a tree of tasks that outlives this process.
                """)

        @Argument(help: "The name of the agent.") var agent: String
        @Argument(help: "The task, or - for stdin.") var description: String
        @Option(help: ArgumentHelp("Subtasks at most, 1 to 50.", valueName: "n")) var atMost = 8
        @Flag(help: "Do the subtasks, and print the answer.") var run = false
        @Flag(help: "Print JSON.") var json = false
        @Option(help: "The queue that the tasks go to.") var queue = "default"
        @OptionGroup var agents: AgentOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (1...50).contains(atMost) else { throw ValidationError("--at-most is 1 to 50, not \(atMost).") }
        }

        func run() async throws {
            let text = description == "-" ? try TextInput.standardInput() : description
            guard !text.allSatisfy(\.isWhitespace) else {
                throw CommandError(.badInput, "the task is empty. Say what the agent is to break down.")
            }
            let (agent, most, queue, isJSON, doesRun) = (agent, atMost, queue, json, run)
            try await AgentTalk.with(connection, agents, queue: queue, isStreaming: false) { talk in
                let asked = Agent(agent, talk.manager, queue: queue)
                if doesRun {
                    let task = try await asked.submitComplexQuery(text, atMost: most)
                    try await TreeWatch(manager: talk.manager, root: task, isRaw: !isJSON).printResult()
                    return
                }
                let task = try await asked.submitDecomposition(text, atMost: most)
                guard let end = try await talk.follow(task) else { throw AgentTalk.interrupted(task) }
                let subtasks = ComplexQuery.subtasks(in: end.output)
                if isJSON {
                    Terminal.output.line(JSONValue.array(subtasks.map { .string($0) }).text)
                } else {
                    for (index, subtask) in subtasks.enumerated() {
                        Terminal.output.line("\(index + 1). \(DisplayText.printable(subtask))")
                    }
                }
            }
        }
    }
}
