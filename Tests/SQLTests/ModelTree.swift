/// The rules of trees, needs and joins, in memory: what each task's state must be once nothing is left to resolve.
struct ModelTree {
    enum State: String {
        case waiting, ready, completed, failed, cancelled, skipped
        var hasEnded: Bool { self != .waiting && self != .ready }
    }

    enum Join: String, CaseIterable {
        case all = "\"all\""
        case any = "\"any\""
        case settled = "\"settled\""
        case two = "{\"quorum\": 2}"
    }

    struct Task {
        var parent: Int?
        /// Everything it waits for: needs and subtasks.
        var needs: Set<Int> = []
        var join = Join.all
        var forgives = false
        var state = State.waiting
        /// Needs that had ended before it began to wait.
        var baseMet = 0
        var baseFailed = 0
        /// It has returned, and completes when its subtasks have.
        var isDone = false
        /// It was released early; what it waits for now are subtasks that others need, however they end.
        var keepsOpenSubtasks = false
        var isRunning = false
        var failures = 0
        /// Ended because it was no longer needed, or because a person cancelled it.
        var wasNotNeeded = false
        var wasCancelledByPerson = false
    }

    var tasks: [Task] = []

    func children(of task: Int) -> [Int] { tasks.indices.filter { tasks[$0].parent == task } }

    func countsAsMet(_ task: Int) -> Bool {
        let task = tasks[task]
        switch task.state {
        case .completed, .skipped: return true
        case .failed, .cancelled: return task.wasNotNeeded || task.forgives && !task.wasCancelledByPerson
        case .waiting, .ready: return false
        }
    }

    mutating func cancel(_ task: Int, notNeeded: Bool = false, byPerson: Bool = false) {
        guard !tasks[task].state.hasEnded else { return }
        tasks[task].state = .cancelled
        tasks[task].isRunning = false
        tasks[task].wasNotNeeded = notNeeded
        tasks[task].wasCancelledByPerson = byPerson
        for child in children(of: task) { cancel(child) }
    }

    /// A running task has ended by itself: what is open below it goes with it.
    mutating func end(_ task: Int, _ state: State) {
        tasks[task].state = state
        tasks[task].isRunning = false
        for child in children(of: task) { cancel(child) }
    }

    /// A running task gives up its worker until its subtasks have ended.
    mutating func suspend(_ task: Int, isDone: Bool) {
        tasks[task].isRunning = false
        guard !tasks[task].needs.isEmpty else { return }
        tasks[task].state = .waiting
        tasks[task].isDone = isDone
    }

    func openNeeds(of task: Int) -> Int { tasks[task].needs.count { !tasks[$0].state.hasEnded } }

    private enum Verdict { case waits, isReleased, isHopeless }

    private func verdict(_ task: Int) -> Verdict {
        let needs = tasks[task].needs
        let open = openNeeds(of: task)
        let met = tasks[task].baseMet + needs.count { countsAsMet($0) }
        let failed = tasks[task].baseFailed + needs.count - open - needs.count { countsAsMet($0) }
        switch tasks[task].keepsOpenSubtasks ? .settled : tasks[task].join {
        case .all: return failed > 0 ? .isHopeless : open == 0 ? .isReleased : .waits
        case .settled: return open == 0 ? .isReleased : .waits
        case .any, .two:
            let wanted = tasks[task].join == .any ? 1 : 2
            if met + open < wanted { return .isHopeless }
            return met >= wanted && (open == 0 || !tasks[task].isDone) ? .isReleased : .waits
        }
    }

    /// Looks at who waits until nothing changes any more.
    mutating func settle() {
        while true {
            let waiting = tasks.indices.filter { tasks[$0].state == .waiting }
            let released = waiting.filter { verdict($0) == .isReleased }
            let hopeless = waiting.filter { verdict($0) == .isHopeless }
            if released.isEmpty && hopeless.isEmpty { return }
            for task in released { release(task) }
            for task in hopeless { cancel(task) }
        }
    }

    private mutating func release(_ task: Int) {
        guard tasks[task].state == .waiting else { return }
        let needs = tasks[task].needs
        tasks[task].state = tasks[task].isDone ? .completed : .ready
        tasks[task].needs = []
        tasks[task].baseMet = 0
        tasks[task].baseFailed = 0
        tasks[task].isDone = false
        var losers: [Int]
        repeat {
            losers = needs.sorted().filter { loser in
                !tasks[loser].state.hasEnded
                    && !tasks.indices.contains {
                        $0 != tasks[loser].parent && tasks[$0].needs.contains(loser) && !tasks[$0].state.hasEnded
                    }
            }
            for loser in losers { cancel(loser, notNeeded: true) }
        } while !losers.isEmpty
        tasks[task].needs = needs.filter { !tasks[$0].state.hasEnded && tasks[$0].parent == task }
        tasks[task].keepsOpenSubtasks = !tasks[task].needs.isEmpty
    }
}
