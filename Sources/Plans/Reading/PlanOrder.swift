internal import Documents
internal import JSON

/// Puts tasks in the order in which they can run, and finds needs that lead nowhere or in a circle.
struct PlanOrder {
    private var tasks: [PlanTask]
    private let known: Set<String>
    private let pointer: String
    private let issues: IssueList
    private var places: [String: Int] = [:]
    /// By task, the tasks that must come before.
    private var before: [[Int]] = []

    /// - Parameters:
    ///   - tasks: In the order that they keep where nothing else is said.
    ///   - known: All ids, also those of tasks that could not be read.
    init(_ tasks: [PlanTask], known: Set<String>, pointer: String, _ issues: IssueList) {
        self.tasks = tasks
        self.known = known
        self.pointer = pointer
        self.issues = issues
        for (index, task) in tasks.enumerated() { places[task.id] = index }
        nameHandlers()
        before = tasks.map { task in task.needs.compactMap { places[$0] } }
        // A handler runs after what it handles, and before those who need that.
        for (index, task) in self.tasks.enumerated() {
            if let handled = task.handles.flatMap({ places[$0] }) { before[index].append(handled) }
        }
        for (index, needs) in before.enumerated() where self.tasks[index].handles == nil {
            for need in needs {
                if case .run(let handler, _) = tasks[need].onError, let place = places[handler], place != index {
                    before[index].append(place)
                }
            }
        }
    }

    func sorted() -> [PlanTask] {
        checkNeeds()
        var after = [[Int]](repeating: [], count: tasks.count)
        var open = before.map(\.count)
        for (index, needs) in before.enumerated() {
            for need in needs { after[need].append(index) }
        }
        var order = tasks.indices.filter { open[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependant in after[order[next]] {
                open[dependant] -= 1
                if open[dependant] == 0 { order.append(dependant) }
            }
            next += 1
        }
        if order.count < tasks.count { noteCycle(open) }
        return order.map { tasks[$0] }
    }

    private mutating func nameHandlers() {
        for task in tasks {
            guard case .run(let handler, _) = task.onError, let place = places[handler] else { continue }
            if let other = tasks[place].handles {
                wrong(
                    task, "on_error/run", "\"\(handler)\" handles the failure of \"\(other)\" already",
                    "Make a task for each.")
            } else {
                tasks[place].handles = task.id
            }
        }
    }

    private func checkNeeds() {
        lazy var ids = known.sorted()
        for task in tasks {
            for (index, need) in task.needs.enumerated() {
                if need == task.id {
                    wrong(task, "needs/\(index)", "the task needs itself", "Leave it out.")
                } else if !known.contains(need) {
                    wrong(
                        task, "needs/\(index)", "there is no task \"\(need.prefix(100))\" in this plan",
                        Self.guess(need, ids))
                }
            }
            guard case .run(let handler, _) = task.onError else { continue }
            if !known.contains(handler) {
                wrong(
                    task, "on_error/run", "there is no task \"\(handler.prefix(100))\" in this plan",
                    Self.guess(handler, ids))
            } else if handler == task.id {
                wrong(task, "on_error/run", "the task cannot handle its own failure", "Name another one.")
            } else if let place = places[handler], !tasks[place].needs.isEmpty {
                wrong(
                    tasks[place], "needs", "the task handles the failure of \"\(task.id)\", and cannot need others",
                    "Leave out needs: it runs when \"\(task.id)\" has failed, and at no other time.")
            }
        }
    }

    /// Walks back from a task that can never start, until one comes again.
    private func noteCycle(_ open: [Int]) {
        guard let start = open.indices.first(where: { open[$0] > 0 }) else { return }
        var path: [Int] = []
        var seen: [Int: Int] = [:]
        var at = start
        while seen[at] == nil {
            seen[at] = path.count
            path.append(at)
            guard let need = before[at].first(where: { open[$0] > 0 }) else { return }
            at = need
        }
        let circle = Array(path[(seen[at] ?? 0)...])
        guard circle.count > 1 else { return }
        let ids = (circle + [circle[0]]).map { tasks[$0].id }
        let shown = (ids.prefix(20) + (ids.count > 20 ? ["...", ids[0]] : [])).joined(separator: " waits for ")
        // Some wait for what they handle, and say so elsewhere.
        let place = circle.first { !tasks[$0].needs.isEmpty }
        wrong(
            tasks[place ?? at], place == nil ? "on_error/run" : "needs", "the tasks wait for each other: \(shown)",
            "Leave out one of these needs.")
    }

    private func wrong(_ task: PlanTask, _ place: String, _ message: String, _ advice: String) {
        issues.add("\(pointer)/tasks/\(DocumentFields.escaped(task.id))/\(place)", message, advice)
    }

    static func guess(_ word: String, _ words: [String]) -> String {
        if words.count <= 1000, let near = Spelling.nearest(to: String(word.prefix(100)), in: words) {
            return "Did you mean \"\(near)\"?"
        }
        let shown = words.prefix(words.count > 12 ? 8 : 12).joined(separator: ", ")
        return words.isEmpty ? "" : "There are \(shown)\(words.count > 12 ? " and \(words.count - 8) others" : "")."
    }
}
