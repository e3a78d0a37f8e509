import Queue

extension RunNode {
    /// Its state for people: what waits for its own tasks is at work.
    var shownState: TaskState { state == .waiting && children != nil && asks?.isEmpty != false ? .running : state }
}
