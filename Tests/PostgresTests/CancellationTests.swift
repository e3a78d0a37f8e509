import Postgres
import TestSupport
import Testing

@Suite("cancellation and deadlines", .database, .timeLimit(.minutes(30))) struct CancellationTests {
    @Test("cancelling the task cancels the statement on the server and nothing after it")
    func cancelled() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let pid = try await connection.processID()
                let sleeping = Task { try await connection.query("SELECT pg_sleep(60), 'to be cancelled'") }
                try await waitUntil("the statement to run") {
                    try await isRunning("to be cancelled", askedOver: observer)
                }
                sleeping.cancel()
                let error = try await postgresError { _ = try await sleeping.value }
                #expect(error.code == .cancelled)
                #expect(try await isRunning("to be cancelled", askedOver: observer) == false)
                for number in 0..<1000 { #expect(try await connection.number("SELECT $1::int8", [number]) == number) }
                #expect(try await connection.processID() == pid)
            }
        }
    }

    @Test("a cancelled task sends nothing")
    func cancelledBefore() async throws {
        try await withConnection { connection async throws in
            let table = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await connection.script("CREATE TABLE never ()")
            }
            #expect(try await postgresError { try await table.value }.code == .cancelled)
            #expect(try await connection.query("SELECT to_regclass('never')").rows[0].isNull(0))
        }
    }

    @Test("a cancel that comes at any moment never hits the next statement")
    func cancelledAtAnyMoment() async throws {
        try await withConnection { connection async throws in
            for round in 0..<300 {
                let task = Task { try await connection.query("SELECT pg_sleep($1)", [Double(round % 10) / 5000]) }
                for _ in 0..<(round % 50) { await Task.yield() }
                task.cancel()
                switch await task.result {
                case .success: break
                case .failure(let error): #expect((error as? PostgresError)?.code == .cancelled)
                }
                #expect(try await connection.number("SELECT $1::int8", [round]) == round)
            }
        }
    }

    @Test("a statement that takes too long is cancelled, and the connection goes on")
    func deadline() async throws {
        for configuration in [PostgresConfiguration.test, .unnamedTest] {
            try await withConnection(configuration) { connection in
                let pid = try await connection.processID()
                let start = ContinuousClock.now
                let error = try await postgresError {
                    _ = try await connection.query("SELECT pg_sleep(60)", deadline: .milliseconds(50))
                }
                #expect(error.code == .deadlineExceeded)
                #expect(ContinuousClock.now - start < .seconds(50))
                #expect(try await connection.processID() == pid)
                let script = try await postgresError {
                    try await connection.script("SELECT 1; SELECT pg_sleep(60)", deadline: .milliseconds(50))
                }
                #expect(script.code == .deadlineExceeded)
                #expect(try await connection.processID() == pid)
            }
        }
    }

    @Test("a result that keeps flowing is cancelled too")
    func flowing() async throws {
        try await withConnection { connection in
            let start = ContinuousClock.now
            let error = try await postgresError {
                _ = try await connection.query(
                    "SELECT repeat('x', 100) FROM generate_series(1, 500000000)", deadline: .milliseconds(200))
            }
            #expect(error.code == .deadlineExceeded)
            #expect(ContinuousClock.now - start < .seconds(50))
            #expect(try await connection.query("SELECT 1", deadline: .seconds(Int64.max)).count == 1)
        }
    }

    @Test("the configuration's statement timeout is the default deadline")
    func defaultDeadline() async throws {
        var configuration = PostgresConfiguration.test
        configuration.statementTimeout = .milliseconds(50)
        try await withConnection(configuration) { connection in
            let error = try await postgresError { _ = try await connection.query("SELECT pg_sleep(60)") }
            #expect(error.code == .deadlineExceeded)
            #expect(try await connection.query("SELECT pg_sleep(0.2)", deadline: .seconds(30)).count == 1)
        }
    }

    @Test("the server's own statement_timeout stays a server error")
    func serverTimeout() async throws {
        try await withConnection { connection in
            try await connection.script("SET statement_timeout = '50ms'")
            let error = try await postgresError { _ = try await connection.query("SELECT pg_sleep(60)") }
            #expect(error.code == .server)
            #expect(error.sqlState == "57014")
        }
    }

    @Test("cancelling while connecting returns at once")
    func cancelledConnect() async throws {
        // A listener that never answers: the backlog takes the connection, nobody speaks.
        let silent = try SilentServer()
        let connecting = Task { try await PostgresConnection.connect(PostgresConfiguration(dsn: silent.dsn)) }
        try await waitUntil("the attempt to arrive") { silent.hasClient }
        let start = ContinuousClock.now
        connecting.cancel()
        #expect(try await postgresError { _ = try await connecting.value }.code == .cancelled)
        #expect(ContinuousClock.now - start < .seconds(9))
    }

    @Test("a server that accepts and stays silent is given up after the connect timeout")
    func connectTimeout() async throws {
        let silent = try SilentServer()
        var configuration = PostgresConfiguration(dsn: silent.dsn)
        configuration.connectTimeout = .seconds(2)
        let error = try await postgresError { _ = try await PostgresConnection.connect(configuration) }
        #expect(error.code == .connectionFailed)
    }
}
