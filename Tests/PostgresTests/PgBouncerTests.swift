import Postgres
import TestSupport
import Testing

@Suite(
    "through PgBouncer in transaction mode", .database, .enabled(if: PgBouncer.isInstalled), .timeLimit(.minutes(30)))
struct PgBouncerTests {
    @Test("many clients share few connections with parameters, pipelines, transactions and COPY")
    func sharing() async throws {
        try await PgBouncer.use(poolSize: 2) { bouncer in
            try await withPool(bouncer.configuration, size: 8) { pool in
                _ = try await pool.query("CREATE TABLE bounced (a int8)")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<8 {
                        group.addTask { try await work(task, pool) }
                    }
                    try await group.waitForAll()
                }
                #expect(try await pool.query("SELECT count(*) FROM bounced").rows[0].int64(0) == 8 * 1050)
            }
        }
    }

    private func work(_ task: Int, _ pool: PostgresPool) async throws {
        for round in 0..<50 {
            let number = task * 1000 + round
            #expect(try await pool.query("SELECT $1::int8", [number]).rows[0].int64(0) == number)
            let queries = (0..<3).map { PostgresQuery("SELECT $1::int8", [number + $0]) }
            let results = try await pool.withConnection { try await $0.pipeline(queries) }
            let numbers = try results.map { try $0.rows[0].int64(0) }
            #expect(numbers == [Int64(number), Int64(number) + 1, Int64(number) + 2])
            try await pool.transaction { connection in
                _ = try await connection.query("INSERT INTO bounced VALUES ($1)", [number])
                _ = try await connection.query("SELECT count(*) FROM bounced")
            }
        }
        let copied = try await pool.withConnection { connection in
            try await connection.copyIn("bounced", columns: ["a"]) { writer in
                for number in 0..<1000 { try await writer.append(number) }
            }
        }
        #expect(copied == 1000)
    }

    @Test("cancellation and deadlines reach the server and hit nobody else")
    func cancellation() async throws {
        try await PgBouncer.use(poolSize: 2) { bouncer in
            try await withPool(bouncer.configuration, size: 4) { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<2 {
                        group.addTask {
                            for _ in 0..<10 {
                                let error = try await postgresError {
                                    _ = try await pool.query(
                                        "SELECT pg_sleep(60), 'bounced sleep'", deadline: .milliseconds(20 + 7 * task))
                                }
                                #expect(error.code == .deadlineExceeded)
                            }
                        }
                        group.addTask {
                            for number in 0..<300 {
                                let row = try await pool.query("SELECT $1::int8", [number]).rows[0]
                                #expect(try row.int64(0) == number)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let sleeping = Task { try await pool.query("SELECT pg_sleep(60), 'bounced sleep'") }
                try await withConnection { observer in
                    try await waitUntil("the statement to run") {
                        try await isRunning("bounced sleep", askedOver: observer)
                    }
                    sleeping.cancel()
                    #expect(try await postgresError { _ = try await sleeping.value }.code == .cancelled)
                    #expect(try await isRunning("bounced sleep", askedOver: observer) == false)
                }
            }
        }
    }
}
