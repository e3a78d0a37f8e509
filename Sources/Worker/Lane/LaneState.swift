internal import DequeModule
internal import Queue

/// What a lane holds at a moment; kept under a lock.
struct LaneState {
    /// Why a running handler was told to stop.
    enum StopReason {
        case timeout
        /// Cancelled or rescued: the attempt was ended by somebody else.
        case ended
        /// The worker shuts down.
        case shutdown
    }

    struct Running {
        let task: ClaimedTask
        let execution: Task<Void, Never>
        var stopReason: StopReason?
    }

    var backlog: Deque<ClaimedTask> = []
    var running: [AttemptKey: Running] = [:]
    var ended: [EndedTask] = []
    var firstEndedAt: ContinuousClock.Instant?
    /// Per claim, how many of its tasks have not been reported yet.
    var open: [Int64: Int] = [:]
    var pace = Pace()
    var floor: [Int16: ClaimFloor] = [:]
    var isStopping = false
    var isHinted = true

    var held: Int { backlog.count + running.count }
}
