import Glibc
import Migrations
import Queue
import TestSupport
import Testing

/// The previous release goes on working while the schema is one version ahead of it.
@Suite struct UpgradeTests {
    /// What a next release may do: add a column, a table, and a parameter that has a default.
    private static let next = Migration(
        Migrator.target + 1, "next",
        Array(
            """
            alter table agentcorp.task add column colour text;
            alter table agentcorp.queue add column colour text not null default 'red';
            create table agentcorp.colour (shard smallint not null, name text not null, primary key (name, shard));
            comment on table agentcorp.colour is 'A colour';
            do $$
            declare
                v_old text := pg_get_functiondef('agentcorp.register_worker'::regproc);
            begin
                drop function agentcorp.register_worker;
                execute replace(v_old, 'concurrency integer, OUT', 'concurrency integer, colour text default ''red'', OUT');
                comment on function agentcorp.register_worker is 'As before, with a colour';
            end $$;
            """.utf8), [])

    @Test("worker, coordinator and commands of this release work one schema version ahead", .migratedDatabase)
    func ahead() async throws {
        let before = try Agentcorp.start(["worker"])
        try await waitUntil("the first worker") { before.errors.contains("worker started") }
        try await TestDatabase.current.withPool { pool in
            let applied = try await Migrator(pool, migrations: Migration.all + [Self.next]).up()
            #expect(applied.count == 1)
        }
        let worker = try Agentcorp.start(["worker"])
        let coordinator = try Agentcorp.start(["coordinator"])
        try await waitUntil("the second worker") { worker.errors.contains("worker started") }
        let tree = #"{"kind": "noop", "subtasks": [{"kind": "noop", "name": "a"}, {"kind": "noop", "needs": ["a"]}]}"#
        #expect(try await Agentcorp.run(["run", "-"], input: tree).status == 0)
        #expect(try await Agentcorp.run("enqueue", "noop", "--in", "1s", "--wait").status == 0)
        #expect(try await Agentcorp.run("doctor").output.contains("one ahead"))
        for command in [["up"], ["down", "--to", "0", "--yes"]] {
            let result = try await Agentcorp.run(["migrate"] + command)
            #expect(result.status == 4)
            #expect(result.errors.contains("Use a newer agentcorp"))
        }
        let status = try await Agentcorp.run("migrate", "status")
        #expect(status.status == 0)
        #expect(status.output.contains("unknown"))
        for process in [before, worker, coordinator] {
            process.signal(SIGTERM)
            let result = try await process.waitForExit()
            #expect(result.status == 0)
            #expect(!result.errors.contains(" error ") && !result.errors.contains(" warning "), "\(result.errors)")
        }
    }
}
