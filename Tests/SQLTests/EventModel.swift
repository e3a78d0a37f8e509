import TestSupport

/// Random emitting, waiting, expiring, dying and cancelling, with a model that says what must come of it.
struct EventModel {
    private enum State: String { case ready, running, waiting, completed, cancelled, failed }

    private struct Wait {
        let topic: String
        let key: String?
        let timeoutAt: Int?
    }

    private struct Task {
        var state = State.ready
        var attempt = 1
        /// Registered by this attempt: what it is parked for when it suspends itself.
        var asked: Set<String> = []
        var open: [String: Wait] = [:]
        var over: [String: String] = [:]
    }

    let sql: Session
    private(set) var log: [String] = []
    private var random: SeededGenerator
    private var tasks: [Int: Task] = [:]
    private var first: [String: Int] = [:]
    private var worker = 0
    /// Seconds by which the clock was set forward.
    private var now = 0

    init(seed: UInt64, sql: Session) {
        random = SeededGenerator(seed: seed)
        self.sql = sql
    }

    /// Plays a while, and returns what was not as the model says.
    mutating func play(steps: Int) async throws -> [String] {
        try await advance(to: 0)
        worker = try await sql.worker()
        for _ in 1...steps {
            try await step()
            if let problem = try await difference() { return [problem] }
        }
        return []
    }

    private mutating func step() async throws {
        let task = tasks.keys.sorted().randomElement(using: &random)
        let topic = ["t", "u"].randomElement(using: &random) ?? "t"
        let key = [nil, "1", "2", "3"].randomElement(using: &random) ?? nil
        let name = ["a", "b", "c"].randomElement(using: &random) ?? "a"
        let isRunning = task.map { tasks[$0]?.state == .running } ?? false
        switch Int.random(in: 0..<100, using: &random) {
        case ..<15: tasks[try await sql.enqueue()] = Task()
        case ..<30: try await claim()
        case ..<55: if let task, isRunning { try await wait(task, name, topic, key) }
        case ..<67: if let task, isRunning { try await suspend(task) }
        case ..<80: try await emit(topic, key)
        case ..<85: try await expire()
        case ..<88: if let task, isRunning { try await end(task) }
        case ..<91: if let task { try await cancel(task) }
        case ..<93: try await lose()
        case ..<96: if let task { try await retry(task) }
        default:
            note("sweep")
            let woken = try await sql.int("select woken from agentcorp.sweep_waits(0::smallint)")
            if woken > 0 { throw TestSupportError("the sweep found \(woken) missed waits") }
        }
    }

    private mutating func note(_ line: String) { log.append(line) }

    private mutating func advance(to seconds: Int) async throws {
        now = seconds
        try await sql.setClock("\(now) seconds")
    }

    private mutating func claim() async throws {
        let claimed = try await sql.claim(worker, 2)
        note("claim \(claimed)")
        for id in claimed {
            if tasks[id]?.state != .ready {
                throw TestSupportError("claimed \(id), which is \(tasks[id]?.state as Any)")
            }
            tasks[id]?.state = .running
        }
    }

    private mutating func wait(_ id: Int, _ name: String, _ topic: String, _ key: String?) async throws {
        guard var task = tasks[id] else { return }
        let timeout = Bool.random(using: &random) ? Int.random(in: 1...5, using: &random) * 100 : nil
        note("wait \(id)/\(task.attempt) \(name): \(topic) \(key ?? "-") \(timeout ?? -1)")
        let known = task.open[name]
        let isSame = known?.topic == topic && known?.key == key
        let wait = isSame ? known : Wait(topic: topic, key: key, timeoutAt: timeout.map { now + $0 })
        if task.over[name] == nil {
            if let key, let event = first["\(topic) \(key)"] {
                task.over[name] = "\(event)"
            } else if let timeoutAt = wait?.timeoutAt, timeoutAt <= now {
                task.over[name] = "timed out"
            }
            if task.over[name] == nil {
                task.open[name] = wait
                task.asked.insert(name)
            } else {
                task.open[name] = nil
                task.asked.remove(name)
            }
        }
        let expected = task.over[name] ?? ""
        tasks[id] = task
        let got = try await sql.value(
            """
            select case when e ->> 'timed_out' = 'true' then 'timed out' else e ->> 'id' end from agentcorp.await_event(
                \(id), \(task.attempt), '\(name)', '\(topic)', \(key.map { "'\($0)'" } ?? "null"), \(timeout.map { "'\($0) s'" } ?? "null")) e
            """)
        if got != expected { throw TestSupportError("wait \(name) of task \(id) gives \(got), not \(expected)") }
    }

