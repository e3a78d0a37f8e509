import TestSupport

/// One random tree, driven through SQL and through the model side by side.
struct ModelRun {
    let sql: Session
    private var worker = 0
    private var random: SeededGenerator
    private var model = ModelTree()
    /// The id of the task with that number.
    private var ids: [Int] = []
    /// What was done, for whoever reads a failure.
    private(set) var log: [String] = []

    init(seed: UInt64, sql: Session) {
        random = SeededGenerator(seed: seed)
        self.sql = sql
    }

    /// Plays to the end of the tree.
    ///
    /// - Returns: Where the database and the model differ; empty when they agree at every step.
    mutating func play() async throws -> [String] {
        worker = try await sql.worker()
        try await plant()
        for _ in 1...Int.random(in: 5...40, using: &random) {
            try await step()
            if let difference = try await compare() { return [difference] }
        }
        while true {
            let running = model.tasks.indices.first { model.tasks[$0].isRunning }
            guard let task = if let running { running } else { try await claim() } else { break }
            try await finish(task, "completed")
            if let difference = try await compare() { return [difference] }
        }
        let open = model.tasks.indices.filter { !model.tasks[$0].state.hasEnded }
        return open.map { "task \(ids[$0]) never ends" }
    }

    // MARK: the tree

    private mutating func plant() async throws {
        let json = node(parent: nil, name: "root", siblings: [], depth: 0)
        // A subtask without needs of its own starts after what its parent needs.
        for task in model.tasks.indices {
            guard let parent = model.tasks[task].parent, own[task].isEmpty else { continue }
            own[task] = own[parent]
            model.tasks[task].needs.formUnion(own[task])
        }
        for task in model.tasks.indices where model.tasks[task].needs.isEmpty { model.tasks[task].state = .ready }
        let root = try await sql.tree(json)
        ids = try await sql.ints("select id from agentcorp.task where root_id = \(root) order by id")
        note("tree \(root): \(json)")
    }
    /// The needs that are not subtasks, by task.
    private var own: [Set<Int>] = []

