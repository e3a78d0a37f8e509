import Postgres
import TestSupport
import Testing

@Suite struct MigrateTests {
    @Test("up makes the schema, says what it did, and does nothing the second time", .database)
    func up() async throws {
        let before = try await Agentcorp.run("tasks", "list")
        #expect(before.status == 4)
        #expect(before.errors == "error: the database has no AgentCorp schema. Run: agentcorp migrate up\n")
        #expect(try await Agentcorp.run("migrate", "status").status == 4)

        let first = try await Agentcorp.run("migrate", "up")
        #expect(first.status == 0)
        #expect(first.output.hasPrefix("applied 1 tables\n"))
        #expect(try await Agentcorp.run("migrate", "up").output == "nothing to do: the schema is up to date\n")

        let status = try await Agentcorp.run("migrate", "status")
        #expect(status.status == 0)
        #expect(!status.output.contains("pending"))
        #expect(try await Agentcorp.run("tasks", "list").status == 0)
    }

    @Test("an old schema and a new one are refused with what to run", .migratedDatabase)
    func otherVersions() async throws {
        try await TestDatabase.current.psql("insert into agentcorp.migration (version, name) values (9999, 'later')")
        let newer = try await Agentcorp.run("tasks", "list")
        #expect(newer.status == 4)
        #expect(newer.errors.contains("Use a newer agentcorp"))
        #expect(try await Agentcorp.run("migrate", "status").status == 4)
        try await TestDatabase.current.psql(
            "delete from agentcorp.migration where version > (select min(version) from agentcorp.migration)")
        let older = try await Agentcorp.run("tasks", "list")
        #expect(older.status == 4)
        #expect(older.errors.contains("Run: agentcorp migrate up"))
    }

    @Test("down removes everything, but only with --yes where nobody can be asked", .migratedDatabase)
    func down() async throws {
        let asked = try await Agentcorp.run("migrate", "down", "--to", "0")
        #expect(asked.status == 2)
        #expect(asked.errors.contains("--yes"))
        #expect(try await Agentcorp.run("tasks", "list").status == 0)
        let result = try await Agentcorp.run("migrate", "down", "--to", "0", "--yes")
        #expect(result.status == 0)
        #expect(try await Agentcorp.run("tasks", "list").status == 4)
    }

    @Test("a migration that cannot have its lock says who holds it, and gives up in time", .migratedDatabase)
    func patience() async throws {
        try await TestDatabase.current.withPool { pool in
            try await pool.withConnection { connection in
                try await connection.script("begin; select count(*) from agentcorp.task")
                let result = try await Agentcorp.run("migrate", "down", "--to", "0", "--yes", "--patience", "600ms")
                #expect(result.status == 6)
                #expect(result.errors.contains("select count(*) from agentcorp.task"))
                try await connection.script("rollback")
            }
        }
        #expect(try await Agentcorp.run("migrate", "down", "--to", "0", "--yes").status == 0)
    }

    @Test("a version that does not exist is refused", .database)
    func unknownVersion() async throws {
        let result = try await Agentcorp.run("migrate", "up", "--to", "99999")
        #expect(result.status == 2)
        #expect(result.errors.contains("--to is a version from 0 to"))
    }

    @Test("print is the schema, for psql", .database)
    func print() async throws {
        let script = try await Agentcorp.runAlone("migrate", "print")
        #expect(script.status == 0)
        try await TestDatabase.current.psql(script.output)
        #expect(try await Agentcorp.run("migrate", "status").status == 0)
    }
}
