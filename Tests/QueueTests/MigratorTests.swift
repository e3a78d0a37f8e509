import Migrations
import Postgres
import Queue
import Synchronization
import TestSupport
import Testing

@Suite struct MigratorTests {
    @Test("up applies everything once, down takes everything back", .database)
    func upAndDown() async throws {
        try await TestDatabase.current.withPool { pool in
            let migrator = Migrator(pool)
            #expect(try await migrator.up().map(\.version) == Array(1...Migrator.target))
            #expect(try await migrator.up().isEmpty)
            #expect(try await migrator.status().version == Migrator.target)
            try await TaskManager(pool).enqueue(TaskRequest("noop"))
            #expect(try await migrator.down(to: 0).count == Migrator.target)
            let left = try await pool.query(
                "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'agentcorp' and c.relkind in ('r','v','S') and c.relname <> 'migration'"
            )
            #expect(try left.rows[0].int64(0) == 0)
            let functions = try await pool.query(
                "select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'agentcorp'"
            )
            #expect(try functions.rows[0].int64(0) == 0)
            #expect(try await migrator.up().count == Migrator.target)
        }
    }

    @Test("several processes may migrate at once", .database)
    func concurrently() async throws {
        try await TestDatabase.current.withPool(size: 8) { pool in
            let applied = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await Migrator(pool).up().count } }
                return try await group.reduce(0, +)
            }
            #expect(applied == Migrator.target)
        }
    }

    @Test("a database without the schema is refused, and the error says what to run", .database)
    func missing() async throws {
        try await TestDatabase.current.withPool { pool in
            let error = await #expect(throws: QueueError.self) { try await Migrator(pool).check() }
            #expect(error?.code == .schemaMismatch)
            #expect(error?.hint == "Run: agentcorp migrate up")
            await #expect(throws: QueueError.self) { try await TaskManager(pool).enqueue(TaskRequest("noop")) }
        }
    }

    @Test("a schema that is too old, or two versions ahead, is refused; one version ahead is fine", .database)
    func mismatch() async throws {
        try await TestDatabase.current.withPool { pool in
            let migrator = Migrator(pool)
            try await migrator.up(to: Migrator.target - 1)
            #expect(
                await #expect(throws: QueueError.self) { try await migrator.check() }?.hint
                    == "Run: agentcorp migrate up")
            try await migrator.up()
            try await migrator.check()
            try await Self.record(pool, Migrator.target + 1, "next")
            #expect(try await migrator.check().version == Migrator.target + 1)
            #expect(try await migrator.status().steps.last?.state == .unknown)
            for change in [{ try await migrator.up() }, { try await migrator.down(to: 0) }] {
                let error = await #expect(throws: QueueError.self) { try await change() }
                #expect(error?.hint == "Use a newer agentcorp.")
            }
            try await Self.record(pool, Migrator.target + 2, "after next")
            #expect(
                await #expect(throws: QueueError.self) { try await migrator.check() }?.hint == "Use a newer agentcorp.")
        }
    }

    @Test(
        "a migration that was applied from another text is refused, by everything that would go on", .migratedDatabase)
    func changed() async throws {
        try await TestDatabase.current.withPool { pool in
            let migrator = Migrator(pool)
            _ = try await pool.query("update agentcorp.migration set checksum = 'another' where version = 3")
            #expect(try await migrator.status().steps.filter { $0.state == .changed }.map(\.version) == [3])
            for step in [
                { _ = try await migrator.check() }, { _ = try await migrator.up() },
                { _ = try await migrator.down(to: 0) },
            ] {
                let error = await #expect(throws: QueueError.self) { try await step() }
                #expect(error?.message.contains("migration 3 (gates) was applied from another text") == true)
                #expect(error?.hint.contains("Create a new database") == true)
            }
        }
    }

    @Test("a database of a development version, which kept no checksums, is refused and left as it is", .database)
    func development() async throws {
        try await TestDatabase.current.withPool { pool in
            let migrator = Migrator(pool)
            try await migrator.up(to: 5)
            _ = try await pool.query("alter table agentcorp.migration drop column checksum")
            let error = await #expect(throws: QueueError.self) { try await migrator.up() }
            #expect(error?.message.contains("made by a development version") == true)
            #expect(try await migrator.status().version == 5)
        }
    }

    @Test("the checksum of a text is its FNV-1a hash, and no two migrations share one")
    func checksums() {
        #expect(Set(Migration.all.map(\.checksum)).count == Migration.all.count)
        #expect(Migration.all.allSatisfy { $0.checksum.count == 16 })
    }

    @Test("workers go on while a migration waits for a lock, and the holder is named", .database)
    func locks() async throws {
        try await TestDatabase.current.withPool(size: 8) { pool in
            try await Migrator(pool).up(to: 11)
            let manager = TaskManager(pool)
            let link = try await WorkerLink.register(
                pool, host: "here", pid: 1, version: "1", queues: ["default"], kinds: ["noop"], concurrency: 10)
            let holder = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
            try await holder.script("begin; select count(*) from agentcorp.task")
            let reports = Mutex<[String]>([])
            let next = Migration(12, "next", Array("alter table agentcorp.task add column later int".utf8), [])
            let migrator = Migrator(pool, migrations: Migration.all.prefix(11) + [next]) { report in
                reports.withLock { $0.append(report) }
            }
            async let applied = migrator.up()
            try await waitUntil("the migration to wait") { reports.withLock { !$0.isEmpty } }
            // A migration that stood in the queue for the lock would hold this up until the holder ends.
            for _ in 0..<50 {
                try await manager.enqueue(TaskRequest("noop"))
                let batch = try await link.work(shard: 0, queue: link.queueIDs[0], limit: 10, window: .everything)
                #expect(!batch.claimed.isEmpty)
            }
            #expect(reports.withLock { $0.first }?.contains("select count(*) from agentcorp.task") == true)
            try await holder.script("commit")
            #expect(try await applied.map(\.version) == [12])
            await holder.close()
        }
    }

    @Test("a migration that never gets its lock gives up, says who holds it, and has changed nothing", .database)
    func impatient() async throws {
        try await TestDatabase.current.withPool { pool in
            try await Migrator(pool).up(to: 1)
            let holder = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
            try await holder.script("begin; lock table agentcorp.task")
            let error = await #expect(throws: QueueError.self) {
                try await Migrator(pool, patience: .zero).down(to: 0)
            }
            #expect(
                error?.message.contains("process \(await holder.processID)") == true, "\(String(describing: error))")
            #expect(try await Migrator(pool).status().version == 1)
            await holder.close()
        }
    }

    @Test("the printed script makes the same schema", .database)
    func script() async throws {
        try await TestDatabase.current.psql(Migrator.script())
        try await TestDatabase.current.withPool { pool in
            try await Migrator(pool).check()
            try await TaskManager(pool).enqueue(TaskRequest("noop"))
        }
    }

    @Test("a server that takes no writes is refused", .database)
    func readOnly() async throws {
        _ = try await TestDatabase.current.withPool { try await Migrator($0).up() }
        var configuration = PostgresConfiguration(dsn: TestDatabase.current.dsn)
        configuration.sessionParameters["default_transaction_read_only"] = "on"
        let pool = PostgresPool(configuration, size: 1)
        let error = await #expect(throws: QueueError.self) { try await TaskManager(pool).enqueue(TaskRequest("noop")) }
        #expect(error?.code == .unsuitableServer)
        await pool.shutdown()
    }

    static func record(_ pool: PostgresPool, _ version: Int, _ name: String) async throws {
        _ = try await pool.query(
            "insert into agentcorp.migration (version, name, checksum) values ($1, $2, 'x')", [Int32(version), name])
    }
}
