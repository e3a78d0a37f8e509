import Glibc
import Postgres
import TestSupport
import Testing

@Suite("over TCP", .timeLimit(.minutes(30))) struct OwnServerTests {
    @Test("TLS is libpq's: a self-signed certificate is accepted when it is named, refused when not")
    func tls() async throws {
        try await OwnServer.use(tls: true) { server in
            let verified = PostgresConfiguration(
                dsn: server.dsn + " sslmode=verify-full sslrootcert=\(server.certificate)")
            try await withConnection(verified) { connection in
                let row = try await connection.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").rows[0]
                #expect(try row.bool(0))
                let error = try await postgresError {
                    _ = try await connection.query("SELECT pg_sleep(60)", deadline: .milliseconds(50))
                }
                #expect(error.code == .deadlineExceeded)
                let text = String(repeating: "x", count: 2_000_000)
                #expect(try await connection.query("SELECT $1", [text]).rows[0].string(0) == text)
            }
            try await withPool(verified, size: 2) { pool in
                let pid = try await pool.withConnection { try await $0.processID() }
                for _ in 0..<5 { #expect(try await pool.withConnection { try await $0.processID() } == pid) }
            }
            let unknown = PostgresConfiguration(dsn: server.dsn + " sslmode=verify-full sslrootcert=/nowhere")
            let error = try await postgresError { _ = try await PostgresConnection.connect(unknown) }
            #expect(error.code == .connectionFailed)
        }
    }

    @Test("pool and listener find a server again that crashed")
    func crash() async throws {
        try await OwnServer.use { server in
            let configuration = PostgresConfiguration(dsn: server.dsn)
            var events = PostgresListener(configuration, channels: ["after"]).notifications.makeAsyncIterator()
            #expect(await events.next() == .reconnected)
            try await withPool(configuration, size: 3) { pool in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 { group.addTask { _ = try await pool.query("SELECT pg_sleep(0.05)") } }
                    try await group.waitForAll()
                }
                try await server.crash()
                // The server's children outlive it by a moment.
                try await waitUntil("the pool to fail") { (try? await pool.query("SELECT 1")) == nil }
                #expect(try await postgresError { _ = try await pool.query("SELECT 1") }.isConnectionLoss)
                try await server.start()
                try await waitUntil("the pool to recover") { (try? await pool.query("SELECT 1")) != nil }
                for _ in 0..<10 { #expect(try await pool.query("SELECT 1").count == 1) }
                #expect(await events.next() == .reconnected)
                _ = try await pool.query("SELECT pg_notify('after', 'the crash')")
                guard case .notification(let notification)? = await events.next() else {
                    Issue.record("no notification after the crash")
                    return
                }
                #expect(notification.payload == "the crash")
            }
        }
    }

    @Test("a cancel request that is late is waited for, even when its statement has ended well")
    func lateCancel() async throws {
        try await OwnServer.use { server in
            let proxy = try HoldingProxy(to: server.port)
            let victim = try await PostgresConnection.connect(
                PostgresConfiguration(dsn: "host=127.0.0.1 port=\(proxy.port) user=postgres dbname=postgres"))
            try await withConnection(PostgresConfiguration(dsn: server.dsn)) { holder in
                try await holder.script("SELECT pg_advisory_lock(7)")
                let blocked = Task { try await victim.query("SELECT pg_advisory_lock(7)").count }
                try await waitUntil("the statement to run") {
                    try await isRunning("pg_advisory_lock(7)", askedOver: holder)
                }
                proxy.hold()
                blocked.cancel()
                try await waitUntil("the cancel request") { proxy.held == 1 }
                try await holder.script("SELECT pg_advisory_unlock(7)")
                let next = Task {
                    let count = try await blocked.value
                    _ = try await victim.query("SELECT pg_sleep(0.5), 'the next'")
                    return count
                }
                // It must not even start while the request is under way.
                let started: Void? = try? await waitUntil("nothing", timeout: .milliseconds(300)) {
                    try await isRunning("the next", askedOver: holder)
                }
                #expect(started == nil)
                proxy.release()
                #expect(try await next.value == 1)
            }
            await victim.close()
        }
    }

    @Test("a frozen server costs the deadline and the cancel timeout, then a new connection is made")
    func frozen() async throws {
        try await OwnServer.use { server in
            var configuration = PostgresConfiguration(dsn: server.dsn)
            configuration.cancelTimeout = .milliseconds(300)
            try await withPool(configuration, size: 1) { pool in
                let (pid, postmaster) = try await pool.withConnection { connection in
                    let row = try await connection.query(
                        "SELECT pg_backend_pid(), (pg_read_file('postmaster.pid')::text::name)::text"
                    ).rows[0]
                    return (try row.int32(0), try #require(Int32(row.string(1).prefix { $0.isNumber })))
                }
                for process in [pid, postmaster] { kill(process, SIGSTOP) }
                let start = ContinuousClock.now
                let error = try await postgresError {
                    _ = try await pool.query("SELECT 1", deadline: .milliseconds(100))
                }
                #expect(error.code == .deadlineExceeded)
                #expect(ContinuousClock.now - start < .seconds(9))
                #expect(pool.metrics.idle == 0)
                for process in [postmaster, pid] { kill(process, SIGCONT) }
                #expect(try await pool.withConnection { try await $0.processID() } != pid)
            }
        }
    }
}
