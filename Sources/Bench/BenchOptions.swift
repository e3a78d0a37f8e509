/// How much to measure, and where.
public struct BenchOptions: Sendable {
    /// A part of the benchmark.
    public enum Case: String, Sendable, CaseIterable {
        case drain, claimers, enqueue, latency, chain, fan, plans, priorities, keys, memory, start
    }

    /// A long run that shows one thing.
    public enum Phase: String, Sendable, CaseIterable {
        /// A transaction stays open while the queue is drained, so that nothing dead can be removed.
        case pinnedXmin = "pinned-xmin"
        /// Ten million tasks, a million at a time.
        case churn
        /// What worker and coordinator ask when there is nothing to do.
        case idle

        /// How many tasks it has unless told otherwise.
        public var tasks: Int { self == .churn ? 10_000_000 : 200_000 }
    }

    /// A server on which a database can be created.
    public var server: String
    /// The program to start workers and a coordinator from.
    public var program: String
    public var cases: [Case] = Case.allCases
    /// Runs instead of the cases.
    public var phase: Phase?
    /// Tasks per round, or of the whole phase.
    public var tasks = 200_000
    /// Claimed at once.
    public var batches = [100, 1000]
    /// Concurrent clients of the cases that vary them; nil for each case's own.
    public var connections: [Int]?
    /// The size of the args of a task, in bytes.
    public var payload = 200
    /// Each round measures the limit and the engine one after the other.
    public var rounds = 3

    public init(server: String, program: String) {
        self.server = server
        self.program = program
    }
}
