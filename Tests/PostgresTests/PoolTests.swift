import Postgres
import TestSupport
import Testing

@Suite("a pool", .database, .timeLimit(.minutes(30))) struct PoolTests {
    @Test("it never has more connections than its size, and serves everybody")
    func limit() async throws {
        try await withPool(size: 3) { pool in
            let inUse = Shared(0)
            let most = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            let now = inUse.change { count in
                                count += 1
                                return count
                            }
                            most.change { $0 = max($0, now) }
                            _ = try await connection.query("SELECT pg_sleep(0.002)")
                            inUse.change { $0 -= 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(most.value == 3)
            #expect(pool.metrics == PostgresPoolMetrics(size: 3, idle: 3, leased: 0, waiting: 0))
        }
    }

    @Test("who waits is served in order of arrival")
    func fairness() async throws {
        try await withPool(size: 1) { pool in
            let order = Shared<[Int]>([])
            let held = Rendezvous(2)
            let release = Rendezvous(2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await pool.withConnection { _ in
                        await held.arrive()
                        await release.arrive()
                    }
                }
                await held.arrive()
                for number in 0..<10 {
                    group.addTask {
                        try await pool.withConnection { _ in order.change { $0.append(number) } }
                    }
                    try await waitUntil("waiter \(number)") { pool.metrics.waiting == number + 1 }
                }
                await release.arrive()
                try await group.waitForAll()
            }
            #expect(order.value == Array(0..<10))
        }
    }

    @Test("a waiter that is cancelled leaves the line, and one that waits too long is told")
    func waitersLeave() async throws {
        try await withPool(size: 1, leaseTimeout: .milliseconds(100)) { pool in
            try await pool.withConnection { _ in
                let waiting = Task { try await pool.query("SELECT 1") }
                try await waitUntil("the waiter") { pool.metrics.waiting == 1 }
                waiting.cancel()
                #expect(try await postgresError { _ = try await waiting.value }.code == .cancelled)
                #expect(pool.metrics.waiting == 0)
                #expect(try await postgresError { _ = try await pool.query("SELECT 1") }.code == .poolTimeout)
                #expect(pool.metrics.waiting == 0)
            }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test("a cancelled statement gives its connection back usable")
    func cancelledStatement() async throws {
        try await withPool(size: 1) { pool in
            let pid = try await pool.withConnection { try await $0.processID() }
            for _ in 0..<20 {
                let task = Task { try await pool.query("SELECT pg_sleep(60)") }
                try await waitUntil("the lease") { pool.metrics.leased == 1 }
                task.cancel()
                #expect(try await postgresError { _ = try await task.value }.code == .cancelled)
                #expect(try await pool.withConnection { try await $0.processID() } == pid)
            }
        }
    }

    @Test("idle connections that the server ended are replaced before anybody gets them")
    func terminatedIdle() async throws {
        try await withConnection { observer in
            try await withPool(size: 3) { pool in
                let rendezvous = Rendezvous(3)
                let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            try await pool.withConnection { connection in
                                await rendezvous.arrive()
                                return try await connection.processID()
                            }
                        }
                    }
                    return try await group.reduce(into: [Int32]()) { $0.append($1) }
                }
                #expect(Set(pids).count == 3)
                _ = try await observer.query("SELECT pg_terminate_backend(pid) FROM unnest($1) pid", [pids])
                try await waitUntil("their end") {
                    try await observer.number("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)", [pids]) == 0
                }
                for _ in 0..<10 { #expect(try await pool.query("SELECT 1").count == 1) }
            }
        }
    }

    @Test("a connection that broke while it was lent is not lent again")
    func terminatedWhileLent() async throws {
        try await withPool(size: 1) { pool in
            let error = try await postgresError {
                try await pool.withConnection { connection in
                    _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error.isConnectionLoss)
            #expect(pool.metrics == PostgresPoolMetrics(size: 1, idle: 0, leased: 0, waiting: 0))
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test("a connection that comes back inside a transaction is rolled back")
    func openTransaction() async throws {
        try await withPool(size: 1) { pool in
            let pid = try await pool.withConnection { connection in
                try await connection.script("BEGIN; CREATE TABLE left_open ()")
                return try await connection.processID()
            }
            try await pool.withConnection { connection async throws in
                #expect(try await connection.query("SELECT to_regclass('left_open')").rows[0].isNull(0))
                #expect(try await connection.processID() == pid)
            }
            _ = try? await pool.withConnection { try await $0.script("BEGIN; SELECT 1/0") }
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test("shutting down fails the waiting, waits for the lent, and refuses newcomers")
    func shutdown() async throws {
        let pool = PostgresPool(.test, size: 1)
        let held = Rendezvous(2)
        let release = Rendezvous(2)
        let lent = Task {
            try await pool.withConnection { connection in
                await held.arrive()
                await release.arrive()
                return try await connection.query("SELECT 1").count
            }
        }
        await held.arrive()
        let waiting = Task { try await pool.query("SELECT 1") }
        try await waitUntil("the waiter") { pool.metrics.waiting == 1 }
        let shutdown = Task { await pool.shutdown() }
        #expect(try await postgresError { _ = try await waiting.value }.code == .poolClosed)
        #expect(try await postgresError { _ = try await pool.query("SELECT 1") }.code == .poolClosed)
        await release.arrive()
        #expect(try await lent.value == 1)
        await shutdown.value
        #expect(pool.metrics == PostgresPoolMetrics(size: 1, idle: 0, leased: 0, waiting: 0))
        await pool.shutdown()
    }

    @Test("a server that refuses is an error at once, and a pause before the next attempt")
    func refusal() async throws {
        let pool = PostgresPool(PostgresConfiguration(dsn: "host=/nowhere user=nobody dbname=none"), size: 2)
        let start = ContinuousClock.now
        for _ in 0..<4 {
            #expect(try await postgresError { _ = try await pool.query("SELECT 1") }.code == .connectionFailed)
        }
        // Pauses of at least 25, 50 and 100 ms.
        #expect(ContinuousClock.now - start >= .milliseconds(175))
        #expect(pool.metrics == PostgresPoolMetrics(size: 2, idle: 0, leased: 0, waiting: 0))
        await pool.shutdown()
    }

    @Test("when a connection cannot be made, the next waiter gets its turn")
    func waiterAfterRefusal() async throws {
        let pool = PostgresPool(PostgresConfiguration(dsn: "host=/nowhere user=nobody dbname=none"), size: 1)
        try await withThrowingTaskGroup(of: PostgresError.Code.self) { group in
            for _ in 0..<5 {
                group.addTask { try await postgresError { _ = try await pool.query("SELECT 1") }.code }
            }
            for try await code in group { #expect(code == .connectionFailed) }
        }
        await pool.shutdown()
    }
}
