internal import Queue
internal import Synchronization

/// Who the process is in the database; it changes when it was declared dead and registers again.
final class WorkerIdentity: Sendable {
    private let queues: [String]
    private let current: Mutex<WorkerLink>

    init(_ link: WorkerLink, queues: [String]) {
        current = Mutex(link)
        self.queues = queues
    }

    var link: WorkerLink { current.withLock { $0 } }

    var worker: Int64 { link.worker }

    func queueID(of queue: String) -> Int32? {
        queues.firstIndex(of: queue).map { link.queueIDs[$0] }
    }

    func replace(_ link: WorkerLink) { current.withLock { $0 = link } }
}
