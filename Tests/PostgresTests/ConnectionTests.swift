import Postgres
import TestSupport
import Testing

@Suite("a connection", .database, .timeLimit(.minutes(30))) struct ConnectionTests {
    @Test("an error carries what the server said")
    func serverError() async throws {
        try await withConnection { connection in
            try await connection.script(
                "CREATE TABLE once (a int CONSTRAINT only_once UNIQUE); INSERT INTO once VALUES (1)")
            let error = try await postgresError {
                _ = try await connection.query("INSERT INTO once VALUES ($1)", [Int32(1)])
            }
            #expect(error.code == .server)
            #expect(error.sqlState == "23505")
            #expect(error.constraint == "only_once")
            #expect(error.table == "once")
            #expect(error.schema == "public")
            #expect(error.detail == "Key (a)=(1) already exists.")
            #expect(!error.isRetryable && !error.isConnectionLoss)
            let syntax = try await postgresError { _ = try await connection.query("SELECT nothing") }
            #expect(syntax.sqlState == "42703")
            #expect(syntax.position == 8)
            let custom = try await postgresError {
                try await connection.script("DO $$ BEGIN RAISE 'no' USING errcode = 'AC001', hint = 'try'; END $$")
            }
            #expect(custom.sqlState == "AC001")
            #expect(custom.description == "server error AC001: no; hint: try")
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("a script runs many statements as one transaction and stops at the first error")
    func script() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE script (a int); INSERT INTO script VALUES (1); SELECT 1;")
            let error = try await postgresError {
                try await connection.script("INSERT INTO script VALUES (2); SELECT 1/0; INSERT INTO script VALUES (3)")
            }
            #expect(error.sqlState == "22012")
            #expect(try await connection.number("SELECT count(*) FROM script") == 1)
        }
    }

    @Test("a named statement is prepared once, per types; an unnamed one leaves nothing behind")
    func statementModes() async throws {
        let count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::%'"
        try await withConnection { connection in
            for number in 0..<3 { #expect(try await connection.number("SELECT $1::int8", [number]) == number) }
            _ = try await connection.query("SELECT $1::int8", [Int32(1)])
            #expect(try await connection.number(count) == 2)
        }
        try await withConnection(.unnamedTest) { connection async throws in
            for number in 0..<3 { #expect(try await connection.number("SELECT $1::int8", [number]) == number) }
            #expect(try await connection.number("SELECT count(*) FROM pg_prepared_statements") == 0)
        }
    }

    @Test("the server never holds more than 257 prepared statements")
    func statementLimit() async throws {
        try await withConnection { connection in
            for number in 0..<400 { _ = try await connection.query("SELECT \(number)") }
            _ = try await connection.query("SELECT 0")
            #expect(try await connection.number("SELECT count(*) FROM pg_prepared_statements") <= 257)
            _ = try await connection.pipeline((400..<800).map { PostgresQuery("SELECT \($0)") })
            #expect(try await connection.number("SELECT count(*) FROM pg_prepared_statements") <= 257)
        }
    }

    @Test("a statement whose columns changed, or that was deallocated, is prepared again")
    func staleStatements() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE stale (a int); INSERT INTO stale VALUES (1)")
            #expect(try await connection.query("SELECT * FROM stale").columnNames == ["a"])
            try await connection.script("ALTER TABLE stale ADD COLUMN b int")
            #expect(try await connection.query("SELECT * FROM stale").columnNames == ["a", "b"])
            try await connection.script("DEALLOCATE ALL")
            #expect(try await connection.query("SELECT * FROM stale").columnNames == ["a", "b"])
        }
    }

    @Test("COPY in the wrong place is refused and the connection stays usable")
    func misplacedCopy() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE misplaced (a int)")
            for run in [
                { try await connection.script("COPY misplaced FROM STDIN") },
                { _ = try await connection.query("COPY misplaced FROM STDIN") },
            ] as [@Sendable () async throws -> Void] {
                #expect(try await postgresError(run).code == .protocolViolation)
            }
            #expect(try await connection.number("SELECT count(*) FROM misplaced") == 0)
        }
    }

    @Test("an unreachable server is an error that names the place and not the password")
    func unreachable() async throws {
        let configuration = PostgresConfiguration(dsn: "postgresql://me:s3cret@127.0.0.1:1/none")
        let error = try await postgresError { _ = try await PostgresConnection.connect(configuration) }
        #expect(error.code == .connectionFailed)
        #expect(error.isConnectionLoss)
        #expect(error.message.contains("127.0.0.1"))
        #expect(!"\(error)".contains("s3cret"))
    }

    @Test("calls after close throw, and closing twice is fine")
    func closing() async throws {
        let connection = try await PostgresConnection.connect(.test)
        await connection.close()
        await connection.close()
        #expect(try await postgresError { _ = try await connection.query("SELECT 1") }.code == .connectionLost)
    }

    @Test("a connection that the server ends throws a connection loss, now and later")
    func terminated() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let pid = try await connection.processID()
                async let sleeping = postgresError {
                    _ = try await connection.query("SELECT pg_sleep(60), 'terminated'")
                }
                try await waitUntil("the statement to run") { try await isRunning("terminated", askedOver: observer) }
                _ = try await observer.query("SELECT pg_terminate_backend($1)", [pid])
                let error = try await sleeping
                #expect(error.code == .connectionLost)
                #expect(error.sqlState == "57P01")
                #expect(try await postgresError { _ = try await connection.query("SELECT 1") }.isConnectionLoss)
            }
        }
    }

    @Test("session parameters, application name and encoding reach the server")
    func sessionParameters() async throws {
        var configuration = PostgresConfiguration.test
        configuration.applicationName = "name test"
        configuration.sessionParameters = ["search_path": "\"a b\", pg_catalog", "work_mem": "1MB"]
        try await withConnection(configuration) { connection in
            let row = try await connection.query(
                "SELECT current_setting('application_name'), current_setting('search_path'), "
                    + "current_setting('work_mem'), current_setting('client_encoding')"
            ).rows[0]
            #expect(try (0..<4).map { try row.string($0) } == ["name test", "\"a b\", pg_catalog", "1MB", "UTF8"])
        }
    }

    @Test("of several hosts the first that accepts is used")
    func multipleHosts() async throws {
        // A server that was given as a URI is left to the other tests.
        let keywords = TestDatabase.current.dsn.split(separator: " ")
        guard let working = keywords.first(where: { $0.hasPrefix("host=") })?.dropFirst(5) else { return }
        var configuration = PostgresConfiguration.test
        configuration.dsn += " host=/nowhere,\(working.filter { $0 != "'" }) target_session_attrs=read-write"
        try await withConnection(configuration) { connection async throws in
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("many tasks may share a connection, one statement at a time")
    func sharing() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask { try await connection.number("SELECT $1::int8", [number]) == number }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
