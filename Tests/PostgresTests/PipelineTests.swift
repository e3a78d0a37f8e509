import Postgres
import TestSupport
import Testing

@Suite("a pipeline", .database, .timeLimit(.minutes(30))) struct PipelineTests {
    @Test("the results come in the order of the queries, in both statement modes")
    func order() async throws {
        for configuration in [PostgresConfiguration.test, .unnamedTest] {
            try await withConnection(configuration) { connection in
                for _ in 0..<2 {
                    let results = try await connection.pipeline(
                        (0..<2000).map { PostgresQuery("SELECT $1::int8, repeat('x', 500)", [$0]) })
                    #expect(try results.map { try $0.rows[0].int64(0) } == Array(0..<2000))
                }
                #expect(try await connection.pipeline([]).isEmpty)
                #expect(try await connection.number("SELECT 1::int8") == 1)
            }
        }
    }

    @Test("an error in the middle undoes everything and says which query it was")
    func errorInTheMiddle() async throws {
        for configuration in [PostgresConfiguration.test, .unnamedTest] {
            try await withConnection(configuration) { connection in
                try await connection.script("DROP TABLE IF EXISTS middle; CREATE TABLE middle (a int8 PRIMARY KEY)")
                let insert = "INSERT INTO middle VALUES ($1)"
                let error = try await postgresError {
                    _ = try await connection.pipeline([1, 2, 1, 3].map { PostgresQuery(insert, [$0]) })
                }
                #expect(error.sqlState == "23505")
                #expect(error.statementIndex == 2)
                #expect(try await connection.number("SELECT count(*) FROM middle") == 0)
                let syntax = try await postgresError {
                    _ = try await connection.pipeline([
                        PostgresQuery(insert, [1]), PostgresQuery("SELEC"), PostgresQuery("SELECT 1"),
                    ])
                }
                #expect(syntax.sqlState == "42601")
                #expect(syntax.statementIndex == 1)
                let results = try await connection.pipeline([1, 2, 3].map { PostgresQuery(insert, [$0]) })
                #expect(results.map(\.affectedRows) == [1, 1, 1])
                #expect(try await connection.number("SELECT count(*) FROM middle") == 3)
            }
        }
    }

    @Test("a value that cannot be sent stops the pipeline before it starts")
    func badValue() async throws {
        try await withConnection { connection in
            let error = try await postgresError {
                _ = try await connection.pipeline([PostgresQuery("SELECT 1"), PostgresQuery("SELECT $1", ["\0"])])
            }
            #expect(error.code == .invalidValue)
            #expect(error.statementIndex == 1)
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("inside a transaction it is part of it")
    func insideTransaction() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE piped (a int8)")
            await #expect(throws: CancellationError.self) {
                try await connection.transaction { connection in
                    _ = try await connection.pipeline([PostgresQuery("INSERT INTO piped VALUES ($1)", [1])])
                    throw CancellationError()
                }
            }
            #expect(try await connection.number("SELECT count(*) FROM piped") == 0)
        }
    }

    @Test("more data than the socket holds goes both ways without a standstill")
    func large() async throws {
        try await withConnection { connection in
            let text = String(repeating: "x", count: 100_000)
            let results = try await connection.pipeline((0..<100).map { _ in PostgresQuery("SELECT $1", [text]) })
            #expect(try results.allSatisfy { try $0.rows[0].string(0) == text })
        }
    }

    @Test("cancelling it leaves the connection clean")
    func cancelled() async throws {
        try await withConnection { connection in
            let error = try await postgresError {
                _ = try await connection.pipeline(
                    [PostgresQuery("SELECT 1"), PostgresQuery("SELECT pg_sleep(60)"), PostgresQuery("SELECT 2")],
                    deadline: .milliseconds(50))
            }
            #expect(error.code == .deadlineExceeded)
            for number in 0..<100 { #expect(try await connection.number("SELECT $1::int8", [number]) == number) }
        }
    }
}