    private mutating func suspend(_ id: Int) async throws {
        guard var task = tasks[id] else { return }
        note("suspend \(id)/\(task.attempt)")
        try await sql.finish(id, worker, "'suspended'", attempt: task.attempt)
        task.attempt += 1
        if task.asked.isEmpty {
            // It waits for its subtasks, of which it has none.
            task.open = [:]
            task.state = .ready
        } else {
            task.state = task.asked.allSatisfy { task.open[$0] != nil } ? .waiting : .ready
        }
        task.asked = []
        tasks[id] = task
    }

    private mutating func emit(_ topic: String, _ key: String?) async throws {
        let id = try await sql.emit("'\(topic)', key => \(key.map { "'\($0)'" } ?? "null")")
        note("emit \(topic) \(key ?? "-"): \(id)")
        if let key {
            if let known = first["\(topic) \(key)"] {
                if known != id { throw TestSupportError("\(topic) \(key) was event \(known), not \(id)") }
                return
            }
            first["\(topic) \(key)"] = id
        }
        meet("\(id)") { $0.topic == topic && ($0.key == nil || $0.key == key) }
    }

    private mutating func expire() async throws {
        try await advance(to: now + Int.random(in: 1...200, using: &random))
        note("it is \(now)")
        try await sql.run("select agentcorp.expire_waits(0::smallint)")
        let now = now
        meet("timed out") { $0.timeoutAt.map { $0 <= now } ?? false }
    }

    private mutating func meet(_ value: String, where isMet: (Wait) -> Bool) {
        for id in tasks.keys {
            guard var task = tasks[id] else { continue }
            for (name, wait) in task.open where isMet(wait) {
                task.over[name] = value
                task.open[name] = nil
                if task.state == .waiting { task.state = .ready }
            }
            tasks[id] = task
        }
    }

    private mutating func end(_ id: Int) async throws {
        let state: State = Bool.random(using: &random) ? .completed : .failed
        note("end \(id) \(state)")
        let how = state == .completed ? "'completed'" : "'failed', retry => false"
        try await sql.finish(id, worker, how, attempt: tasks[id]?.attempt)
        tasks[id]?.state = state
        tasks[id]?.open = [:]
        tasks[id]?.asked = []
    }

    private mutating func cancel(_ id: Int) async throws {
        note("cancel \(id)")
        let count = try await sql.int("select agentcorp.cancel(\(id))")
        guard count == 1 else { return }
        tasks[id]?.state = .cancelled
        tasks[id]?.open = [:]
        tasks[id]?.asked = []
    }

    private mutating func retry(_ id: Int) async throws {
        guard let task = tasks[id], task.state == .cancelled || task.state == .failed else { return }
        note("retry \(id)")
        try await sql.run("select agentcorp.retry(\(id))")
        tasks[id]?.state = .ready
        tasks[id]?.attempt += 1
    }

    /// The worker dies with all that it runs, and another comes.
    private mutating func lose() async throws {
        note("the worker dies")
        try await sql.run("update agentcorp.worker set beat_at = beat_at - interval '1 hour' where id = \(worker)")
        try await sql.run("select agentcorp.rescue()")
        for id in tasks.keys where tasks[id]?.state == .running {
            tasks[id]?.state = .ready
            tasks[id]?.attempt += 1
            tasks[id]?.asked = []
        }
        worker = try await sql.worker()
        // A second loss is followed by a pause.
        try await sql.setClock("\(now + 3600) seconds")
        try await sql.run("select agentcorp.promote(0::smallint)")
        try await sql.setClock("\(now) seconds")
    }

    private func difference() async throws -> String? {
        let expected = tasks.keys.sorted().map { "\($0) \(tasks[$0]?.state.rawValue ?? "")" }
        let found = try await sql.rows(
            "select s.task_id || ' ' || s.state from agentcorp.states(0::smallint, array(select id from agentcorp.task)) s order by s.task_id"
        )
        guard expected != found else { return nil }
        return "expected \(expected)\nfound    \(found)"
    }
}
