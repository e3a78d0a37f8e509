internal import Queue

/// A task that has left the lane's hands, on its way into the database.
struct EndedTask {
    enum Fate {
        /// Record how the attempt ended.
        case report(FinishedTask)
        /// Give it back unburned, at once or after a while.
        case release(delay: Duration?)
        /// Somebody else has ended the attempt; there is nothing to say.
        case drop
    }

    let task: ClaimedTask
    let fate: Fate
}
