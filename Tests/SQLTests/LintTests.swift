import TestSupport
import Testing

@Suite struct LintTests {
    @Test(
        "plpgsql_check finds nothing in any function", .migratedDatabase,
        .enabled("install plpgsql_check: scripts/lint-sql does") { try await Self.isInstalled() })
    func functions() async throws {
        let sql = try await Session.open()
        try await sql.run("create extension plpgsql_check")
        // "Other warnings" are about each literal that is assigned to an array, 2F005 about loops that return from within.
        // What these two functions execute is made of names from the catalogue; and it cannot look into dynamic SQL.
        let findings = try await sql.rows(
            """
            select p.oid::regprocedure, c.lineno, c.level, c.sqlstate, c.message, c.detail
            from pg_proc p join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
            cross join lateral plpgsql_check_function_tb(p.oid, other_warnings => false, extra_warnings => true, security_warnings => true) c
            where p.pronamespace = 'agentcorp'::regnamespace and p.prorettype <> 'trigger'::regtype and c.sqlstate is distinct from '2F005'
                and c.detail is distinct from 'cannot to determine result of dynamic SQL'
                and not (c.level = 'security' and p.proname in ('grant_roles', 'enable_tenant_isolation'))
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
