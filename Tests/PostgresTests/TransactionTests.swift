import Postgres
import TestSupport
import Testing

@Suite("a transaction", .database, .timeLimit(.minutes(30))) struct TransactionTests {
    private struct Stop: Error {}

    @Test("it commits what its body returns, and rolls back what it throws")
    func commitAndRollback() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE plain (a int8)")
            let seven = try await connection.transaction { connection in
                try await connection.number("INSERT INTO plain VALUES (7) RETURNING a")
            }
            #expect(seven == 7)
            await #expect(throws: Stop.self) {
                try await connection.transaction { connection in
                    _ = try await connection.query("INSERT INTO plain VALUES (8)")
                    throw Stop()
                }
            }
            #expect(try await connection.number("SELECT count(*) FROM plain") == 1)
        }
    }

    @Test("a cancelled one rolls back")
    func cancelled() async throws {
        try await withConnection { connection in
            try await connection.script("CREATE TABLE undone (a int8)")
            let task = Task {
                try await connection.transaction { connection in
                    _ = try await connection.query("INSERT INTO undone VALUES (1)")
                    withUnsafeCurrentTask { $0?.cancel() }
                    _ = try await connection.query("INSERT INTO undone VALUES (2)")
                }
            }
            #expect(try await postgresError { try await task.value }.code == .cancelled)
            #expect(try await connection.number("SELECT count(*) FROM undone") == 0)
        }
    }

    @Test("an error that the body swallowed is not reported as a commit")
    func swallowed() async throws {
        try await withConnection { connection in
            let error = try await postgresError {
                try await connection.transaction { _ = try? await $0.query("SELECT 1/0") }
            }
            #expect(error.sqlState == "25P02")
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("transactions do not nest on one connection")
    func nested() async throws {
        try await withConnection { connection in
            let error = try await postgresError {
                try await connection.transaction { try await $0.transaction { _ in } }
            }
            #expect(error.code == .protocolViolation)
            #expect(try await connection.number("SELECT 1::int8") == 1)
        }
    }

    @Test("a serialization failure runs the body again")
    func serializationFailure() async throws {
        try await withPool(size: 2) { pool in
            _ = try await pool.query("CREATE TABLE skew (a int8)")
            let rendezvous = Rendezvous(2)
            let attempts = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let isFirst = Shared(true)
                        try await pool.transaction(isolation: .serializable) { connection in
                            attempts.change { $0 += 1 }
                            let count = try await connection.number("SELECT count(*) FROM skew")
                            if isFirst.takeTrue() { await rendezvous.arrive() }
                            _ = try await connection.query("INSERT INTO skew VALUES ($1)", [count])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(attempts.value > 2)
            let seen = try await pool.query("SELECT a FROM skew ORDER BY a").rows.map { try $0.int64(0) }
            #expect(seen == [0, 1])
        }
    }

    @Test("a deadlock runs its victim again")
    func deadlock() async throws {
        try await withPool(size: 2) { pool in
            _ = try await pool.query("CREATE TABLE knot (id int8 PRIMARY KEY, n int8)")
            _ = try await pool.query("INSERT INTO knot VALUES (1, 0), (2, 0)")
            let rendezvous = Rendezvous(2)
            let attempts = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        let isFirst = Shared(true)
                        try await pool.transaction { connection in
                            attempts.change { $0 += 1 }
                            try await connection.script("SET LOCAL deadlock_timeout = '50ms'")
                            for id in order {
                                _ = try await connection.query("UPDATE knot SET n = n + 1 WHERE id = $1", [id])
                                if isFirst.takeTrue() { await rendezvous.arrive() }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(attempts.value > 2)
            #expect(try await pool.query("SELECT n FROM knot").rows.map { try $0.int64(0) } == [2, 2])
        }
    }

    @Test("after the last retry the error is thrown")
    func retriesEnd() async throws {
        try await withConnection { connection in
            let attempts = Shared(0)
            let error = try await postgresError {
                try await connection.transaction(retries: 2) { connection in
                    attempts.change { $0 += 1 }
                    try await connection.script("DO $$ BEGIN RAISE 'again' USING errcode = '40001'; END $$")
                }
            }
            #expect(error.isRetryable)
            #expect(attempts.value == 3)
        }
    }
}

extension Shared<Bool> {
    /// True for the first caller only.
    fileprivate func takeTrue() -> Bool {
        change { value in
            defer { value = false }
            return value
        }
    }
}
