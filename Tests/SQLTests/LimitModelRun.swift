import TestSupport

/// One random history of tasks with keys and tenants.
struct LimitModelRun {
    let sql: Session
    private var random: SeededGenerator
    private let prefix: String
    private var workers: [Int] = []
    /// Who holds which task.
    private var running: [(task: Int, worker: Int)] = []
    /// The ordered tasks in the order in which they became due, by key; those that have ended are gone.
    private var orders: [String: [Int]] = [:]
    private var open: Set<Int> = []
    private(set) var log: [String] = []

    init(seed: UInt64, sql: Session) {
        random = SeededGenerator(seed: seed)
        self.sql = sql
        prefix = "m\(seed)"
    }

    mutating func play() async throws -> [String] {
        try await sql.run(
            """
            select agentcorp.create_queue('\(prefix)a'), agentcorp.create_queue('\(prefix)b');
            select agentcorp.set_limit(key => '\(prefix):*', concurrency => \(Int.random(in: 1...3, using: &random)));
            """)
        if chance(50) {
            try await sql.run(
                "select agentcorp.set_limit(queue => '\(prefix)b', concurrency => \(Int.random(in: 1...3, using: &random)))"
            )
        }
        for _ in 1...2 { try await addWorker() }
        for _ in 1...Int.random(in: 20...80, using: &random) {
            if let problem = try await step() { return [problem] }
            let violations = try await TestDatabase.current.violations()
            if !violations.isEmpty { return violations }
        }
        // Calm: everything that is open ends within as many rounds as there are tasks, one after another.
        var patience = 3 * open.count + 50
        while !open.isEmpty, patience > 0 {
            patience -= 1
            for (task, worker) in running { try await end(task, worker, "'completed'") }
            try await sql.run("select agentcorp.admit(0::smallint)")
            for queue in ["a", "b"] { if let problem = try await claim(queue, workers[0], 5) { return [problem] } }
        }
        let violations = try await TestDatabase.current.violations()
        guard open.isEmpty else {
            return violations + ["never end: \(open.sorted())"]
                + (try await sql.rows("select * from agentcorp.lines where queue like '\(prefix)%'"))
        }
        return violations
            + (try await sql.rows(
                "select * from agentcorp.line l join agentcorp.queue q on q.id = l.queue_id where q.name like '\(prefix)%'"
            ))
    }

    private mutating func step() async throws -> String? {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: try await add()
        case 40..<65:
            return try await claim(
                chance(50) ? "a" : "b", workers.randomElement(using: &random)!, Int.random(in: 1...4, using: &random))
        case 65..<85:
            guard let (task, worker) = running.randomElement(using: &random) else { return nil }
            let outcome = [
                "'completed'", "'failed', retry => false", "'failed', delay => '0'", "'snoozed', delay => '0'",
                "'suspended'",
            ].randomElement(using: &random)!
            try await end(task, worker, outcome)
            try await sql.run("select agentcorp.promote(0::smallint)")
        case 85..<90:
            guard let task = open.sorted().randomElement(using: &random) else { return nil }
            note("cancel \(task)")
            try await sql.run("select agentcorp.cancel(\(task))")
            forget(task)
        case 90..<93:
            guard let (task, worker) = running.randomElement(using: &random) else { return nil }
            note("release \(task)")
            try await sql.run("select agentcorp.release(0::smallint, \(worker), '{\(task)}')")
            running.removeAll { $0.task == task }
        case 93..<96:
            let worker = workers.removeFirst()
            note("worker \(worker) dies")
            try await sql.run(
                "update agentcorp.worker set beat_at = beat_at - interval '1 hour' where id = \(worker); select agentcorp.rescue('5 minutes')"
            )
            running.removeAll { $0.worker == worker }
            try await sql.run(
                "update agentcorp.scheduled set run_at = agentcorp.clock(); select agentcorp.promote(0::smallint)")
            try await addWorker()
        case 96..<98:
            try await sql.run("select agentcorp.set_limit(key => '\(prefix):*', concurrency => 5)")
        default:
            try await sql.run("select agentcorp.admit(0::smallint), agentcorp.sweep_slots(0::smallint)")
        }
        return nil
    }

    private mutating func add() async throws {
        let queue = chance(50) ? "a" : "b"
        var arguments = "'k', queue => '\(prefix)\(queue)', priority => \(Int.random(in: 0...9, using: &random))"
        var order: String?
        if chance(50) { arguments += ", concurrency_key => '\(prefix):\(Int.random(in: 0...2, using: &random))'" }
        if chance(40) { arguments += ", tenant => 't\(Int.random(in: 0...3, using: &random))'" }
        if chance(30) {
            order = "\(queue) o\(Int.random(in: 0...1, using: &random))"
            // The line is that of all keys together, so these have no others.
            arguments = "'k', queue => '\(prefix)\(queue)', ordered_key => '\(order!)'"
        }
        let task = try await sql.enqueue(arguments)
        note("add \(task): \(arguments)")
        open.insert(task)
        if let order { orders[order, default: []].append(task) }
    }

    private mutating func claim(_ queue: String, _ worker: Int, _ count: Int) async throws -> String? {
        let claimed = try await sql.claim(worker, count, queue: prefix + queue)
        note("worker \(worker) claims \(claimed)")
        for task in claimed {
            running.append((task, worker))
            if let line = orders.values.first(where: { $0.contains(task) }), line.first != task {
                return "task \(task) was claimed before \(line[0])"
            }
        }
        return nil
    }

    private mutating func end(_ task: Int, _ worker: Int, _ outcome: String) async throws {
        note("\(task) ends: \(outcome)")
        try await sql.finish(task, worker, outcome)
        running.removeAll { $0.task == task }
        if outcome == "'completed'" || outcome.contains("retry => false") {
            forget(task)
        } else if try await sql.state(task) == "failed" {
            forget(task)
        }
    }

    private mutating func forget(_ task: Int) {
        open.remove(task)
        running.removeAll { $0.task == task }
        for key in orders.keys { orders[key]?.removeAll { $0 == task } }
    }

    private mutating func addWorker() async throws {
        workers.append(
            try await sql.int(
                "select worker from agentcorp.register_worker('h', 1, '1', '{\(prefix)a,\(prefix)b}', '{k}', 4)"))
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func note(_ line: String) { log.append(line) }
}
