import TestSupport
import Testing

@Suite(.checkedDatabase)
struct FairnessTests {
    /// Claims one task after another and returns the tenants in the order in which they were served.
    private func serve(_ sql: Session, _ worker: Int, _ count: Int) async throws -> [String] {
        try await sql.rows(
            """
            select (select tenant from agentcorp.task t where t.id = c.task_id) from generate_series(1, \(count)) i
            cross join lateral agentcorp.claim(\(worker), 'default', case when i > 0 then 1 end) c
            """)
    }

    @Test("one tenant's thousands do not delay another's ten beyond a round")
    func turns() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            """
            select agentcorp.enqueue_many((select jsonb_agg('{"kind": "a", "tenant": "big"}'::jsonb) from generate_series(1, 20000)));
            """)
        #expect(try await serve(sql, worker, 20).allSatisfy { $0 == "big" })
        try await sql.run("select agentcorp.enqueue('a', tenant => 'small') from generate_series(1, 10)")
        let served = try await serve(sql, worker, 40)
        let last = try #require(served.lastIndex(of: "small"))
        #expect(served.count { $0 == "small" } == 10)
        // One of each per round, after what had been admitted before.
        #expect(last <= 21)
    }

    @Test("turns are as large as the weights say")
    func weights() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            """
            select agentcorp.set_weight('three', 3), agentcorp.set_weight('half', 0.5);
            select agentcorp.enqueue('a', tenant => t) from unnest('{one,three,half}'::text[]) t, generate_series(1, 300);
            """)
        let served = try await serve(sql, worker, 180)
        #expect((38...42).contains(served.count { $0 == "one" }))
        #expect((118...122).contains(served.count { $0 == "three" }))
        #expect((18...22).contains(served.count { $0 == "half" }))
    }

    @Test("a tenant that was away has saved up nothing")
    func away() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.enqueue('a', tenant => 'stays') from generate_series(1, 200)")
        try await sql.enqueue("'a', tenant => 'comes'")
        #expect(try await serve(sql, worker, 100).count { $0 == "comes" } == 1)
        try await sql.run("select agentcorp.enqueue('a', tenant => 'comes') from generate_series(1, 50)")
        let served = try await serve(sql, worker, 20)
        #expect((9...11).contains(served.count { $0 == "comes" }))
    }

    @Test("tasks that wait for their key take no turn from their tenant's others")
    func keysOfTenants() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run(
            """
            select agentcorp.enqueue('a', tenant => 'a', concurrency_key => 'stuck') from generate_series(1, 1000);
            select agentcorp.enqueue('a', tenant => 'a') from generate_series(1, 20);
            select agentcorp.enqueue('a', tenant => 'b') from generate_series(1, 20);
            """)
        let served = try await serve(sql, worker, 41)
        #expect(served.count == 41)
        #expect(served.count { $0 == "a" } == 21)
        #expect(try await serve(sql, worker, 1) == [])
    }

    @Test("within a limited queue the urgent go first, and the least urgent does not starve")
    func aging() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.set_limit(queue => 'default', concurrency => 1)")
        let slow = try await sql.enqueue("'slow', priority => 9")
        var claims = 0
        var current = 0
        try await sql.run("select agentcorp.enqueue('fast', priority => 0) from generate_series(1, 3)")
        repeat {
            claims += 1
            current = try #require(try await sql.claim(worker).first)
            try await sql.finish(current, worker)
            try await sql.enqueue("'fast', priority => 0")
        } while current != slow && claims < 300
        #expect(current == slow)
        try await sql.run(
            "select agentcorp.enqueue('a', priority => p) from generate_series(1, 9) p, generate_series(1, 20)")
        var urgent = 0
        for _ in 1...40 {
            current = try #require(try await sql.claim(worker).first)
            if try await sql.int("select priority from agentcorp.task where id = \(current)") <= 2 { urgent += 1 }
            try await sql.finish(current, worker)
        }
        #expect(urgent >= 25)
    }

    @Test("tasks of an ordered key run one after the other, in order, through retries, snoozes, losses and subtasks")
    func order() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for priority in [9, 5, 0, 0, 0] { try await sql.enqueue("'a', ordered_key => 'k', priority => \(priority)") }
        try await sql.enqueue("'a', ordered_key => 'other'")
        #expect(try await sql.claim(worker, 10).sorted() == [1, 6])
        try await sql.finish(1, worker, "'failed', delay => '1 hour'")
        #expect(try await sql.claim(worker, 10) == [])
        try await sql.setClock("2 hours")
        try await sql.run("select agentcorp.heartbeat(\(worker)), agentcorp.promote(0::smallint)")
        #expect(try await sql.claim(worker, 10) == [1])
        try await sql.finish(1, worker, "'snoozed', delay => '1 hour'")
        #expect(try await sql.claim(worker, 10) == [])
        try await sql.run("select agentcorp.cancel(1)")
        #expect(try await sql.claim(worker, 10) == [2])
        try await sql.run("select agentcorp.add_subtask(2, 'child')")
        try await sql.finish(2, worker, "'suspended'")
        let child = try await sql.claim(worker, 10)
        #expect(child == [7])
        try await sql.finish(7, worker)
        try await sql.settle()
        #expect(try await sql.claim(worker, 10) == [2])
        try await sql.finish(2, worker, "'failed', retry => false")
        #expect(try await sql.claim(worker, 10) == [3])
        try await sql.run(
            "update agentcorp.worker set beat_at = beat_at - interval '1 hour'; select agentcorp.rescue()")
        let next = try await sql.worker()
        #expect(try await sql.claim(next, 10).sorted() == [3, 6])
        try await sql.finish(3, next)
        #expect(try await sql.claim(next, 10) == [4])
        try await sql.run("select agentcorp.cancel(5)")
        try await sql.finish(4, next)
        #expect(try await sql.claim(next, 10) == [])
        try await sql.run("select agentcorp.retry(2)")
        #expect(try await sql.claim(next, 10) == [2])
    }

    @Test("a subtask that would stand in line behind its own parent is refused")
    func ownLine() async throws {
        let sql = try await Session.open()
        let parent = try await sql.enqueue("'a', ordered_key => 'k'")
        try await sql.refuses(
            "select agentcorp.add_subtask(\(parent), 'b', ordered_key => 'k')", "AC007", "its subtasks")
        try await sql.refuses(
            "select agentcorp.enqueue_tree('{\"kind\": \"a\", \"ordered_key\": \"x\", \"subtasks\": [{\"kind\": \"b\", \"subtasks\": [{\"kind\": \"c\", \"ordered_key\": \"x\"}]}]}')",
            "AC007", "its subtasks")
    }

    @Test("a subtask has its parent's tenant, however it is added")
    func inherited() async throws {
        let sql = try await Session.open()
        let root = try await sql.tree(
            "{\"kind\": \"r\", \"tenant\": \"acme\", \"subtasks\": [{\"kind\": \"a\", \"subtasks\": [{\"kind\": \"b\"}]}, {\"kind\": \"c\", \"tenant\": \"other\"}]}"
        )
        try await sql.run(
            "select agentcorp.add_subtask(\(root), 'd'); select agentcorp.add_subtasks(\(root), '[{\"kind\": \"e\"}]')")
        #expect(
            try await sql.rows("select kind, tenant from agentcorp.task order by kind")
                == ["a|acme", "b|acme", "c|other", "d|acme", "e|acme", "r|acme"])
    }
}
