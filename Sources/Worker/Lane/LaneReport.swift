internal import Queue

/// What one call tells the database about a shard: results, and claims in which nothing is left.
struct LaneReport {
    var finished: [FinishedTask] = []
    var closing: [Int64] = []
    /// Given back at once, and after a while.
    var released: [Int64] = []
    var postponed: [Int64] = []

    var isEmpty: Bool { finished.isEmpty && closing.isEmpty && released.isEmpty && postponed.isEmpty }
}
