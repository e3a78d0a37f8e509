import Postgres
import TestSupport
import Testing

/// A database session of a test: SQL in, lines as psql prints them out.
struct Session {
    let connection: PostgresConnection
    let pid: Int

    /// - Parameter offset: How far the session's clock is ahead, such as `"1 hour"`.
    static func open(clock offset: String? = nil) async throws -> Session {
        var configuration = PostgresConfiguration(dsn: TestDatabase.current.dsn)
        configuration.statementTimeout = .seconds(120)
        let connection = try await PostgresConnection.connect(configuration)
        let pid = try await connection.query("select pg_backend_pid()").rows[0].int32(0)
        let session = Session(connection: connection, pid: Int(pid))
        try await session.run("set client_min_messages = warning")
        if let offset { try await session.setClock(offset) }
        return session
    }

    func setClock(_ offset: String) async throws {
        try await run("set agentcorp.clock_offset = '\(offset)'")
    }

    /// Sets the session's clock to a moment in UTC, from which it goes on.
    func setMoment(_ moment: String) async throws {
        try await run(
            "select set_config('agentcorp.clock_offset', (extract(epoch from timestamptz '\(moment)Z' - clock_timestamp()) || ' s'), false)"
        )
    }

    func run(_ sql: String) async throws {
        try await connection.script(sql)
    }

    /// The rows of a query, columns separated by `|`, null as nothing.
    func rows(_ sql: String) async throws -> [String] {
        try await connection.query(lineQuery(sql)).rows.map { try $0.stringOrNil(0) ?? "" }
    }

    /// The first column of the only row.
    func value(_ sql: String) async throws -> String {
        let rows = try await rows(sql)
        try #require(rows.count == 1, "\(sql) gives \(rows)")
        return rows[0]
    }

    func int(_ sql: String) async throws -> Int {
        let value = try await value(sql)
        return try #require(Int(value), "\(sql) gives \(value)")
    }

    func ints(_ sql: String) async throws -> [Int] {
        try await rows(sql).map { try #require(Int($0)) }
    }

    /// The plan of a statement.
    func plan(_ sql: String) async throws -> String {
        try await connection.query("explain (costs off) " + sql).rows.map { try $0.string(0) }.joined(separator: "\n")
    }

    /// The error that the server answers with; fails when it answers with anything else.
    func error(_ sql: String) async throws -> PostgresError {
        do {
            try await run(sql)
        } catch let error as PostgresError {
            return error
        }
        throw TestSupportError("no error: \(sql)")
    }

    /// Expects an error with this state whose message and hint contain these words.
    func refuses(
        _ sql: String, _ state: String, _ message: String = "", hint: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let error = try await error(sql)
        #expect(error.sqlState == state, "\(error)", sourceLocation: sourceLocation)
        #expect(error.message.contains(message) || message.isEmpty, "\(error)", sourceLocation: sourceLocation)
        #expect((error.hint ?? "").contains(hint) || hint.isEmpty, "\(error)", sourceLocation: sourceLocation)
    }
}

extension Session {
    /// Adds a task with the arguments of `agentcorp.enqueue`.
    @discardableResult
    func enqueue(_ arguments: String = "'a'") async throws -> Int {
        try await int("select agentcorp.enqueue(\(arguments))")
    }

    /// Adds a tree.
    @discardableResult
    func tree(_ json: String) async throws -> Int {
        try await int("select agentcorp.enqueue_tree('\(json)')")
    }

    func worker() async throws -> Int {
        try await int("select worker from agentcorp.register_worker('host', 1, '1', '{default}', '{a}', 10)")
    }

    /// Claims tasks and returns their ids.
    func claim(_ worker: Int, _ count: Int = 1, queue: String = "default") async throws -> [Int] {
        try await ints("select task_id from agentcorp.claim(\(worker), '\(queue)', \(count))")
    }

    /// Ends the current attempt of a task; says whether that counted.
    @discardableResult
    func finish(_ task: Int, _ worker: Int, _ more: String = "'completed'", attempt: Int? = nil) async throws -> Bool {
        let attempt =
            if let attempt { attempt } else {
                try await int(
                    "select coalesce(max(attempt), 0) + 1 from agentcorp.attempt where shard = 0 and task_id = \(task)")
            }
        return try await value("select agentcorp.finish(\(task), \(attempt), \(worker), \(more))") == "true"
    }

    /// Does the coordinator's work until there is none left.
    func settle() async throws {
        while try await int("select agentcorp.resolve_ends(0::smallint) + (agentcorp.promote(0::smallint)).promoted")
            > 0
        {}
    }

    /// Claims and completes whatever can be claimed, until nothing is left to do.
    func drain(_ worker: Int) async throws {
        repeat {
            for task in try await claim(worker, 100) { try await finish(task, worker) }
            try await settle()
        } while try await int("select count(*) from agentcorp.ready where shard = 0") > 0
    }

    func state(_ task: Int) async throws -> String {
        try await value("select state from agentcorp.states(0::smallint, array[\(task)])")
    }

    /// `name state` for each task of a tree, in order; its kind where it has no name.
    func states(_ root: Int) async throws -> [String] {
        try await rows("select trim(task) || ' ' || state from agentcorp.tree(\(root))")
    }

    /// The id of a task by its name.
    func id(_ name: String) async throws -> Int {
        try await int("select id from agentcorp.task where name = '\(name)'")
    }

    /// Waits until another session waits for a lock.
    func waitUntilBlocked(_ other: Session) async throws {
        try await waitUntil("session \(other.pid) to wait for a lock") {
            try await int("select count(*) from pg_stat_activity where pid = \(other.pid) and wait_event_type = 'Lock'")
                == 1
        }
    }
}
