import TestSupport
import Testing

/// Deciders, workers and clocks at the same time.
@Suite(.checkedDatabase)
struct ApprovalRaceTests {
    @Test("of two who decide at once one wins, and the other is told who")
    func two() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        let bob = try await Session.open()
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        try await sql.run("begin")
        try await sql.decide("\(id), 'approve', 'ann'")
        async let refused: Void = bob.refuses(
            "select agentcorp.decide(\(id), 'reject', 'bob')", "AC009", "was decided: approve, by ann")
        try await sql.waitUntilBlocked(bob)
        try await sql.run("commit")
        try await refused
        #expect(try await sql.states(ofCalls: run) == ["approved"])
        #expect(try await sql.int("select count(*) from agentcorp.event where topic = 'approval.decided'") == 1)
    }

    @Test("a decision and the end of the time: whoever is first", arguments: [true, false])
    func expiry(decidesFirst: Bool) async throws {
        let sql = try await Session.open()
        let person = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let id = try await sql.ask(task, "'{approve,reject}', expires => '1 hour', fallback => 'reject'")
        #expect(try await sql.await(task, 1, "'a', 'approval.decided', '\(id)', '1 hour'") == "")
        try await sql.finish(task, worker, "'suspended'")
        try await sql.setClock("61 minutes")
        try await sql.run("select agentcorp.expire_waits(0::smallint)")
        #expect(try await sql.claim(worker) == [task])
        let decide = "select agentcorp.decide(\(id), 'approve', 'ann')"
        let expire = "select agentcorp.expire_approval(\(task), 2, \(id))"
        // Of the person the clock says that there is time left.
        let (first, second) = decidesFirst ? (person, sql) : (sql, person)
        try await first.run("begin; \(decidesFirst ? decide : expire)")
        if decidesFirst {
            async let other: Void = second.run(expire)
            try await first.waitUntilBlocked(second)
            try await first.run("commit")
            try await other
        } else {
            async let other: Void = second.refuses(decide, "AC009", "was decided: reject")
            try await first.waitUntilBlocked(second)
            try await first.run("commit")
            try await other
        }
        #expect(
            try await sql.value("select agentcorp.expire_approval(\(task), 2, \(id)) ->> 'decision'")
                == (decidesFirst ? "approve" : "reject"))
        try await sql.finish(task, worker)
    }

    @Test("a decision and a cancellation: whoever is first", arguments: [true, false])
    func cancel(decidesFirst: Bool) async throws {
        let sql = try await Session.open()
        let person = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.running(worker)
        let id = try await sql.ask(task)
        #expect(try await sql.await(task, 1, "'a', 'approval.decided', '\(id)'") == "")
        try await sql.finish(task, worker, "'suspended'")
        let decide = "select agentcorp.decide(\(id), 'approve', 'ann')"
        let cancel = "select agentcorp.cancel(\(task))"
        if decidesFirst {
            try await person.run("begin; \(decide)")
            async let other: Void = sql.run(cancel)
            try await person.waitUntilBlocked(sql)
            try await person.run("commit")
            try await other
        } else {
            try await sql.run("begin; \(cancel)")
            async let other: Void = person.refuses(decide, "AC009", "has ended")
            try await sql.waitUntilBlocked(person)
            try await sql.run("commit")
            try await other
        }
        #expect(try await sql.state(task) == "cancelled")
        #expect(
            try await sql.value("select state from agentcorp.approvals") == (decidesFirst ? "decided" : "moot"))
    }

    @Test("who dies between the decision and the call leaves it to be made, once")
    func killed() async throws {
        let run = try await AgentSession.begin()
        let sql = run.sql
        try await run.call("t")
        let id = try await sql.ask(run, call: 0)
        try await sql.decide("\(id), 'approve'")
        try await run.loseAndClaim()
        try await sql.run("select agentcorp.begin_run(\(run.task), 2, 'w', 1, '[]')")
        #expect(try await sql.states(ofCalls: run) == ["approved"])
        try await sql.refuses("select agentcorp.start_call(\(run.task), 1, 1, 0)", "AC002")
        #expect(try await sql.value("select state from agentcorp.start_call(\(run.task), 2, 1, 0)") == "started")
    }

    @Test("many who decide while tasks are about to be parked: no deadlock, and every task goes on")
    func crowd() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let tasks = 150
        try await sql.run(
            "select agentcorp.enqueue_many((select jsonb_agg('{\"kind\": \"w\"}'::jsonb) from generate_series(1, \(tasks))))"
        )
        #expect(try await sql.claim(worker, tasks).count == tasks)
        let parts = 3
        try await withThrowingTaskGroup { group in
            for part in 0..<parts {
                group.addTask {
                    let waiter = try await Session.open()
                    let person = try await Session.open()
                    for task in 1...tasks where task % parts == part {
                        let expires = task % 2 == 0 ? "expires => '1 hour'" : "expires => null"
                        let id = try await waiter.ask(task, "'{approve,reject}', \(expires)")
                        async let decision: Void = person.decide("\(id), 'approve', 'ann'")
                        if try await waiter.await(task, 1, "'a', 'approval.decided', '\(id)'") == "" {
                            try await waiter.finish(task, worker, "'suspended'", attempt: 1)
                        } else {
                            try await waiter.finish(task, worker, attempt: 1)
                        }
                        try await decision
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await sql.waits() == 0)
        #expect(
            try await sql.int("select count(*) from agentcorp.tasks where state in ('ready', 'completed')") == tasks)
        #expect(try await sql.int("select count(*) from agentcorp.approvals where decision = 'approve'") == tasks)
    }
}
