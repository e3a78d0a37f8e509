import Coordinator
import Logging
import Postgres
import Queue
import ServiceLifecycle
import TestSupport
import Testing

@Suite
struct CoordinatorTests {
    private func coordinator(
        _ pool: PostgresPool, _ configure: (inout CoordinatorConfiguration) -> Void
    ) -> Coordinator {
        var configuration = CoordinatorConfiguration()
        configuration.listener = PostgresConfiguration(dsn: TestDatabase.current.dsn)
        configuration.poll = .milliseconds(50)
        configuration.foldInterval = .milliseconds(50)
        configuration.beat = .milliseconds(50)
        configure(&configuration)
        return Coordinator(pool: pool, configuration: configuration, logger: .silent)
    }

    private func withCoordinator(
        _ configure: (inout CoordinatorConfiguration) -> Void = { _ in },
        _ body: (PostgresPool, TaskManager) async throws -> Void
    ) async throws {
        try await TestDatabase.current.withPool(size: 10) { pool in
            try await withServices([coordinator(pool, configure)]) { try await body(pool, TaskManager(pool)) }
        }
    }

    private func register(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.query("select worker from agentcorp.register_worker('test', 1, '0', '{default}', '{}', 1)").rows[
            0
        ].int64(0)
    }

    @Test("a large payload that nobody uses is swept away, one that is used stays", .migratedDatabase)
    func sweepsBlobs() async throws {
        let used = try await TestDatabase.current.psql(
            """
            insert into agentcorp.blob (created_at, size, shard, sha256, data) values (now(), 4, 0, sha256('lost'), '1');
            select agentcorp.enqueue('noop', args => jsonb_build_object('x', repeat('y', 300000)))
            """)
        try await withCoordinator { pool, _ in
            try await waitUntil("the blob to be deleted") {
                try await pool.query("select count(*) from agentcorp.blob").rows[0].int64(0) == 1
            }
            let kept = try await pool.query("select agentcorp.args_of($1) ? 'x'", [Int64(used)])
            #expect(try kept.rows[0].bool(0))
        }
    }

    @Test("a model call whose attempt has ended is charged as it was reserved", .checkedDatabase)
    func chargesLostCalls() async throws {
        try await withCoordinator { pool, _ in
            let worker = try await register(pool)
            _ = try await pool.query("select agentcorp.enqueue('a')")
            _ = try await pool.query("select * from agentcorp.claim($1)", [worker])
            _ = try await pool.query(
                "select agentcorp.set_budget(1, 1), agentcorp.reserve(0::smallint, 1, 1, 1, 'p', 'm', 0.25, 10)")
            _ = try await pool.query("select agentcorp.finish(1, 1, $1, 'failed', retry => false)", [worker])
            try await waitUntil("the call to be charged") {
                try await pool.query("select usd_spent = 0.25 and usd_reserved = 0 from agentcorp.budgets").rows[0]
                    .bool(0)
            }
        }
    }

    @Test("a due task is promoted, as soon as it is due", .migratedDatabase)
    func promotes() async throws {
        try await withCoordinator { pool, manager in
            let id = try await pool.query("select agentcorp.enqueue('noop', run_at => now() + interval '300 ms')").rows[
                0
            ].int64(0)
            try await waitUntil("it to be ready") { try await manager.tasks().first { $0.id == id }?.state == .ready }
        }
    }

    @Test("a schedule fires as soon as its time has come", .migratedDatabase)
    func schedules() async throws {
        try await withCoordinator({ $0.poll = .seconds(60) }) { pool, manager in
            // Known within a second by its notification; from then on the time of the next fire alone counts.
            try await manager.setSchedule(ScheduleRequest("tick", cron: "every 1s", kind: "noop"))
            try await manager.setSchedule(ScheduleRequest("other", cron: "every 1s", kind: "noop"))
            try await waitUntil("three fires") {
                try await pool.query("select count(*) from agentcorp.fire where schedule = 'tick'").rows[0].int64(0)
                    >= 3
            }
            let late = try await pool.query(
                "select max(extract(epoch from fired_at - fire_at))::float8 from agentcorp.fire"
            ).rows[0]
            #expect(try late.double(0) < 1)
        }
    }

