/// One exchange with the server and what may cut it short.
struct Operation {
    enum Interruption {
        case cancelled
        case deadline
    }

    /// Whether the awaiting task's cancellation counts; cleaning up does not let itself be disturbed.
    let isCancellable: Bool
    /// How long a cancelled statement may take to end before the connection is given up.
    private let grace: Duration
    private let deadline: ContinuousClock.Instant?
    private(set) var interruption: Interruption?
    private var giveUp: ContinuousClock.Instant?
    private var nextCancel: ContinuousClock.Instant?
    /// A cancel request that arrives before the statement started is ignored, so it is sent again, ever more rarely.
    private var repeatInterval: Duration = .milliseconds(10)

    init(timeout: Duration?, isCancellable: Bool = true, grace: Duration = .seconds(10)) {
        self.isCancellable = isCancellable
        self.grace = grace
        // More than thirty years are for ever, and would overflow the clock.
        deadline = timeout.flatMap { $0 < .seconds(1_000_000_000) ? .now + $0 : nil }
    }

    /// How long `poll` may wait until something is due; -1 is for ever.
    var pollTimeout: Int32 {
        guard let next = nextCancel ?? deadline else { return -1 }
        return (next - .now).pollMilliseconds
    }

    /// Whether a cancel request is due now, because of cancellation or time.
    mutating func mustCancel() -> Bool {
        if let nextCancel {
            guard nextCancel <= .now else { return false }
        } else if isCancellable, Task.isCancelled {
            interruption = .cancelled
        } else if let deadline, deadline <= .now {
            interruption = .deadline
        } else {
            return false
        }
        let now = ContinuousClock.now
        if giveUp == nil { giveUp = now + grace }
        nextCancel = now + repeatInterval
        repeatInterval = min(repeatInterval * 2, .seconds(1))
        return true
    }

    /// Whether the server has had its time to react to a cancel request.
    var isHopeless: Bool { giveUp.map { $0 <= .now } ?? false }

    /// The error for the caller after an interruption.
    func interruptionError(_ suffix: String = "") -> PostgresError {
        switch interruption {
        case .deadline:
            PostgresError(.deadlineExceeded, "the statement did not end in time and was cancelled" + suffix)
        default:
            PostgresError(.cancelled, "the statement was cancelled with its task" + suffix)
        }
    }
}

extension Duration {
    /// Milliseconds for `poll`, rounded up so that it does not return too early.
    var pollMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        return Int32(clamping: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 + 1)
    }
}
