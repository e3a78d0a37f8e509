internal import Logging
internal import Postgres
internal import Queue

#if canImport(Glibc)
    internal import Glibc
#endif

/// A database of its own, made for one benchmark and dropped after it, with the engine's schema and the raw tables.
struct BenchDatabase: Sendable {
    let dsn: String
    let pool: PostgresPool
    let meter: ServerMeter
    let options: BenchOptions

    static let prefix = "agentcorp_bench_"
    /// Not the default queue: that one's tasks belong to nobody here either, but its name would be misleading.
    static let queue = "bench"

    var manager: TaskManager { TaskManager(pool) }

    /// Lends a fresh database on the server.
    static func with<Result>(_ options: BenchOptions, _ body: (BenchDatabase) async throws -> Result) async throws
        -> Result
    {
        let server = PostgresConfiguration(dsn: options.server)
        let admin = try await PostgresConnection.connect(server, logger: .silent)
        // A benchmark that was killed has left its own.
        for row in try await admin.query("select datname from pg_database where datname like $1", [prefix + "%"]).rows {
            _ = try? await admin.script("drop database \(try row.string(0))")
        }
        let name = "\(prefix)\(getpid())"
        do {
            try await admin.script("create database \(name) template template0", deadline: .seconds(60))
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw BenchError(
                "this user may not create a database to measure in. Allow it with `alter role ... createdb`, "
                    + "or leave --database out: a private server is started then")
        }
        func drop() async throws {
            try await Task { try await admin.script("drop database \(name) with (force)", deadline: .seconds(120)) }
                .value
            await admin.close()
        }
        let result: Result
        do {
            var configuration = PostgresConfiguration(dsn: server.dsn(ofDatabase: name))
            configuration.statementTimeout = .seconds(1800)
            result = try await PostgresPool.withPool(configuration, size: 6, logger: .silent) { pool in
                _ = try await Migrator(pool).up()
                let meter = try await ServerMeter(.connect(configuration, logger: .silent))
                try await meter.connection.script(RawTables.schema)
                let database = BenchDatabase(dsn: configuration.dsn, pool: pool, meter: meter, options: options)
                try await database.manager.createQueue(queue)
                let result = try await body(database)
                await meter.connection.close()
                return result
            }
        } catch {
            try? await drop()
            throw error
        }
        try await drop()
        return result
    }

    /// Removes all tasks, and makes both legs of a round start from the same.
    func reset() async throws {
        try await meter.connection.script(
            """
            truncate agentcorp.task, agentcorp.ready, agentcorp.queued, agentcorp.scheduled, agentcorp.claim,
                agentcorp.attempt, agentcorp.output, agentcorp.dependency, agentcorp.blocked, agentcorp.resolve,
                agentcorp.count_delta, agentcorp.counter;
            \(RawTables.truncation)
            """)
    }

    /// Settles what loading has left, so that no leg pays for another.
    func settle(_ tables: [String]) async throws {
        for table in tables { try await meter.connection.script("vacuum (analyze) \(table)") }
        // Only some users may.
        _ = try? await meter.connection.script("checkpoint")
    }

    /// A payload of the chosen size; no two are the same.
    func args(_ index: Int) -> PostgresJSON {
        let number = String(index)
        let filler = max(0, options.payload - number.count - 14)
        return PostgresJSON("{\"n\": \(number), \"x\": \"\(String(repeating: "x", count: filler))\"}")
    }

    /// The same payloads as an array literal.
    func rawArgs(_ range: Range<Int>) -> String {
        "{" + range.map { "\"" + args($0).text.replacing("\"", with: "\\\"") + "\"" }.joined(separator: ",") + "}"
    }

    /// How many tasks of a queue have completed, those of earlier rounds among them.
    ///
    /// The view of the queues would also look for the oldest ready task: past all the dead rows of a queue that is drained.
    func completed(_ queue: String = queue) async throws -> Int {
        let result = try await meter.connection.query(
            """
            select coalesce(sum(completed), 0)::bigint from (
                select completed, queue_id from agentcorp.counter union all select completed, queue_id from agentcorp.count_delta) c
            where queue_id = (select id from agentcorp.queue where name = $1)
            """, [queue])
        return Int(try result.rows[0].int64(0))
    }

    /// How many attempts have completed since the last reset, here (`agentcorp`) or in the limit's tables (`raw`).
    func ended(_ schema: String) async throws -> Int {
        let result = try await meter.connection.query("select count(*) from \(schema).attempt where outcome = 1")
        return Int(try result.rows[0].int64(0))
    }

    /// Looks again and again until something is so.
    func until(within limit: Duration = .seconds(1200), _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            guard ContinuousClock.now < deadline else { throw BenchError("the workers did not finish within \(limit)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Starts `agentcorp` with arguments, connected to this database.
    func start(_ arguments: [String]) async throws -> BenchProcess {
        try await BenchProcess.start([options.program] + arguments, environment: environment, errors: "/dev/null")
    }

    /// How long `agentcorp` with arguments takes from its start to its end, in milliseconds.
    func time(_ arguments: [String]) async throws -> Double {
        try await BenchProcess.time([options.program] + arguments, environment: environment)
    }

    private var environment: [String: String] {
        var environment: [String: String] = [:]
        for entry in [
            "PATH", "HOME", "TZ", "LANG", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT",
            "PGSSLKEY",
        ] {
            environment[entry] = getenv(entry).map { String(cString: $0) }
        }
        environment["AGENTCORP_DATABASE"] = dsn
        return environment
    }
}

extension Logger {
    static let silent = Logger(label: "agentcorp.bench") { _ in SwiftLogNoOpLogHandler() }
}