    @Test("a dependant is unblocked when its needs have ended", .migratedDatabase)
    func resolves() async throws {
        try await withCoordinator({
            $0.poll = .seconds(60)
            $0.beat = .seconds(60)
        }) { pool, manager in
            let worker = try await register(pool)
            let root = try await manager.enqueueTree(
                PostgresJSON(#"{"kind":"sum","subtasks":[{"kind":"a"},{"kind":"b"}]}"#))
            for _ in 0..<2 {
                let claimed = try await pool.query("select task_id, attempt from agentcorp.claim($1)", [worker]).rows[0]
                _ = try await pool.query(
                    "select agentcorp.finish($1, $2, $3)", [claimed.int64(0), Int32(claimed.int16(1)), worker])
            }
            try await waitUntil("the parent to be ready") {
                try await manager.tasks().first { $0.id == root }?.state == .ready
            }
        }
    }

    @Test("the tasks of a dead worker are given to others, and of a live one are not", .migratedDatabase)
    func rescues() async throws {
        try await withCoordinator { pool, manager in
            let dead = try await register(pool)
            try await manager.enqueue(TaskRequest("noop"))
            _ = try await pool.query("select * from agentcorp.claim($1)", [dead])
            try await waitUntil("it to be rescued") { try await manager.tasks().first?.state == .ready }
            #expect(try await manager.history().map(\.outcome) == ["lost"])
        }
    }

    @Test("counters are folded, and the depths stay the same", .migratedDatabase)
    func folds() async throws {
        try await withCoordinator { pool, manager in
            for _ in 0..<3 { try await manager.enqueue(TaskRequest("noop")) }
            try await waitUntil("folding") {
                try await pool.query("select count(*) from agentcorp.count_delta").rows[0].int64(0) == 0
            }
            #expect(try await manager.queues().first?.ready == 3)
        }
    }

    @Test("of two coordinators one leads, and the other takes over at once when it resigns", .migratedDatabase)
    func leadership() async throws {
        try await TestDatabase.current.withPool(size: 10) { pool in
            let first = ServiceGroup(
                configuration: .init(
                    services: [.init(service: coordinator(pool) { $0.leadership = .seconds(60) })], logger: .silent))
            let leading = Task { try await first.run() }
            try await waitUntil("the first to lead") {
                try await pool.query("select count(*) from agentcorp.leader").rows[0].int64(0) == 1
            }
            let holder = try await pool.query("select holder from agentcorp.leader").rows[0].int64(0)
            try await withServices([coordinator(pool) { $0.leadership = .seconds(60) }]) {
                await first.triggerGracefulShutdown()
                try await leading.value
                try await waitUntil("the second to lead", timeout: .seconds(40)) {
                    try await pool.query("select holder from agentcorp.leader where expires_at > now()").rows.first.map
                    { row throws in try row.int64(0) != holder } ?? false
                }
                #expect(try await pool.query("select term from agentcorp.leader").rows[0].int64(0) == 2)
            }
        }
    }

    @Test("waits end with their time, and those whose event was missed are found", .checkedDatabase)
    func waits() async throws {
        try await withCoordinator {
            $0.sweepInterval = .milliseconds(50)
        } _: { pool, manager in
            let worker = try await register(pool)
            // However long the rest takes: it does not beat.
            _ = try await pool.query("update agentcorp.worker set beat_at = beat_at + interval '1 hour'")
            for _ in 1...2 { try await manager.enqueue(TaskRequest("a")) }
            _ = try await pool.query("select * from agentcorp.claim($1, 'default', 2)", [worker])
            _ = try await pool.query(
                """
                select agentcorp.await_event(1, 1, 'e', 't', 'late', '300 ms'), agentcorp.await_event(2, 1, 'e', 't', 'missed'),
                    agentcorp.finish(1, 1, $1, 'suspended'), agentcorp.finish(2, 1, $1, 'suspended')
                """, [worker])
            _ = try await pool.query(
                """
                insert into agentcorp.event (id, created_at, xact, shard, topic, key, data)
                values (1, now(), pg_current_xact_id(), 0, 't', 'missed', '{}')
                """)
            try await waitUntil("both to be ready") {
                try await manager.tasks().allSatisfy { $0.state == .ready }
            }
            let ends = try await pool.query("select value ? 'timed_out' from agentcorp.step order by task_id")
            #expect(try ends.rows.map { row throws in try row.bool(0) } == [true, false])
        }
    }
}
