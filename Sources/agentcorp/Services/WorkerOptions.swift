import Agents
import ArgumentParser
import Glibc
import Kinds
import Orchestration
import Worker

/// How a worker works, for the commands that start one.
struct WorkerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The queues to serve; a queue may have a concurrency of its own, as default,io:4.", valueName: "list"))
    var queues = LaneList(argument: "default")!

    @Option(help: ArgumentHelp("How many tasks of a queue may run at once, 1 to 10000.", valueName: "n"))
    var concurrency = 50

    @Option(help: ArgumentHelp("How many tasks of a queue may be claimed at once, 1 to 1000.", valueName: "n"))
    var maxBatch = 1000

    @Option(help: ArgumentHelp("How long running tasks may go on after the first signal.", valueName: "time"))
    var shutdownGrace = TimeSpan(argument: "30s")!

    @Option(
        name: .customLong("pass-env"),
        help: ArgumentHelp(
            "A variable that commands get from this process, beside PATH, HOME and their like. May be given again.",
            valueName: "name"))
    var passedVariables: [String] = []

    @Option(
        help: ArgumentHelp(
            "How often to say that the process lives; the coordinator must expect the same.", valueName: "time",
            visibility: .hidden))
    var beat = TimeSpan(argument: "5s")!

    @OptionGroup var agents: AgentOptions
    @OptionGroup var encryption: EncryptionOptions

    func validate() throws {
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency is 1 to 10000, not \(concurrency).")
        }
        guard (1...1000).contains(maxBatch) else {
            throw ValidationError("--max-batch is 1 to 1000, not \(maxBatch).")
        }
    }

    func configuration(for address: DatabaseAddress) throws -> WorkerConfiguration {
        var configuration = WorkerConfiguration()
        configuration.lanes = queues.lanes(concurrency: concurrency)
        configuration.maximumBatch = maxBatch
        configuration.listener = address.listener
        configuration.shutdownGrace = shutdownGrace.duration
        configuration.beat = beat.duration
        configuration.cipher = try encryption.cipher()
        configuration.host = Self.hostName
        configuration.version = agentCorpVersion
        return configuration
    }

    /// The handlers for the built-in kinds, and for those of agents and plans.
    func handlers(_ agents: AgentRuntime) -> HandlerRegistry {
        var options = BuiltinKinds.Options()
        options.inheritedVariables = passedVariables
        let handlers = HandlerRegistry()
        BuiltinKinds.register(in: handlers, options: options)
        agents.register(in: handlers)
        OrchestrationRuntime(agents: agents).register(in: handlers)
        return handlers
    }

    private static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
