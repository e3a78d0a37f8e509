import TestSupport
import Testing

@Suite(.database) struct DatabaseTraitTests {
    @Test("the tests of a suite share its database", arguments: 1...2)
    func shared(number: Int) async throws {
        let database = TestDatabase.current
        try await database.psql("create table if not exists seen_\(number) ()")
        #expect(try await database.psql("select current_database()") == database.name)
    }

    @Test("a test with the trait has a database to itself", .migratedDatabase)
    func own() async throws {
        let database = TestDatabase.current
        #expect(try await database.psql("select count(*) from pg_tables where tablename = 'seen'") == "0")
        #expect(try await database.psql("select count(*) from agentcorp.task") == "0")
    }

    @Test("psql reports the first error and runs nothing after it")
    func firstError() async throws {
        await #expect(throws: TestSupportError.self) {
            try await TestDatabase.current.psql("select 1/0; create table after_error ()")
        }
        #expect(try await TestDatabase.current.psql("select to_regclass('after_error') is null") == "t")
    }
}
