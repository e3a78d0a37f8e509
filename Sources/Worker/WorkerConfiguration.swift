public import Postgres
public import Queue

/// How a worker works. The defaults suit a mixed load.
public struct WorkerConfiguration: Sendable {
    /// A queue to serve, and how many of its tasks may run at once in this process.
    public struct Lane: Sendable, Hashable {
        public var queue: String
        /// 1 to 10,000.
        public var concurrency: Int

        public init(_ queue: String, concurrency: Int = 50) {
            self.queue = queue
            self.concurrency = concurrency
        }
    }

    /// One for each queue.
    public var lanes = [Lane("default")]
    /// Where to LISTEN; nil for polling alone, as behind a transaction pooler without a direct address.
    public var listener: PostgresConfiguration?
    /// How often to say that the process lives. The rescuer waits for three missed beats of 5 seconds.
    public var beat: Duration = .seconds(5)
    /// The shortest and the longest time between two looks at an empty queue.
    public var pollInterval: ClosedRange<Duration> = .milliseconds(20) ... .seconds(2)
    /// At most so many tasks are claimed in one call.
    public var maximumBatch = 1000
    /// How long running tasks may go on after the worker was asked to stop; then they are cancelled and given back.
    public var shutdownGrace: Duration = .seconds(30)
    /// How long a task comes back later for which this worker has no handler, or not the key to read it.
    public var unknownKindDelay: Duration = .seconds(30)
    /// Decrypts arguments, and encrypts outputs and steps; nil for plain payloads.
    public var cipher: (any PayloadCipher)?
    /// How the process is shown to people.
    public var host = "localhost"
    public var version = "0"

    public init() {}
}
