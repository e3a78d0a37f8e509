public import Logging
public import Postgres
internal import Queue
public import ServiceLifecycle
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A process that claims tasks and runs handlers.
///
/// One claimer per queue, one heartbeat for all. On a graceful shutdown it claims no more, gives back what has not
/// started, waits for what runs up to `shutdownGrace`, then cancels that and gives it back too. When its task is
/// cancelled it does the same without waiting.
public final class Worker: Service {
    /// The handlers; kinds registered after `run` has begun are used, but not shown in listings.
    public let handlers: HandlerRegistry

    private let pool: PostgresPool
    private let configuration: WorkerConfiguration
    private let logger: Logger
    private let lanes = Mutex<[Lane]>([])
    private let isStopping = Mutex(false)
    private let stopped = Signal()

    /// The pool serves the lanes, the heartbeat and the handlers: give it a connection per queue and a few more.
    public init(
        pool: PostgresPool, handlers: HandlerRegistry = HandlerRegistry(),
        configuration: WorkerConfiguration = WorkerConfiguration(), logger: Logger = Logger(label: "agentcorp.worker")
    ) {
        self.pool = pool
        self.handlers = handlers
        self.configuration = configuration
        self.logger = logger
    }

    /// Registers a handler that works with the context alone.
    public func register(_ kind: String, _ handler: @escaping TaskHandler) {
        handlers.register(kind, handler)
    }

    /// Registers a handler with typed arguments and output.
    public func register<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ kind: String, _ handler: @escaping @Sendable (TaskContext, Input) async throws -> Output
    ) {
        handlers.register(kind, handler)
    }

    /// Registers a handler that takes up to `size` tasks of a kind at once: `HandlerRegistry.registerChunks`.
    public func registerChunks(
        _ kind: String, upTo size: Int, within window: Duration = .milliseconds(10),
        _ handler: @escaping ChunkHandler
    ) {
        handlers.registerChunks(kind, upTo: size, within: window, handler)
    }

    /// Works until it is shut down. Throws when it cannot register at first; later outages are waited out.
    public func run() async throws {
        // What must be written when the task is cancelled is written by a task that is not.
        let work = Task { try await self.work() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await work.value
            } onGracefulShutdown: {
                self.stop(grace: self.configuration.shutdownGrace)
            }
        } onCancel: {
            self.stop(grace: .zero)
        }
    }

    private func work() async throws {
        let queues = configuration.lanes.map(\.queue)
        guard Set(queues).count == queues.count else {
            throw QueueError(
                .invalidValue, "of the queues \(queues.joined(separator: ", ")) one has two lanes",
                hint: "Give one of the two the concurrency of both.")
        }
        let identity = WorkerIdentity(try await register(), queues: queues)
        let shards = try await pool.shards()
        let lanes = configuration.lanes.map {
            Lane($0, handlers: handlers, configuration: configuration, pool: pool, identity: identity, logger: logger)
        }
        let mustStop = isStopping.withLock { isStopping in
            self.lanes.withLock { $0 = lanes }
            return isStopping
        }
        if mustStop { for lane in lanes { lane.beginStop() } }
        logger.info(
            "worker started",
            metadata: [
                "worker": "\(identity.worker)", "queues": "\(configuration.lanes.map(\.queue).joined(separator: ","))",
            ])
        await withTaskGroup { group in
            group.addTask { await self.beat(identity, lanes) }
            if let listener = self.configuration.listener {
                group.addTask { await self.listen(listener, identity, lanes) }
            }
            await withTaskGroup { group in
                for lane in lanes { group.addTask { await lane.run(shards: shards) } }
            }
            group.cancelAll()
        }
        do {
            try await identity.link.retire()
            logger.info("worker stopped", metadata: ["worker": "\(identity.worker)"])
        } catch {
            logger.warning("could not say goodbye; the rescuer will notice", metadata: ["error": "\(error)"])
        }
    }

    private func register() async throws -> WorkerLink {
        try await WorkerLink.register(
            pool, host: configuration.host, pid: getpid(), version: configuration.version,
            queues: configuration.lanes.map(\.queue), kinds: handlers.kinds,
            concurrency: configuration.lanes.reduce(0) { $0 + $1.concurrency })
    }

    private func stop(grace: Duration) {
        let lanes = isStopping.withLock { isStopping in
            isStopping = true
            return self.lanes.withLock { $0 }
        }
        for lane in lanes { lane.beginStop() }
        Task {
            try? await Task.sleep(for: grace)
            await withTaskGroup { group in
                for lane in lanes { group.addTask { await lane.endStop() } }
            }
        }
    }

    private func beat(_ identity: WorkerIdentity, _ lanes: [Lane]) async {
        var outage = Outage()
        while (try? await Task.sleep(for: configuration.beat)) != nil {
            do {
                let ended = try await identity.link.heartbeat(running: lanes.flatMap(\.runningKeys).map(\.task))
                outage.isOver(logger)
                for (key, outcome) in ended {
                    logger.info(
                        "stopping a task that was ended by others",
                        metadata: ["task": "\(key.task)", "attempt": "\(key.attempt)", "outcome": "\(outcome)"])
                }
                if !ended.isEmpty { for lane in lanes { lane.stop(ended.map(\.key), .ended) } }
            } catch let error as QueueError where error.code == .workerDead {
                logger.error("declared dead after missed beats; registering again", metadata: ["error": "\(error)"])
                for lane in lanes { lane.abandon() }
                if let link = try? await register() { identity.replace(link) }
            } catch {
                guard !Task.isCancelled else { return }
                await outage.pause(error, logger)
            }
        }
    }

    private func listen(_ configuration: PostgresConfiguration, _ identity: WorkerIdentity, _ lanes: [Lane]) async {
        for await event in PostgresListener(configuration, channels: ["agentcorp"], logger: logger).notifications {
            switch event {
            case .reconnected: for lane in lanes { lane.hint() }
            case .notification(let notification):
                // "shard:queue id"
                let queue = notification.payload.split(separator: ":").last.flatMap { Int32($0) }
                for lane in lanes where identity.queueID(of: lane.queue) == queue { lane.hint() }
            }
        }
    }
}
