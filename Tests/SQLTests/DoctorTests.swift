import Postgres
import TestSupport
import Testing

/// `agentcorp.doctor()`: every check sees its fault, says how to mend it, and is silent without it.
@Suite struct DoctorTests {
    struct Row {
        let severity, found, mend, fix: String
        let isSafe: Bool
    }

    private func rows(_ sql: Session, _ call: String) async throws -> [Row] {
        let result = try await sql.connection.query(
            "select severity, found, coalesce(mend, ''), coalesce(fix, ''), safe from agentcorp.\(call)")
        return try result.rows.map { row throws in
            Row(
                severity: try row.string(0), found: try row.string(1), mend: try row.string(2), fix: try row.string(3),
                isSafe: try row.bool(4))
        }
    }

    /// The one finding of a check that is worse than ok, with these words in it.
    @discardableResult
    private func finds(
        _ sql: Session, _ call: String, _ severity: String, _ words: String..., isSafe: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Row {
        let found = try await rows(sql, call).filter { $0.severity != "ok" }
        let row = try #require(
            found.first { row in row.severity == severity && words.allSatisfy { row.found.contains($0) } },
            "\(call) finds \(found)", sourceLocation: sourceLocation)
        #expect(row.isSafe == isSafe, sourceLocation: sourceLocation)
        #expect(!row.mend.isEmpty, sourceLocation: sourceLocation)
        return row
    }

    private func isWell(
        _ sql: Session, _ call: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await rows(sql, call).filter { $0.severity != "ok" }
        #expect(found.isEmpty, "\(found)", sourceLocation: sourceLocation)
    }

    private func alarms(_ sql: Session) async throws -> [String] {
        try await sql.rows(
            "select check_name, severity, found from agentcorp.doctor() where severity in ('warning', 'error')")
    }

    @Test("a fresh installation has nothing to warn of, and every check answers quickly", .migratedDatabase)
    func fresh() async throws {
        let sql = try await Session.open()
        #expect(try await alarms(sql).isEmpty)
        let checks = try await sql.int("select cardinality(agentcorp.doctor_checks())")
        #expect(try await sql.int("select count(distinct check_name) from agentcorp.doctor()") == checks)
        let begin = ContinuousClock.now
        try await sql.run("select count(*) from agentcorp.doctor()")
        #expect(ContinuousClock.now - begin < .seconds(30))
    }

