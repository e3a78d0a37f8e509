public import Logging
public import Postgres
internal import Queue
public import ServiceLifecycle

/// The process that unblocks, promotes, fires schedules, rescues and counts. Several may run; one leads.
public struct Coordinator: Service {
    private let pool: PostgresPool
    private let configuration: CoordinatorConfiguration
    private let logger: Logger

    /// The pool needs about four connections; fewer only make the duties wait for each other.
    public init(
        pool: PostgresPool, configuration: CoordinatorConfiguration = CoordinatorConfiguration(),
        logger: Logger = Logger(label: "agentcorp.coordinator")
    ) {
        self.pool = pool
        self.configuration = configuration
        self.logger = logger
    }

    /// Works until it is shut down or cancelled. Throws when the database cannot be reached at first.
    public func run() async throws {
        let link = CoordinatorLink(pool)
        let shards = try await pool.shards()
        let leadership = Leadership(link, ttl: configuration.leadership, logger: logger)
        let (urgent, patient) = duties(link, shards)
        func loop(_ duty: any Duty) -> DutyLoop { DutyLoop(duty: duty, leadership: leadership, logger: logger) }
        let told = urgent.map(loop)
        let lookout = Lookout(link: link, shards: shards, poll: configuration.poll, loops: told)
        let loops = told + [loop(lookout)] + patient.map(loop)
        logger.info("coordinator started", metadata: ["holder": "\(link.holder)"])
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await leadership.run { for loop in loops { loop.signal.set() } } }
                for loop in loops { group.addTask { await loop.run() } }
                if let listener = configuration.listener {
                    group.addTask { await listen(listener, leadership, told) }
                }
            }
        }
        // Written also when the task was cancelled.
        await Task { await leadership.resign() }.value
        logger.info("coordinator stopped")
    }

    /// What a leader does again and again: the urgent when it is told to, the patient in its own time.
    private func duties(_ link: CoordinatorLink, _ shards: [Int16]) -> (urgent: [any Duty], patient: [any Duty]) {
        // The lookout looks for them; this is for the day on which it fails.
        let patience = configuration.poll * 30
        let urgent: [any Duty] = [
            Resolver(link: link, shards: shards, patience: patience),
            Promoter(link: link, shards: shards, patience: patience),
            Admitter(link: link, shards: shards, patience: patience),
            Scheduler(link: link, shards: shards, patience: patience, logger: logger),
            WaitTimer(link: link, shards: shards, patience: patience),
            HookFollower(link: link, shards: shards, patience: patience, logger: logger),
            Redriver(link: link, poll: configuration.redrivePoll),
        ]
        let patient: [any Duty] = [
            Rescuer(link: link, beat: configuration.beat, logger: logger),
            SlotSweeper(link: link, shards: shards, interval: configuration.beat, logger: logger),
            ReservationSweeper(link: link, shards: shards, interval: configuration.beat, logger: logger),
            WaitSweeper(link: link, shards: shards, interval: configuration.sweepInterval, logger: logger),
            CounterFolding(link: link, shards: shards, interval: configuration.foldInterval),
            BlobSweeper(link: link, shards: shards),
            Pruner(
                link: link, shards: shards, interval: configuration.pruneInterval, share: configuration.pruneShare,
                logger: logger),
        ]
        return (urgent, patient)
    }

    /// Performs every duty but pruning once, whoever leads: for tests that let nothing run by itself.
    package func performDuties() async throws {
        let (urgent, patient) = duties(CoordinatorLink(pool), try await pool.shards())
        // What has ended stays, however far a test has moved the clock.
        for duty in urgent + patient where !(duty is Pruner) { _ = try await duty.perform() }
    }

    private func listen(_ configuration: PostgresConfiguration, _ leadership: Leadership, _ urgent: [DutyLoop]) async {
        let listener = PostgresListener(configuration, channels: ["agentcorp_coordinator"], logger: logger)
        for await event in listener.notifications {
            switch event {
            case .notification(let notification) where notification.payload == "leader":
                leadership.vacancy.set()
            case .reconnected:
                leadership.vacancy.set()
                fallthrough
            case .notification:
                for loop in urgent { loop.signal.set() }
            }
        }
    }
}
