import ArgumentParser
import Bench
import FoundationEssentials
import Glibc
import Queue

/// `agentcorp bench`: how fast the engine is here, beside the limit of the database.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the engine beside the limit of the database.",
        discussion: """
            EXAMPLES
              agentcorp bench
              agentcorp bench drain latency --tasks 100000 --rounds 5
              agentcorp bench --json > figures.json
              agentcorp bench --database "$DSN" drain
              agentcorp bench --phase pinned-xmin

            Starts a private PostgreSQL for it, or makes a database of its own on the server that is named; nothing \
            else on that server is touched. RAW is what plain prepared statements reach that write only what cannot \
            be left out: measured in turns with the engine, so read the ratios, not the times.
            """)

    @Argument(
        help: ArgumentHelp("What to measure: \(BenchOptions.Case.words). All when none is named.", valueName: "case"),
        completion: .list(BenchOptions.Case.allCases.map(\.rawValue)), transform: BenchOptions.Case.named)
    var cases: [BenchOptions.Case] = []

    @Option(
        help: ArgumentHelp(
            "A long run instead of the cases: \(BenchOptions.Phase.words).", valueName: "phase"),
        completion: .list(BenchOptions.Phase.allCases.map(\.rawValue)), transform: BenchOptions.Phase.named)
    var phase: BenchOptions.Phase?

    @Option(help: ArgumentHelp("Tasks per round, by default 200000; of the phase churn, 10000000.", valueName: "n"))
    var tasks: Int?

    @Option(help: ArgumentHelp("How many tasks are claimed at once, as 100,1000.", valueName: "list"))
    var batch = NumberList(argument: "100,1000")!

    @Option(
        help: ArgumentHelp("How many clients at once, as 1,32; by default each case has its own.", valueName: "list"))
    var connections: NumberList?

    @Option(help: ArgumentHelp("The size of a task's arguments in bytes, 20 to 100000.", valueName: "bytes"))
    var payload = 200

    @Option(help: ArgumentHelp("How often to measure; the figures are medians.", valueName: "n"))
    var rounds = 3

    @Flag(help: "Print JSON: an array with a line for each figure.")
    var json = false

    @Flag(help: "Exit with 1 when a ratio misses its target by more than a tenth.")
    var check = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard phase == nil || cases.isEmpty else {
            throw ValidationError("a phase takes the place of the cases. Name the one or the others.")
        }
        if let tasks, !(1000...10_000_000).contains(tasks) {
            throw ValidationError("--tasks is 1000 to 10000000, not \(tasks).")
        }
        guard (20...100_000).contains(payload) else {
            throw ValidationError("--payload is 20 to 100000, not \(payload).")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds is 1 to 100, not \(rounds).") }
        for size in batch.numbers where !(1...1000).contains(size) {
            throw ValidationError("--batch is 1 to 1000, not \(size).")
        }
        for count in connections?.numbers ?? [] where !(1...500).contains(count) {
            throw ValidationError("--connections is 1 to 500, not \(count).")
        }
    }

    func run() async throws {
        let board = BenchBoard(isJSON: json)
        let measured = try await Interruption.race {
            try await withServer { server in
                var options = BenchOptions(server: server, program: try Self.program)
                if !cases.isEmpty { options.cases = cases }
                options.phase = phase
                options.tasks = tasks ?? phase?.tasks ?? options.tasks
                options.batches = batch.numbers
                options.connections = connections?.numbers
                options.payload = payload
                options.rounds = rounds
                try await Bench(options) { board.show($0) }.run()
            }
            return true
        }
        guard measured != nil else { throw ExitStatus.interrupted }
        board.finish()
        guard check, !board.misses.isEmpty else { return }
        for miss in board.misses { Terminal.errors.note(.red, "missed", miss) }
        throw ExitStatus.missed
    }

    /// This very program: what is measured is what was built.
    private static var program: String {
        get throws { try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") }
    }

    /// The server that is named, or one that lives as long as this.
    private func withServer(_ body: (String) async throws -> Void) async throws {
        let environment = ProcessInfo.processInfo.environment
        if let address = try DatabaseAddress.named(connection, environment: environment) {
            do {
                return try await body(address.dsn)
            } catch {
                throw address.explained(error)
            }
        }
        let binaries =
            try environment.nonEmpty("AGENTCORP_PG_BIN") ?? ConfigurationFile.read(environment: environment).binaries
        try await ThrowawayServer.with(environment: environment, binaries: binaries, body)
    }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
    /// All values, for messages.
    fileprivate static var words: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The value that a word on the command line means.
    fileprivate static func named(_ word: String) throws -> Self {
        guard let value = Self(rawValue: word) else {
            throw ValidationError("there is no \"\(word)\". Use one of: \(words).")
        }
        return value
    }
}
