import ArgumentParser
import JSON
import Orchestration
import Queue

/// `agentcorp runs diff`: two runs, task by task.
struct RunsDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two runs task by task.",
        discussion: """
            EXAMPLES
              agentcorp runs diff 17 23
              agentcorp runs diff 17 23 --json | jq '.[] | select(.differs != []) | .path'

            Tasks are matched by their paths, such as edit/#2/code. The exit code is 1 when the runs differ in what \
            they returned.
            """)

    @Argument(help: "A run.") var a: TaskID
    @Argument(help: "The one that it is compared with.") var b: TaskID
    @Flag(help: "Show the tasks that do not differ, too.") var all = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var listing: ListingOptions

    func run() async throws {
        let tasks = try await connection.withManager { try await Orchestrator($0).diff(a.value, b.value) }
        let shown = all || listing.json ? tasks : tasks.filter { !$0.differs.isEmpty || $0.path.isEmpty }
        try listing.print(
            shown,
            [
                .init("TASK", isFlexible: true), .init("STATE"), .init("AGENT"), .init("TIME", isRight: true),
                .init("COST", isRight: true), .init("DIFFERS"),
            ], whenEmpty: "nothing to compare"
        ) { task in
            let name = task.path.isEmpty ? "(the run)" : task.path
            let agent = Self.change(task) { side in side.agent.map { "\($0)@\(side.agentVersion ?? 0)" } }
            let time = task.isShared ? "shared" : Self.change(task) { EvaluationText.seconds($0.seconds) }
            let cost = task.isShared ? nil : Self.change(task) { $0.usd.map { EvaluationText.money($0) } }
            let state = Self.change(task) { $0.state }
            let differs = task.differs.joined(separator: ", ")
            return [
                .init(name), .init(state), .init(agent), .init(time, .dim), .init(cost), .init(differs, .yellow),
            ]
        }
        if !listing.json {
            for task in tasks where task.differs.contains("output") {
                Terminal.output.line()
                Terminal.output.line(Terminal.output.styled(.bold, task.path.isEmpty ? "(the run)" : task.path))
                for line in JSONDifference.lines(task.a?.output, task.b?.output) {
                    Terminal.output.line(
                        "  " + Terminal.output.styled(line.hasPrefix("-") ? .red : .green, DisplayText.printable(line)))
                }
            }
            for task in tasks where task.differs.contains("decisions") {
                Terminal.output.line()
                Terminal.output.line("\(task.path): decided otherwise")
                for line in JSONDifference.lines(task.a?.decisions, task.b?.decisions) {
                    Terminal.output.line("  " + DisplayText.printable(line))
                }
            }
        }
        if tasks.first(where: { $0.path.isEmpty })?.differs.contains("output") == true { throw ExitStatus.taskFailed }
    }

    /// One text where both are the same, else both.
    private static func change(_ task: RunDifference, _ text: (RunDifference.Side) -> String?) -> String? {
        let (a, b) = (task.a.flatMap(text), task.b.flatMap(text))
        if a == b { return a }
        return "\(a ?? "-") > \(b ?? "-")"
    }
}
