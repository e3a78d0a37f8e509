import Migrations
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct CatalogueTests {
    private static let local = """
        'shard', 'queue', 'worker', 'leader', 'catalogue', 'limit_rule', 'tenant_weight', 'permission', 'tenant_role', \
        'subscription', 'plan_trigger', 'hook', 'redrive', 'retention', 'agent', 'agent_version', 'approval_rule', 'plan', 'plan_version'
        """
    private static let trees = """
        (select c.oid, c.relname from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') \
        and c.relname not in (\(local)) and c.relname not like '%migration%')
        """

    @Test("every table of a tree carries its shard, in every primary key and unique index too")
    func shards() async throws {
        let sql = try await Session.open()
        #expect(try await sql.int("select count(*) from \(Self.trees) t") >= 14)
        #expect(
            try await sql.rows(
                """
                select t.relname from \(Self.trees) t where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'shard'
                    and a.attnotnull and a.atttypid = 'smallint'::regtype)
                """
            ).isEmpty)
        #expect(
            try await sql.rows(
                """
                select i.indexrelid::regclass from \(Self.trees) t join pg_index i on i.indrelid = t.oid and i.indisunique
                where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'shard' and a.attnum = any (i.indkey::int2[]))
                """
            ).isEmpty)
    }

    @Test("no table of a tree has an identity column, a trigger or a foreign key")
    func plainTables() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select t.relname, a.attname from \(Self.trees) t join pg_attribute a on a.attrelid = t.oid where a.attidentity <> ''
                union all select t.relname, g.tgname from \(Self.trees) t join pg_trigger g on g.tgrelid = t.oid
                union all select t.relname, k.conname from \(Self.trees) t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
                """
            ).isEmpty)
    }

    @Test("everything has a comment")
    func comments() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select p.oid::regprocedure from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and obj_description(p.oid, 'pg_proc') is null
                """
            ).isEmpty)
        #expect(
            try await sql.rows(
                """
                select c.relname from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'v') and c.relname <> 'migration' and obj_description(c.oid, 'pg_class') is null
                """
            ).isEmpty)
    }

    @Test("what runs in the hot path carries its own planner settings")
    func settings() async throws {
        let sql = try await Session.open()
        for function in [
            "work", "finish_others", "hold", "make_ready", "move_counts", "take_ready", "end_tasks", "publish_ends",
            "release", "close_claims", "finish_many",
            "settle_blocked", "resolve_ends", "promote", "heartbeat", "rescue", "cancel_trees", "retry",
            "retry_alone", "matching_tasks", "prune_trees", "take_trees", "delete_tasks",
        ] {
            #expect(
                try await sql.value(
                    "select 'enable_seqscan=off' = any (p.proconfig) from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and p.proname = '\(function)'"
                )
                    == "true", "\(function)")
        }
    }

    @Test("each migration can be taken back, one by one, with data in the tables, and be applied again")
    func downs() async throws {
        let sql = try await Session.open()
        let objects = """
            select format('%s %s', o.classid::regclass, pg_describe_object(o.classid, o.objid, 0)) from (
                select 'pg_class'::regclass classid, c.oid objid from pg_class c where c.relnamespace = 'agentcorp'::regnamespace
                union all select 'pg_proc'::regclass, p.oid from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace
                union all select 'pg_type'::regclass, t.oid from pg_type t where t.typnamespace = 'agentcorp'::regnamespace and t.typrelid = 0 and t.typelem = 0) o
            where pg_describe_object(o.classid, o.objid, 0) not like '%migration%' order by 1
            """
        let worker = try await sql.worker()
        let root = try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a"},{"kind":"b","run_at":"2100-01-01"}]}"#)
        #expect(try await sql.claim(worker) == [root + 1])
        try await sql.finish(root + 1, worker, "'completed', '1'")
        let before = try await sql.rows(objects)
        #expect(before.count > 100)
        for migration in Migration.all.reversed() { try await sql.run(migration.down) }
        #expect(try await sql.rows(objects).isEmpty)
        #expect(try await sql.int("select count(*) from pg_namespace where nspname = 'agentcorp'") == 1)
        for migration in Migration.all { try await sql.run(migration.up) }
        #expect(try await sql.rows(objects) == before)
        #expect(try await sql.enqueue() == 1)
    }
}
