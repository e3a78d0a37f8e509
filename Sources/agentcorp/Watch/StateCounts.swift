import Queue

/// How many tasks are in which state.
struct StateCounts: CustomStringConvertible {
    private var counts = [Int](repeating: 0, count: TaskState.allCases.count)

    init() {}

    init(_ nodes: [TaskNode]) {
        for node in nodes { add(node.state) }
    }

    /// Counts by the names of the states.
    init(_ counts: [String: Int]) {
        for (name, count) in counts {
            if let state = TaskState(rawValue: name) { self.counts[Self.index(state)] += count }
        }
    }

    subscript(state: TaskState) -> Int { counts[Self.index(state)] }

    var total: Int { counts.reduce(0, +) }
    var final: Int { TaskState.allCases.filter(\.isFinal).reduce(0) { $0 + self[$1] } }

    mutating func add(_ state: TaskState) { counts[Self.index(state)] += 1 }

    static func += (left: inout StateCounts, right: StateCounts) {
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
    }

    /// `9,000 completed, 950 ready`, the states in the order in which people ask for them.
    var description: String {
        Self.order.filter { self[$0] > 0 }.map { "\(Plural.grouped(self[$0])) \($0.rawValue)" }.joined(separator: ", ")
    }

    /// `12/40 done, 3 running, 1 failed`: what is not done and not yet to be done is not spelled out.
    var fraction: String {
        let busy = self[.running] + self[.waiting]
        return
            (["\(Plural.grouped(final))/\(Plural.grouped(total)) done"]
            + [(busy, "running"), (self[.failed], "failed"), (self[.cancelled], "cancelled")]
            .filter { $0.0 > 0 }.map { "\(Plural.grouped($0.0)) \($0.1)" }).joined(separator: ", ")
    }

    private static let order: [TaskState] = [
        .failed, .running, .completed, .ready, .queued, .scheduled, .waiting, .blocked, .cancelled, .skipped,
    ]

    private static func index(_ state: TaskState) -> Int {
        switch state {
        case .blocked: 0
        case .scheduled: 1
        case .ready: 2
        case .running: 3
        case .waiting: 4
        case .completed: 5
        case .failed: 6
        case .cancelled: 7
        case .skipped: 8
        case .queued: 9
        }
    }
}
