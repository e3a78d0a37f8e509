/// What one call of `agentcorp.work` brought.
public struct WorkBatch: Sendable {
    public var claimed: [ClaimedTask] = []
    /// Per priority, the highest `seq` that was claimed.
    public var highest: [Int16: Int64] = [:]
    /// Results that were not recorded: the lease had been lost.
    public var refused: [AttemptKey] = []
}
