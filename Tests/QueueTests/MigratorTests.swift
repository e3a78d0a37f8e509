import Migrations
import Postgres
import Queue
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

    @Test("a schema that is too old or too new is refused", .database)
    func mismatch() async throws {
        try await TestDatabase.current.withPool { pool in
            let migrator = Migrator(pool)
            try await migrator.up(to: Migrator.target - 1)
            #expect(
                await #expect(throws: QueueError.self) { try await migrator.check() }?.hint
                    == "Run: agentcorp migrate up")
            try await migrator.up()
            try await migrator.check()
            _ = try await pool.query("insert into agentcorp.migration (version, name) values (9999, 'future')")
            #expect(
                await #expect(throws: QueueError.self) { try await migrator.check() }?.hint == "Use a newer agentcorp.")
            await #expect(throws: QueueError.self) { try await migrator.down(to: 0) }
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
}
