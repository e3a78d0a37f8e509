internal import Logging
internal import Queue
internal import Synchronization

/// Whether this process leads: a lease row in the database, trusted for less than its time by the local clock.
///
/// Two leaders would do each other's work twice, not wrongly: every duty is safe in several processes at once.
final class Leadership: Sendable {
    private struct State {
        var term: Int64?
        var trustedUntil: ContinuousClock.Instant?
    }

    private let link: CoordinatorLink
    private let ttl: Duration
    private let logger: Logger
    private let state = Mutex(State())
    /// Another leader has resigned: try now.
    let vacancy = Signal()

    init(_ link: CoordinatorLink, ttl: Duration, logger: Logger) {
        self.link = link
        self.ttl = ttl
        self.logger = logger
    }

    /// True while the lease is held, by this process's own monotonic clock.
    var isHeld: Bool { state.withLock { $0.trustedUntil.map { ContinuousClock.now < $0 } ?? false } }

    /// Takes, renews and loses the leadership until the task is cancelled; `gained` is called with each new one.
    func run(gained: () -> Void) async {
        var outage = Outage()
        while !Task.isCancelled {
            // The lease counts from before the call: the answer may have been under way for long.
            let asked = ContinuousClock.now
            do {
                let term = try await link.lead(ttl: ttl)
                outage.isOver(logger)
                let before = state.withLock { state in
                    let before = state.term
                    state.term = term
                    state.trustedUntil = term.map { _ in asked + ttl * 0.8 }
                    return before
                }
                if let term, term != before {
                    logger.info("leading", metadata: ["term": "\(term)"])
                    gained()
                } else if term == nil, before != nil {
                    logger.warning("another coordinator leads now")
                }
                await vacancy.wait(for: ttl / 3)
            } catch {
                guard !Task.isCancelled else { break }
                await outage.pause(error, logger)
            }
        }
    }

    /// Gives the leadership up, so that another process takes over at once.
    func resign() async {
        guard isHeld else { return }
        state.withLock { $0 = State() }
        do {
            try await link.resign()
        } catch {
            logger.warning("could not resign; the lease runs out by itself", metadata: ["error": "\(error)"])
        }
    }
}