    private mutating func node(parent: Int?, name: String, siblings: [(name: String, task: Int)], depth: Int) -> String
    {
        let task = model.tasks.count
        model.tasks.append(ModelTree.Task(parent: parent))
        var fields = [#""kind":"a","name":"\#(name)","max_attempts":2,"backoff":"fixed 0s""#]
        let needs = siblings.filter { _ in chance(30) }
        own.append(Set(needs.map(\.task)))
        if !needs.isEmpty { fields.append(#""needs":[\#(needs.map { "\"\($0.name)\"" }.joined(separator: ","))]"#) }
        if chance(20) {
            model.tasks[task].forgives = true
            fields.append(#""on_error":"skip""#)
        }
        var subtasks: [String] = []
        var before: [(name: String, task: Int)] = []
        for i in 0..<(depth >= 3 ? 0 : Int.random(in: depth == 0 ? 1...4 : 0...3, using: &random)) {
            let child = model.tasks.count
            subtasks.append(node(parent: task, name: "\(name).\(i)", siblings: before, depth: depth + 1))
            before.append(("\(name).\(i)", child))
        }
        model.tasks[task].needs = own[task].union(before.map(\.task))
        if chance(40) {
            let join = ModelTree.Join.allCases.randomElement(using: &random)!
            if join != .two || model.tasks[task].needs.count >= 2 {
                model.tasks[task].join = join
                fields.append(#""join":\#(join.rawValue)"#)
            }
        }
        if !subtasks.isEmpty { fields.append(#""subtasks":[\#(subtasks.joined(separator: ","))]"#) }
        return "{\(fields.joined(separator: ","))}"
    }

    // MARK: steps

    private mutating func step() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<4: try await cancel()
        case 4..<10: try await retry()
        case 10..<13: try await lose()
        case 13..<17:
            guard let task = try await claim() else { return }
            try await sql.run("select agentcorp.release(0::smallint, \(worker), '{\(ids[task])}')")
            model.tasks[task].isRunning = false
            note("released \(ids[task])")
        case 17..<25: _ = try await claim()
        default:
            let running = model.tasks.indices.filter { model.tasks[$0].isRunning }
            let chosen = running.randomElement(using: &random)
            guard let task = if let chosen, chance(50) { chosen } else { try await claim() } else { return }
            if chance(15) { try await addSubtasks(task) }
            let outcomes = [
                "completed", "completed", "completed", "failed", "errored", "skipped", "suspended", "snoozed",
            ]
            try await finish(task, outcomes.randomElement(using: &random)!)
        }
        try await settle()
    }

    private mutating func claim() async throws -> Int? {
        guard let id = try await sql.claim(worker).first else { return nil }
        guard let task = ids.firstIndex(of: id) else { throw TestSupportError("claimed task \(id) of another tree") }
        guard model.tasks[task].state == .ready, !model.tasks[task].isRunning else {
            throw TestSupportError("claimed task \(id), which the model calls \(model.tasks[task])")
        }
        model.tasks[task].isRunning = true
        note("claimed \(id)")
        return task
    }

    private mutating func finish(_ task: Int, _ outcome: String) async throws {
        let arguments =
            switch outcome {
            case "failed": "'failed', retry => false"
            case "errored": "'failed'"
            default: "'\(outcome)'"
            }
        guard try await sql.finish(ids[task], worker, arguments) else { throw TestSupportError("lost \(ids[task])") }
        note("finished \(ids[task]): \(outcome)")
        switch outcome {
        case "completed":
            if model.openNeeds(of: task) > 0 { model.suspend(task, isDone: true) } else { model.end(task, .completed) }
        case "failed": model.end(task, .failed)
        case "errored":
            model.tasks[task].failures += 1
            if model.tasks[task].failures >= 2 { model.end(task, .failed) } else { model.tasks[task].isRunning = false }
        case "skipped": model.end(task, .skipped)
        case "suspended": model.suspend(task, isDone: false)
        default: model.tasks[task].isRunning = false
        }
        try await settle()
    }

    private mutating func addSubtasks(_ task: Int) async throws {
        let count = Int.random(in: 1...3, using: &random)
        let json = Array(repeating: #"{"kind":"a","max_attempts":2,"backoff":"fixed 0s"}"#, count: count).joined(
            separator: ",")
        let new = try await sql.ints("select agentcorp.add_subtasks(\(ids[task]), '[\(json)]')")
        for id in new {
            model.tasks[task].needs.insert(ids.count)
            ids.append(id)
            model.tasks.append(ModelTree.Task(parent: task, state: .ready))
        }
        note("added \(new) to \(ids[task])")
    }

    private mutating func cancel() async throws {
        let task = model.tasks.indices.randomElement(using: &random)!
        try await sql.run("select agentcorp.cancel(\(ids[task]))")
        model.cancel(task, byPerson: true)
        note("cancelled \(ids[task])")
    }

    private mutating func lose() async throws {
        try await sql.run("update agentcorp.worker set beat_at = '2001-01-01'")
        try await sql.run("select agentcorp.rescue()")
        worker = try await sql.worker()
        for task in model.tasks.indices { model.tasks[task].isRunning = false }
        note("lost the worker")
        // From the second loss on there is a pause, which nobody waits for here.
        try await sql.run("update agentcorp.scheduled set run_at = least(run_at, agentcorp.clock())")
    }

    /// A retry reopens whatever hangs together; the model takes over what the database made of it.
    private mutating func retry() async throws {
        let ended = model.tasks.indices.filter { [.failed, .cancelled, .skipped].contains(model.tasks[$0].state) }
        guard let task = ended.randomElement(using: &random) else { return }
        do {
            let count = try await sql.int("select agentcorp.retry(\(ids[task]))")
            note("retried \(ids[task]) and \(count - 1) others")
        } catch {
            guard "\(error)".contains("AC009") else { throw error }
            note("could not retry \(ids[task])")
            return
        }
        try await settle()
        try await takeOver()
    }

    private mutating func settle() async throws {
        try await sql.settle()
        model.settle()
    }

    // MARK: comparing

    private func databaseStates() async throws -> [String] {
        try await sql.rows(
            "select state from agentcorp.states(0::smallint, '{\(ids.map(String.init).joined(separator: ","))}') order by task_id"
        )
    }

    private static func simplified(_ state: String) -> String {
        switch state {
        case "ready", "scheduled", "running": "ready"
        case "blocked", "waiting": "waiting"
        default: state
        }
    }

    private mutating func compare() async throws -> String? {
        let order = ids.indices.sorted { ids[$0] < ids[$1] }
        for (task, state) in zip(order, try await databaseStates())
        where Self.simplified(state) != model.tasks[task].state.rawValue {
            note("DIFFERENCE: task \(ids[task]) is \(state), the model says \(model.tasks[task].state)")
            return log.last
        }
        return nil
    }

    private mutating func takeOver() async throws {
        let order = ids.indices.sorted { ids[$0] < ids[$1] }
        for (task, state) in zip(order, try await databaseStates()) {
            let id = ids[task]
            model.tasks[task].state = ModelTree.State(rawValue: Self.simplified(state))!
            model.tasks[task].isRunning = state == "running"
            let row = try await sql.rows(
                "select phase = 3, met, failed, quorum from agentcorp.blocked where task_id = \(id)"
            )
            .first?.split(separator: "|")
            model.tasks[task].isDone = row?[0] == "true"
            model.tasks[task].baseMet = Int(row?[1] ?? "0")!
            model.tasks[task].baseFailed = Int(row?[2] ?? "0")!
            model.tasks[task].keepsOpenSubtasks = row?[3] == "-1"
            let needs = try await sql.ints(
                """
                select d.needs_id from agentcorp.dependency d join agentcorp.blocked b on b.task_id = d.task_id and b.gate = d.gate where d.task_id = \(id)
                and not exists (select from agentcorp.attempt a where a.task_id = d.needs_id and a.outcome between 1 and 4)
                """)
            model.tasks[task].needs = Set(needs.compactMap { ids.firstIndex(of: $0) })
            model.tasks[task].failures = try await sql.int(
                """
                select count(*) from agentcorp.attempt a where a.task_id = \(id) and a.outcome = 10
                and a.attempt > coalesce((select max(o.attempt) from agentcorp.attempt o where o.task_id = \(id) and o.outcome = 14), 0)
                """)
            let reason = try await sql.rows(
                "select error ->> 'reason' from agentcorp.attempt where task_id = \(id) and outcome between 1 and 4"
            ).first
            model.tasks[task].wasNotNeeded = reason == "not needed"
            model.tasks[task].wasCancelledByPerson = reason == "cancelled"
        }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func note(_ line: String) { log.append(line) }
}
