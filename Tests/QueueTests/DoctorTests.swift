import Postgres
import Queue
import TestSupport
import Testing

/// What the doctor sees from the client; `SQLTests` has the checks that the server makes.
@Suite struct DoctorTests {
    private func examine(
        _ configuration: PostgresConfiguration? = nil, listener: PostgresConfiguration?? = nil
    ) async throws -> [String: Finding] {
        let own = PostgresConfiguration(dsn: TestDatabase.current.dsn)
        var unnamed = configuration ?? own
        unnamed.statements = .unnamed
        return try await PostgresPool.withPool(unnamed, size: 2) { pool in
            let doctor = Doctor(pool, configuration: configuration ?? own, listener: listener ?? own)
            let findings = try await doctor.examine()
            return Dictionary(findings.map { ($0.check, $0) }) { first, second in
                first.severity >= second.severity ? first : second
            }
        }
    }

    @Test("a direct connection to a fresh installation gives no alarm", .migratedDatabase)
    func healthy() async throws {
        let findings = try await examine()
        #expect(findings.values.allSatisfy { $0.severity <= .note }, "\(findings)")
        for check in ["connection", "schema", "client_clock", "pooler", "listen", "xmin", "counters"] {
            #expect(findings[check]?.severity == .ok, "\(check)")
        }
        #expect(findings["listen"]?.found.contains("notifications arrive") == true)
    }

    @Test("a database without the schema is an error, and the doctor stops there", .database)
    func missingSchema() async throws {
        let findings = try await examine()
        #expect(findings["schema"]?.severity == .error)
        #expect(findings["schema"]?.mend?.contains("agentcorp migrate up") == true)
        #expect(findings["xmin"] == nil)
    }

    @Test("a schema of another version or another text is told", .migratedDatabase)
    func otherSchema() async throws {
        let database = TestDatabase.current
        try await database.psql(
            "insert into agentcorp.migration (version, name) values (\(Migrator.target + 1), 'next')")
        #expect(try await examine()["schema"]?.severity == .note)
        try await database.psql("update agentcorp.migration set checksum = 'another' where version = 1")
        let changed = try await examine()["schema"]
        #expect(changed?.severity == .error)
        #expect(changed?.mend?.contains("Create a new database") == true)
    }

    @Test("a pooler in transaction mode is found out, and LISTEN through it too", .migratedDatabase)
    func pooler() async throws {
        try #require(PgBouncer.isInstalled, "install pgbouncer")
        for poolSize in [1, 4] {
            try await PgBouncer.use(poolSize: poolSize) { bouncer in
                var named = bouncer.configuration
                named.statements = .named
                let unaware = try await examine(named, listener: named)
                #expect(unaware["pooler"]?.severity == .warning, "\(poolSize): \(unaware)")
                #expect(unaware["pooler"]?.mend?.contains("--pooler") == true)
                #expect(unaware["listen"]?.severity == .warning)
                let aware = try await examine(bouncer.configuration, listener: .some(nil))
                #expect(aware["pooler"]?.severity == .ok)
                #expect(aware["listen"]?.severity == .note)
            }
        }
    }

    @Test("a check that hangs is a finding", .migratedDatabase)
    func hanging() async throws {
        try await TestDatabase.current.psql(
            """
            create or replace function agentcorp.doctor_kinds(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql as
            $$ begin perform pg_sleep(60); end $$
            """)
        let findings = try await examine()
        #expect(findings["kinds"]?.found.contains("could not be checked within") == true)
        #expect(findings["counters"]?.severity == .ok)
    }
}