    @Test("right after a burst of work there is nothing to warn of", .migratedDatabase)
    func burst() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.run("select agentcorp.lead('coordinator', 1, '15 seconds')")
        try await sql.run(
            """
            select count(*) from agentcorp.enqueue_many((select jsonb_agg('{"kind": "a"}'::jsonb) from generate_series(1, 60000)));
            do $$
            declare v record; v_tasks bigint[] := '{}'; v_attempts smallint[] := '{}'; v_close bigint[] := '{}';
            begin
                for i in 1 .. 55 loop
                    select array_agg(w.task_id) ids, array_agg(w.attempt) attempts, array_agg(distinct w.claim_id) claims into v from agentcorp.work(0::smallint, \(worker), 1, 1000, '{4}', '{0}',
                        v_close, v_tasks, v_attempts, (select array_agg(1::real) from unnest(v_tasks))) w;
                    v_tasks := v.ids; v_attempts := v.attempts; v_close := v.claims;
                end loop;
            end $$;
            select agentcorp.enqueue_tree('{"kind": "r", "subtasks": [{"kind": "a"}, {"kind": "a"}]}');
            """)
        #expect(try await alarms(sql).isEmpty)
    }

    @Test("an unknown check is refused with a suggestion", .migratedDatabase)
    func unknown() async throws {
        let sql = try await Session.open()
        try await sql.refuses("select agentcorp.doctor('xmim')", "AC007", "unknown check 'xmim'", hint: "\"xmin\"")
    }

    @Test("a check that fails is a finding, and the others go on", .migratedDatabase)
    func failingCheck() async throws {
        let sql = try await Session.open()
        try await sql.run("drop table agentcorp.leader")
        try await finds(sql, "doctor()", "warning", "could not be checked", "leader")
        #expect(try await sql.int("select count(*) from agentcorp.doctor() where check_name = 'counters'") == 1)
    }

    @Test("who may see little gets notes, no alarm", .migratedDatabase)
    func unprivileged() async throws {
        let sql = try await Session.open()
        try await sql.run("set role agentcorp_reader")
        #expect(try await alarms(sql).isEmpty)
        try await finds(sql, "doctor('xmin')", "note", "does not see other users' sessions")
    }

    @Test(
        "what differs from what the migrations made is named, with the statement that puts it back", .migratedDatabase)
    func drift() async throws {
        let sql = try await Session.open()
        try await isWell(sql, "doctor('drift')")
        try await sql.run(
            """
            drop index agentcorp.scheduled_due;
            create or replace function agentcorp.spell(p_length interval) returns text language sql immutable as $$ select 'long' $$;
            alter table agentcorp.progress drop column message;
            create table agentcorp.mine ();
            """)
        let index = try await finds(
            sql, "doctor('drift')", "error", "index agentcorp.scheduled_due is missing", isSafe: true)
        let function = try await finds(
            sql, "doctor('drift')", "warning", "function agentcorp.spell(interval) is not what")
        let column = try await finds(sql, "doctor('drift')", "error", "column agentcorp.progress.message is missing")
        try await finds(sql, "doctor('drift')", "note", "one object", "table mine")
        for fix in [index.fix, function.fix, column.fix, "drop table agentcorp.mine"] { try await sql.run(fix) }
        try await isWell(sql, "doctor('drift')")
    }

    @Test("a schema that was recorded by another server, or never, is compared as far as possible", .migratedDatabase)
    func otherServer() async throws {
        let sql = try await Session.open()
        try await sql.run("update agentcorp.catalogue set server = 13, definition = definition || ' '")
        try await finds(sql, "doctor('drift')", "note", "recorded on PostgreSQL 13")
        #expect(try await rows(sql, "doctor('drift')").count == 1)
        try await sql.run("truncate agentcorp.catalogue")
        let never = try await finds(sql, "doctor('drift')", "note", "was not recorded")
        try await sql.run(never.fix)
        try await isWell(sql, "doctor('drift')")
    }

    @Test("an unlogged table is an error", .migratedDatabase)
    func unlogged() async throws {
        let sql = try await Session.open()
        try await sql.run("alter table agentcorp.output set unlogged")
        let row = try await finds(sql, "doctor('durability')", "error", "agentcorp.output is unlogged")
        try await sql.run(row.fix)
        #expect(try await rows(sql, "doctor('durability')").allSatisfy { $0.severity != "error" })
    }

    @Test("scarce connections and old transaction ids are seen", .migratedDatabase)
    func scarcity() async throws {
        let sql = try await Session.open()
        try await finds(sql, "doctor_connections(0)", "warning", "connections are taken")
        try await finds(sql, "doctor_wraparound(0)", "error", "transaction ids of this database are")
        try await isWell(sql, "doctor('connections')")
        try await isWell(sql, "doctor('wraparound')")
    }

    @Test("a notification queue that fills up is seen, with a session that may be the cause", .migratedDatabase)
    func notifications() async throws {
        let sql = try await Session.open()
        let listener = try await Session.open()
        try await listener.run("listen doctor_test")
        try await listener.run("begin; select 1")
        try await sql.run("select pg_notify('doctor_test', i || repeat('x', 7000)) from generate_series(1, 20) i")
        try await finds(sql, "doctor_notifications(0)", "warning", "the notification queue is")
        try await isWell(sql, "doctor('notifications')")
        try await listener.run("commit")
    }

    @Test("a shifted clock is an error that says where it comes from", .migratedDatabase)
    func clock() async throws {
        let shifted = try await Session.open(clock: "1 hour")
        try await finds(shifted, "doctor('clock')", "error", "shifted by 1 hour")
        let name = TestDatabase.current.name
        try await shifted.run("alter database \(name) set agentcorp.clock_offset = '-1 minute'")
        let sql = try await Session.open()
        let row = try await finds(sql, "doctor('clock')", "error", "shifted by -1 minute")
        #expect(row.fix == "alter database \(name) reset agentcorp.clock_offset")
        try await sql.run(row.fix)
        try await isWell(try await Session.open(), "doctor('clock')")
    }

    @Test(
        "who keeps deleted rows from being removed is named: a forgotten transaction that has written, or has a snapshot",
        .migratedDatabase,
        arguments: ["begin; select txid_current()", "begin isolation level repeatable read; select 1 as forgotten"])
    func oldTransaction(begin: String) async throws {
        let sql = try await Session.open()
        let other = try await Session.open()
        try await other.run(begin)
        try await isWell(sql, "doctor('xmin')")
        try await sql.setClock("10 minutes")
        let row = try await finds(
            sql, "doctor('xmin')", "warning", "process \(other.pid) ", "for 10 min", "idle in transaction")
        try await sql.setClock("2 hours")
        try await finds(sql, "doctor('xmin')", "error", "process \(other.pid) ")
        try await sql.run(row.fix)
        try await waitUntil("the session to end") {
            try await rows(sql, "doctor('xmin')").allSatisfy { $0.severity == "ok" }
        }
    }

    @Test("a forgotten prepared transaction and an idle replication slot are named", .migratedDatabase)
    func preparedAndSlot() async throws {
        let sql = try await Session.open()
        let slot = "doctor_\(sql.pid)"
        try await sql.run("begin; select txid_current(); prepare transaction 'doctor''s'")
        try await sql.run("select pg_create_physical_replication_slot('\(slot)', true)")
        try await isWell(sql, "doctor('xmin')")
        try await sql.setClock("10 minutes")
        let prepared = try await finds(sql, "doctor('xmin')", "warning", "the prepared transaction 'doctor''s'")
        try await sql.run(prepared.fix)
        try await isWell(sql, "doctor('xmin')")
        let idle = try await finds(sql, "doctor_xmin('5 minutes', -1)", "error", slot, "nobody reads it")
        try await sql.run(idle.fix)
        #expect(try await rows(sql, "doctor_xmin('5 minutes', -1)").allSatisfy { !$0.found.contains(slot) })
    }

    @Test("who waits for a lock, and who holds it, is named", .migratedDatabase)
    func locks() async throws {
        let sql = try await Session.open(clock: "1 minute")
        let holder = try await Session.open()
        let waiter = try await Session.open()
        try await holder.run("begin; lock table agentcorp.task")
        async let waiting: Void = waiter.run("select count(*) from agentcorp.task")
        try await sql.waitUntilBlocked(waiter)
        let row = try await finds(
            sql, "doctor_locks()", "warning", "process \(waiter.pid) ", "agentcorp.task", "process \(holder.pid) ")
        try await sql.run(row.fix)
        try await waiting
        try await isWell(sql, "doctor('locks')")
    }

    @Test("autovacuum that is off for a table is seen", .migratedDatabase)
    func autovacuum() async throws {
        let sql = try await Session.open()
        try await isWell(sql, "doctor('autovacuum')")
        try await sql.run("alter table agentcorp.ready set (autovacuum_enabled = off)")
        let row = try await finds(sql, "doctor('autovacuum')", "warning", "off for agentcorp.ready")
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('autovacuum')")
    }

    @Test("dead rows and bloat are seen, and vacuum and reindex mend them", .migratedDatabase)
    func deadRows() async throws {
        let sql = try await Session.open()
        try await sql.run("alter table agentcorp.ready set (autovacuum_enabled = off)")
        try await sql.run(
            "insert into agentcorp.ready select i, i, 1, 4, 0, 1 from generate_series(1, 20000) i; delete from agentcorp.ready"
        )
        try await sql.run("select pg_stat_force_next_flush()")
        let dead = try await finds(
            sql, "doctor_dead_rows(1000, '-1 hour')", "warning", "agentcorp.ready has 20000 dead rows", isSafe: true)
        let heap = try await finds(sql, "doctor_bloat(100000)", "warning", "agentcorp.ready takes", isSafe: true)
        let index = try await finds(
            sql, "doctor_bloat(100000)", "warning", "index agentcorp.ready_pkey takes", isSafe: true)
        for call in ["doctor('dead_rows')", "doctor('bloat')"] { try await isWell(sql, call) }
        for fix in [dead.fix, heap.fix, index.fix, "select pg_stat_force_next_flush()"] { try await sql.run(fix) }
        for call in ["doctor_dead_rows(1000, '-1 hour')", "doctor_bloat(100000)"] { try await isWell(sql, call) }
    }

    @Test("an invalid index is built anew, what a broken rebuild left is dropped", .migratedDatabase)
    func indexes() async throws {
        let sql = try await Session.open()
        try await sql.run(
            """
            create index scheduled_due_ccnew on agentcorp.scheduled (shard, run_at, task_id);
            update pg_index set indisvalid = false where indexrelid in ('agentcorp.scheduled_due'::regclass, 'agentcorp.scheduled_due_ccnew'::regclass);
            """)
        let own = try await finds(sql, "doctor('indexes')", "warning", "agentcorp.scheduled_due on", isSafe: true)
        let leftover = try await finds(
            sql, "doctor('indexes')", "warning", "agentcorp.scheduled_due_ccnew on", isSafe: true)
        #expect(own.fix.hasPrefix("reindex index concurrently") && leftover.fix.hasPrefix("drop index concurrently"))
        for fix in [own.fix, leftover.fix] { try await sql.run(fix) }
        try await isWell(sql, "doctor('indexes')")
        try await isWell(sql, "doctor('drift')")
    }

    @Test("a claim that would sort or scan is an error", .migratedDatabase)
    func claimPlan() async throws {
        let sql = try await Session.open()
        try await isWell(sql, "doctor('claim_plan')")
        try await sql.run("alter table agentcorp.ready drop constraint ready_pkey")
        try await finds(sql, "doctor('claim_plan')", "error", "queue default", "Seq Scan")
        let drift = try await finds(sql, "doctor('drift')", "error", "constraint agentcorp.ready.ready_pkey is missing")
        try await sql.run(drift.fix)
        try await isWell(sql, "doctor('claim_plan')")
    }

    @Test("tasks that only a coordinator moves, and none that leads, are an error", .migratedDatabase)
    func coordinator() async throws {
        let sql = try await Session.open()
        try await sql.tree(#"{"kind": "r", "subtasks": [{"kind": "a"}]}"#)
        try await finds(sql, "doctor('coordinator')", "note", "none ever has")
        try await sql.setClock("5 minutes")
        try await finds(sql, "doctor('coordinator')", "error", "no coordinator leads")
        try await sql.run("select agentcorp.lead('coordinator', 1, '15 seconds')")
        try await isWell(sql, "doctor('coordinator')")
        try await sql.run(
            "insert into agentcorp.count_delta (queue_id, shard) select 1, 0 from generate_series(1, 100001)")
        let row = try await finds(sql, "doctor('coordinator')", "warning", "changes of counters wait", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('coordinator')")
    }

    @Test("overdue tasks are seen, and promoted", .migratedDatabase)
    func scheduled() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue("'a', run_at => now() + interval '1 minute'")
        try await isWell(sql, "doctor('scheduled')")
        try await sql.setClock("10 minutes")
        let row = try await finds(
            sql, "doctor('scheduled')", "warning", "1 scheduled tasks", "task \(task)", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('scheduled')")
        #expect(try await sql.state(task) == "ready")
    }

    @Test("waits that nobody ends are seen, and ended", .migratedDatabase)
    func waits() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let late = try await sql.parked(worker, "'e', 'u', null, '1 minute'")
        let missed = try await sql.parked(worker, "'e', 't', 'k'")
        let gone = try await sql.parked(worker, "'e', 't', 'other'")
        try await isWell(sql, "doctor('waits')")
        try await sql.run(
            """
            insert into agentcorp.event (id, created_at, xact, shard, topic, key, data)
                values (1000, now(), pg_current_xact_id(), 0, 't', 'k', '1');
            delete from agentcorp.blocked where task_id = \(gone);
            """)
        try await sql.setClock("10 minutes")
        for (severity, words) in [
            ("warning", "task \(late)) by"), ("warning", "task \(missed) waits"), ("error", "task \(gone) waits"),
        ] {
            let row = try await finds(sql, "doctor('waits')", severity, words, isSafe: true)
            try await sql.run(row.fix)
        }
        try await isWell(sql, "doctor('waits')")
        for task in [late, missed] { #expect(try await sql.state(task) == "ready") }
    }

    @Test("a parked task that waits for nothing, and a subscription that fails, are named", .migratedDatabase)
    func forgottenWait() async throws {
        let sql = try await Session.open()
        let task = try await sql.parked(try await sql.worker(), "'e', 't', 'k'")
        try await sql.run("select agentcorp.subscribe('s', 't.*', 'a')")
        try await isWell(sql, "doctor('waits')")
        try await sql.run(
            "delete from agentcorp.wait; update agentcorp.subscription set error = 'no such queue', failed_at = now()")
        try await finds(sql, "doctor('waits')", "error", "task \(task) is parked and waits for no event")
        try await finds(sql, "doctor('waits')", "warning", "subscription s could not", "no such queue")
    }

    @Test("a schedule that cannot fire, and one that is overdue, are named; the latter fires", .migratedDatabase)
    func schedules() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.set_schedule('nightly', '* * * * *', 'a')")
        try await isWell(sql, "doctor('schedules')")
        try await sql.setClock("10 minutes")
        let row = try await finds(
            sql, "doctor('schedules')", "warning", "1 schedules are due", "(nightly)", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('schedules')")
        try await sql.run("update agentcorp.schedule set error = 'unknown queue', failed_at = now()")
        try await finds(sql, "doctor('schedules')", "warning", "schedule nightly cannot fire", "unknown queue")
    }

    @Test("a slot that an ended attempt holds is freed, a line that nobody looks at is told of", .migratedDatabase)
    func admission() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for _ in 1...3 { try await sql.enqueue("'a', concurrency_key => 'k'") }
        try await sql.run("select agentcorp.admit(0::smallint)")
        let task = try #require(try await sql.claim(worker).first)
        try await isWell(sql, "doctor('admission')")
        try await sql.run("create table saved as select * from agentcorp.slot")
        try await sql.finish(task, worker)
        try await sql.run("insert into agentcorp.slot select * from saved on conflict do nothing")
        try await isWell(sql, "doctor('admission')")
        try await sql.setClock("5 minutes")
        let slot = try await finds(sql, "doctor('admission')", "warning", "1 slots", "task \(task)", isSafe: true)
        try await sql.run(slot.fix)
        try await isWell(sql, "doctor('admission')")
        try await sql.run("delete from agentcorp.line; delete from agentcorp.arrival")
        let line = try await finds(sql, "doctor('admission')", "error", "tasks wait to be admitted", isSafe: true)
        try await sql.run(line.fix)
        try await sql.run("select agentcorp.admit(0::smallint)")
        try await isWell(sql, "doctor('admission')")
        #expect(try await sql.claim(worker).count == 1)
    }

    @Test("a silent worker and what it holds are seen, and given to others", .migratedDatabase)
    func silentWorker() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        for check in ["workers", "claims"] { try await isWell(sql, "doctor('\(check)')") }
        try await sql.setClock("5 minutes")
        try await finds(
            sql, "doctor('workers')", "warning", "worker \(worker) on host", "silent for 5 min", isSafe: true)
        let row = try await finds(sql, "doctor('claims')", "warning", "worker \(worker)", "holds 1 tasks", isSafe: true)
        try await sql.run(row.fix)
        for check in ["workers", "claims"] { try await isWell(sql, "doctor('\(check)')") }
        #expect(try await sql.state(task) == "ready")
    }

    @Test("a claim whose tasks have all ended is closed, one in which something runs stays", .migratedDatabase)
    func endedClaim() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let ended = try await sql.enqueue()
        _ = try await sql.claim(worker)
        let running = try await sql.enqueue()
        _ = try await sql.claim(worker)
        try await sql.run("select agentcorp.cancel(\(ended))")
        try await sql.setClock("5 minutes")
        try await sql.run("select agentcorp.heartbeat(\(worker))")
        let row = try await finds(
            sql, "doctor('claims')", "warning", "holds 1 claims in which every task ended", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('claims')")
        #expect(try await sql.state(running) == "running")
    }

    @Test("a queue without a worker, a paused one, and kinds that nobody handles are named", .migratedDatabase)
    func queues() async throws {
        let sql = try await Session.open()
        try await sql.enqueue("'a'")
        try await sql.enqueue("'zz''z'")
        for check in ["queues", "kinds"] { try await isWell(sql, "doctor('\(check)')") }
        try await sql.setClock("5 minutes")
        try await finds(sql, "doctor('queues')", "warning", "no live worker serves queue default", "about 2 tasks")
        try await isWell(sql, "doctor('kinds')")
        try await sql.run("select agentcorp.pause_queue('default')")
        try await finds(sql, "doctor('queues')", "note", "queue default is paused")
        try await sql.run("select agentcorp.resume_queue('default')")
        _ = try await sql.worker()
        try await isWell(sql, "doctor('queues')")
        try await finds(sql, "doctor('kinds')", "warning", "queue default handles kind 'zz''z': 1 tasks")
    }

    @Test(
        "a task that nobody would release any more is seen, and goes on", .migratedDatabase, arguments: [true, false])
    func blocked(isCounted: Bool) async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.tree(
            #"{"kind": "a", "name": "r", "subtasks": [{"kind": "a", "name": "x"}, {"kind": "a", "name": "y"}]}"#)
        let tasks = try await sql.claim(worker, 2)
        try await isWell(sql, "doctor('blocked')")
        // One call each, so that the second finds what the first left in the outbox.
        for task in tasks { try await sql.finish(task, worker) }
        let root = try await sql.id("r")
        if isCounted {
            try await sql.run(
                "delete from agentcorp.resolve; insert into agentcorp.blocked select \(root), coalesce(max(d.gate), 1), null, null, 0, 2, 0, 0, 1, 0, 0 from agentcorp.dependency d on conflict (task_id, shard) do update set remaining = 0, met = 2; delete from agentcorp.ready"
            )
        } else {
            try await sql.run(
                "delete from agentcorp.resolve; insert into agentcorp.blocked select \(root), coalesce(max(d.gate), 1), null, null, 2, 0, 0, 0, 1, 0, 0 from agentcorp.dependency d on conflict (task_id, shard) do update set remaining = 2, met = 0; delete from agentcorp.ready"
            )
        }
        let row = try await finds(sql, "doctor('blocked')", "error", "task \(root) ", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('blocked')")
        #expect(try await sql.state(root) == "ready")
    }

    @Test("counters that are off are seen, and corrected", .checkedDatabase)
    func counters() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        try await sql.enqueue()
        try await sql.enqueue()
        _ = try await sql.claim(worker)
        try await isWell(sql, "doctor('counters')")
        try await sql.run("insert into agentcorp.count_delta (queue_id, shard, ready, running) values (1, 0, 3, -2)")
        let row = try await finds(
            sql, "doctor('counters')", "warning", "queue default are off by -3 ready, 2 running", isSafe: true)
        try await sql.run(row.fix)
        try await isWell(sql, "doctor('counters')")
        try await sql.run("insert into agentcorp.count_delta (queue_id, shard, ready) values (1, 0, 3)")
        try await isWell(sql, "doctor_counters(1)")
        try await sql.run("select agentcorp.recount()")
    }
}
