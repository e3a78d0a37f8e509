import Queue
import TestSupport
import Testing

@Suite struct DoctorTests {
    @Test("a fresh installation: all is well, with the checks listed on request", .migratedDatabase)
    func healthy() async throws {
        let result = try await Agentcorp.run("doctor")
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("checks: all is well"))
        #expect(!result.output.contains("indexes"))
        let all = try await Agentcorp.run("doctor", "--all")
        #expect(all.output.contains("ok       indexes"))
    }

    @Test("warnings end with 1, --fix mends them and says what it ran", .migratedDatabase)
    func fix() async throws {
        try await TestDatabase.current.psql(
            "update pg_index set indisvalid = false where indexrelid = 'agentcorp.scheduled_due'::regclass")
        let before = try await Agentcorp.run("doctor")
        #expect(before.status == 1)
        #expect(before.output.contains("reindex index concurrently agentcorp.scheduled_due"))
        #expect(before.output.contains("--fix mends what is safe"))
        let fixed = try await Agentcorp.run("doctor", "--fix")
        #expect(fixed.status == 0, "\(fixed.output)")
        #expect(fixed.errors == "done: reindex index concurrently agentcorp.scheduled_due\n")
        #expect(try await Agentcorp.run("doctor").status == 0)
    }

    @Test("errors end with 2, and --fix leaves alone what is not safe", .migratedDatabase)
    func errors() async throws {
        try await TestDatabase.current.psql("alter table agentcorp.ready drop constraint ready_pkey")
        let result = try await Agentcorp.run("doctor", "--fix")
        #expect(result.status == 2)
        #expect(result.errors.isEmpty)
        #expect(result.output.contains("alter table agentcorp.ready add constraint ready_pkey PRIMARY KEY"))
    }

    @Test("--json is a line for each finding, also of what is in order", .migratedDatabase)
    func json() async throws {
        let result = try await Agentcorp.run("doctor", "--json")
        #expect(result.status == 0)
        let findings: [Finding] = try JSONCoding.decode(Array(result.output.utf8))
        #expect(findings.contains { $0.check == "xmin" && $0.severity == .ok })
    }

    @Test("on a terminal, lines are wrapped and coloured", .migratedDatabase)
    func terminal() async throws {
        try await TestDatabase.current.psql("alter table agentcorp.ready set (autovacuum_enabled = off)")
        let result = try await Agentcorp.runOnTerminal("doctor")
        #expect(result.output.contains("\u{1B}[33mwarning"))
        #expect(result.output.contains("\u{1B}[36malter table agentcorp.ready reset (autovacuum_enabled)"))
    }

    @Test("a database without the schema is an error that says what to run", .database)
    func missingSchema() async throws {
        let result = try await Agentcorp.run("doctor")
        #expect(result.status == 2)
        #expect(result.output.contains("agentcorp migrate up"))
    }

    @Test("a server that cannot be reached is not examined")
    func unreachable() async throws {
        let result = try await Agentcorp.runAlone("doctor", "--database", "postgresql://127.0.0.1:1/x")
        #expect(result.status == 3)
    }
}
