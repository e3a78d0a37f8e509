import Queue

/// How many tasks are in which state.
struct StateCounts: CustomStringConvertible {
    private var counts = [Int](repeating: 0, count: TaskState.allCases.count)

    init() {}

    init(_ nodes: [TaskNode]) {
        for node in nodes { add(node.state) }
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
