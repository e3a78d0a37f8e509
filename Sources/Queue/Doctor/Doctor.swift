internal import FoundationEssentials
public import Postgres

/// Examines an installation: what the client sees itself, then `agentcorp.doctor` check by check.
public struct Doctor: Sendable {
    /// What a single check may take before it counts as failed.
    private static let deadline = Duration.seconds(2)

    private let pool: PostgresPool
    private let configuration: PostgresConfiguration
    private let listener: PostgresConfiguration?

    /// - Parameters:
    ///   - configuration: How `pool` connects; some checks need sessions of their own.
    ///   - listener: How workers would listen; nil when they only poll.
    public init(_ pool: PostgresPool, configuration: PostgresConfiguration, listener: PostgresConfiguration?) {
        self.pool = pool
        self.configuration = configuration
        self.listener = listener
    }

    /// All findings, those that are in order too. A check that fails is a finding; only the loss of the server throws.
    public func examine() async throws -> [Finding] {
        var findings: [Finding] = []
        for (name, check) in clientChecks {
            findings.append(try await guarded(name) { [try await check()] }[0])
        }
        guard try await isPresent() else { return findings }
        let names = try await pool.query("select unnest(agentcorp.doctor_checks())").rows.map { row throws in
            try row.string(0)
        }
        for name in names { findings += try await guarded(name) { try await self.ask(name) } }
        return findings
    }

    /// Runs the statement of a finding.
    public func apply(_ fix: String) async throws {
        try await pool.withConnection { try await $0.script(fix, deadline: .seconds(3600)) }
    }

    private var clientChecks: [(String, () async throws -> Finding)] {
        [
            ("connection", connectionCheck), ("schema", schemaCheck), ("client_clock", clockCheck),
            ("pooler", PoolerCheck(configuration: configuration, deadline: Self.deadline).run),
            ("listen", ListenCheck(pool: pool, listener: listener, deadline: Self.deadline).run),
        ]
    }

    private func guarded(_ name: String, _ body: () async throws -> [Finding]) async throws -> [Finding] {
        do {
            return try await body()
        } catch let error as PostgresError where error.isConnectionLoss || error.code == .cancelled {
            throw error
        } catch let error as PostgresError where error.code == .deadlineExceeded {
            return [
                Finding(
                    name, .warning, "this could not be checked within \(Self.deadline)",
                    mend: "The server is slow, or somebody holds a lock: see the check locks, and try again.")
            ]
        } catch {
            return [
                Finding(name, .warning, "this could not be checked: \(error)", mend: "Mend that, then look again.")
            ]
        }
    }

    private func ask(_ name: String) async throws -> [Finding] {
        let result = try await pool.query(
            "select to_jsonb(f) from agentcorp.doctor($1) f", [name], deadline: Self.deadline)
        return try result.rows.map { row throws in try JSONCoding.decode(try row.bytes(0)) }
    }

    /// Older schemas have no doctor.
    private func isPresent() async throws -> Bool {
        try await pool.query("select to_regprocedure('agentcorp.doctor(text)') is not null").rows[0].bool(0)
    }

    private func connectionCheck() async throws -> Finding {
        let begin = ContinuousClock.now
        let row = try await pool.query(
            "select current_setting('server_version'), current_setting('server_version_num')::int, current_user",
            deadline: Self.deadline
        ).rows[0]
        let took = Int(((ContinuousClock.now - begin) / .milliseconds(1)).rounded())
        let found = "PostgreSQL \(try row.string(0)) as \(try row.string(2)), \(took) ms for a round trip"
        guard try row.int32(1) >= 140_000 else {
            return Finding("connection", .error, found, mend: "AgentCorp needs PostgreSQL 14 or newer.")
        }
        return Finding("connection", .ok, found)
    }

    private func schemaCheck() async throws -> Finding {
        let status = try await Migrator(pool).status()
        if let obstacle = status.obstacle {
            let isNew = status.obstacleToMigrating == nil
            return Finding(
                "schema", .error, obstacle.message,
                mend: isNew ? "Apply the migrations: agentcorp migrate up" : obstacle.hint)
        }
        guard status.version == Migrator.target else {
            return Finding(
                "schema", .note, "the schema is at version \(status.version), one ahead of this agentcorp",
                mend: "That works. Use the agentcorp that made it, once all processes can.")
        }
        return Finding("schema", .ok, "the schema is at version \(status.version), as this agentcorp needs it")
    }

    /// Nothing depends on the clients' clocks but what people read and type: logs, ages in lists, `--delay`.
    private func clockCheck() async throws -> Finding {
        var best: (wait: TimeInterval, offset: TimeInterval) = (.infinity, 0)
        for _ in 0..<3 {
            let begin = Date()
            let result = try await pool.query(
                "select extract(epoch from clock_timestamp())::float8", deadline: Self.deadline)
            let end = Date()
            let wait = end.timeIntervalSince(begin)
            let middle = begin.timeIntervalSince1970 + wait / 2
            if wait < best.wait { best = (wait, middle - (try result.rows[0].double(0))) }
        }
        let milliseconds = Int((best.offset * 1000).rounded())
        let direction = milliseconds < 0 ? "behind" : "ahead of"
        let found = "this machine's clock is \(abs(milliseconds)) ms \(direction) the server's"
        guard abs(milliseconds) > 2000 else { return Finding("client_clock", .ok, found) }
        return Finding(
            "client_clock", abs(milliseconds) > 60_000 ? .warning : .note, found,
            mend: "Leases and schedules go by the server's clock alone, but logs and ages will puzzle you: "
                + "synchronise both by NTP.")
    }
}
