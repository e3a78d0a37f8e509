import TestSupport
import Testing

@Suite struct LintTests {
    @Test(
        "plpgsql_check finds nothing in any function", .migratedDatabase,
        .enabled("install plpgsql_check: scripts/lint-sql does") { try await Self.isInstalled() })
    func functions() async throws {
        let sql = try await Session.open()
        try await sql.run("create extension plpgsql_check")
        // What "other warnings" complain of is each literal that is assigned to an array. `hold` loops until it returns.
        let findings = try await sql.rows(
            """
            select p.oid::regprocedure, c from pg_proc p join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
            cross join lateral plpgsql_check_function(p.oid, other_warnings => false, extra_warnings => true, security_warnings => true) c
            where p.pronamespace = 'agentcorp'::regnamespace and p.prorettype <> 'trigger'::regtype
                and (p.proname, c) <> ('hold', 'warning extra:2F005:control reached end of function without RETURN')
            """)
        #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
    }

    private static func isInstalled() async throws -> Bool {
        let database = try await TestDatabase.make()
        let count = try await database.psql("select count(*) from pg_available_extensions where name = 'plpgsql_check'")
        try await database.drop()
        return count == "1"
    }
}
