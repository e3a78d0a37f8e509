import Migrations
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct AccessTests {
    private static let roles = ["enqueuer", "worker", "reader", "coordinator", "admin"]

    /// What each role may do, by the first letters of `roles`; everybody else is refused.
    private static let actions: [(sql: String, allowed: String)] = [
        ("select agentcorp.clock()", "ewrca"),
        ("select shard from agentcorp.shard", "ewrca"),
        ("select * from agentcorp.result_of(1)", "ewrca"),
        ("select agentcorp.enqueue('a')", "ewa"),
        ("select * from agentcorp.enqueue_many('[{\"kind\": \"a\"}]')", "ewa"),
        ("select agentcorp.enqueue_tree('{\"kind\": \"a\", \"subtasks\": [{\"kind\": \"b\"}]}')", "ewa"),
        ("select agentcorp.add_subtask(1, 'a')", "ewa"),
        ("select agentcorp.cancel(1)", "ewa"),
        ("select agentcorp.register_worker('h', 1, '1', '{default}', '{a}', 1)", "wa"),
        ("select * from agentcorp.finish_many(1, '[]')", "wa"),
        ("select agentcorp.step_get(1, 's')", "wa"),
        ("select * from agentcorp.needs_of(1)", "wa"),
        ("select agentcorp.retire_worker(1)", "wa"),
        ("select * from agentcorp.rescue()", "ca"),
        ("select * from agentcorp.promote(0::smallint)", "ca"),
        ("select agentcorp.lead('coordinator', 1, '1 s')", "ca"),
        ("select agentcorp.resign('coordinator', 1)", "ca"),
        ("select * from agentcorp.tasks", "ra"),
        ("select args from agentcorp.task", "ra"),
        ("select result from agentcorp.output", "ra"),
        ("select * from agentcorp.workers", "ra"),
        ("select * from agentcorp.queues", "ra"),
        ("select agentcorp.describe(1)", "ra"),
        ("select * from agentcorp.tree(1)", "ra"),
        ("select * from agentcorp.list_tasks()", "ra"),
        ("select * from agentcorp.history()", "ra"),
        ("select agentcorp.emit_event('t', '{}', 'k')", "ewa"),
        ("select agentcorp.list_events(), agentcorp.follow_events()", "ra"),
        ("select * from agentcorp.events, agentcorp.waits, agentcorp.subscriptions", "ra"),
        ("select * from agentcorp.expire_waits(0::smallint), agentcorp.sweep_waits(0::smallint)", "ca"),
        ("select agentcorp.subscribe('s', '**', 'a')", "a"),
        ("select agentcorp.create_queue('q')", "a"),
        ("select agentcorp.pause_queue('default')", "a"),
        ("select agentcorp.retry_many('{\"limit\": 1}')", "a"),
        ("select agentcorp.set_tenant('agentcorp_reader', null)", "a"),
        ("select * from agentcorp.bulk_begin('default', 1)", "a"),
        ("select agentcorp.take_ready(0::smallint, '{}')", "a"),
        ("insert into agentcorp.output (task_id, shard, result) values (1, 0, '1')", "a"),
        ("delete from agentcorp.ready", "a"),
        ("update agentcorp.queue set paused_at = null", "a"),
        ("update agentcorp.permission set class = 'helper' where false", "a"),
        ("truncate agentcorp.task", ""),
        ("drop table agentcorp.task", ""),
        ("create table agentcorp.mine ()", ""),
        ("create function agentcorp.mine() returns int language sql as 'select 1'", ""),
        ("select agentcorp.enable_tenant_isolation()", ""),
        ("set agentcorp.clock_offset = '1 hour'; select agentcorp.clock()", ""),
    ]

    @Test("each role may do what its work needs, and nothing else", arguments: roles)
    func table(role: String) async throws {
        let sql = try await Session.open()
        try await sql.enqueue()
        for (action, allowed) in Self.actions {
            try await sql.run("begin; set local role agentcorp_\(role)")
            if allowed.contains(role.first!) {
                try await sql.run(action)
            } else {
                try await sql.refuses(action, "42501")
            }
            try await sql.run("rollback")
        }
    }

    @Test("without a role nobody may anything: neither see the schema, nor call a function, nor read a table")
    func stranger() async throws {
        let sql = try await Session.open()
        try await sql.withRole { stranger in
            for action in Self.actions {
                try await sql.run("begin; set local role \(stranger)")
                try await sql.refuses(action.sql, "42501")
                try await sql.run("rollback")
            }
            #expect(
                try await sql.rows(
                    """
                    select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and has_function_privilege('\(stranger)', p.oid, 'execute')
                    union all select c.relname::text from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p', 'v')
                        and has_table_privilege('\(stranger)', c.oid, 'select, insert, update, delete, truncate')
                    """
                ).isEmpty)
        }
    }

    @Test("every function has a class, and every class names functions that exist")
    func classes() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select p.oid::regprocedure from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace
                and not exists (select from agentcorp.permission m where m.function_name = p.proname)
                """
            ).isEmpty, "give it a class in migrations/0020_access.sql")
        #expect(
            try await sql.rows(
                """
                select m.function_name from agentcorp.permission m
                where not exists (select from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and p.proname = m.function_name)
                """
            ).isEmpty)
    }

    @Test("what runs with the rights of its owner finds nothing that the caller has made")
    func searchPath() async throws {
        let sql = try await Session.open()
        #expect(
            try await sql.rows(
                """
                select p.oid::regprocedure from pg_proc p join agentcorp.permission m on m.function_name = p.proname where p.pronamespace = 'agentcorp'::regnamespace
                and (p.prosecdef <> (m.class in ('common', 'enqueue', 'publish', 'work', 'coordinate'))
                    or p.prosecdef and 'search_path=pg_catalog, pg_temp' <> all (coalesce(p.proconfig, '{}')))
                """
            ).isEmpty)
        try await sql.withRole("in role agentcorp_enqueuer, agentcorp_worker") { mallory in
            try await sql.run(
                """
                create schema evil authorization \(mallory);
                set role \(mallory);
                create function evil.same(text, text) returns boolean language plpgsql as
                    $$begin raise exception 'run as % by %', current_user, session_user; end$$;
                create operator evil.= (function = evil.same, leftarg = text, rightarg = text);
                create function evil.clock_timestamp() returns timestamptz language sql as 'select ''infinity''::timestamptz';
                set search_path = evil, pg_catalog;
                """)
            let task = try await sql.enqueue("'a', unique_key => 'k'")
            let worker = try await sql.worker()
            #expect(try await sql.claim(worker) == [task])
            try await sql.run("select agentcorp.finish(\(task), 1, \(worker))")
            try await sql.run("reset role; reset search_path; drop schema evil cascade")
        }
    }

    @Test("a worker needs no role but agentcorp_worker for its whole life, and adds subtasks meanwhile")
    func work() async throws {
        let owner = try await Session.open()
        let task = try await owner.enqueue("'a'")
        let sql = try await Session.open()
        try await sql.run("set role agentcorp_worker")
        let worker = try await sql.worker()
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select * from agentcorp.heartbeat(\(worker))")
        try await sql.run("select agentcorp.report_progress(\(task), 1, 0.5), agentcorp.step_put(\(task), 1, 's', '1')")
        try await sql.run("select * from agentcorp.add_subtasks(\(task), '[{\"kind\": \"a\", \"name\": \"sub\"}]')")
        try await sql.run("select agentcorp.finish(\(task), 1, \(worker), 'suspended')")
        #expect(try await sql.claim(worker) == [task + 1])
        try await sql.run(
            "select * from agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{\(task + 1)}', '{1}', '{1}')"
        )
        try await owner.settle()
        #expect(try await sql.value("select name || state from agentcorp.needs_of(\(task))") == "subcompleted")
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select agentcorp.release(0::smallint, \(worker), '{\(task)}')")
        #expect(try await sql.claim(worker) == [task])
        try await sql.run("select agentcorp.finish(\(task), 2, \(worker), output => '2')")
        try await sql.run("select agentcorp.retire_worker(\(worker))")
        #expect(try await sql.value("select state || output from agentcorp.result_of(\(task))") == "completed2")
    }

    @Test("a coordinator needs no role but agentcorp_coordinator")
    func coordinate() async throws {
        let owner = try await Session.open()
        let worker = try await owner.worker()
        let root = try await owner.tree(#"{"kind":"r","subtasks":[{"kind":"a"}]}"#)
        #expect(try await owner.claim(worker) == [root + 1])
        try await owner.run("update agentcorp.worker set beat_at = '2000-01-01'")
        let sql = try await Session.open()
        try await sql.run("set role agentcorp_coordinator")
        #expect(try await sql.value("select tasks from agentcorp.rescue()") == "1")
        let other = try await owner.worker()
        #expect(try await owner.claim(other) == [root + 1])
        try await owner.finish(root + 1, other, "'failed', retry => false")
        try await sql.settle()
        #expect(try await owner.states(root) == ["r cancelled", "a failed"])
        try await sql.run("select agentcorp.fold_counts(0::smallint)")
    }

    @Test("only the owner of the schema may shift the clock")
    func clock() async throws {
        let sql = try await Session.open(clock: "1 hour")
        #expect(try await sql.value("select agentcorp.clock() > now() + interval '59 minutes'") == "true")
        try await sql.run("set role agentcorp_worker")
        try await sql.refuses(
            "select agentcorp.register_worker('h', 1, '1', '{}', '{}', 1)", "42501", "may not shift the clock",
            hint: "reset agentcorp.clock_offset")
        try await sql.run("reset agentcorp.clock_offset; select agentcorp.clock()")
    }

    @Test("the caller is the role that was set, else the login, also where the owner's rights are used")
    func caller() async throws {
        let sql = try await Session.open()
        #expect(try await sql.value("select agentcorp.caller() = session_user") == "true")
        try await sql.run(
            "create function public.who() returns name language sql security definer as 'select agentcorp.caller()'")
        try await sql.run("set role agentcorp_reader")
        #expect(try await sql.value("select public.who()") == "agentcorp_reader")
    }
}

/// The schema in the hands of a plain role, on a server where the roles are missing and it may not create them.
@Suite(.database)
struct PlainOwnerTests {
    @Test("a plain owner installs everything; the roles are granted as soon as somebody has created them")
    func laterRoles() async throws {
        let sql = try await Session.open()
        try await sql.withRole { owner in
            func renamed(_ text: String) -> String {
                text.replacing(/agentcorp_(enqueuer|worker|reader|coordinator|admin)\b/) { "\(owner)_\($0.1)" }
            }
            let roles = ["enqueuer", "worker", "reader", "coordinator", "admin"].map { "\(owner)_\($0)" }
            try await sql.run("grant create on database \(TestDatabase.current.name) to \(owner); set role \(owner)")
            for migration in Migration.all { try await sql.run(renamed(migration.up)) }
            #expect(try await sql.enqueue() == 1)
            try await sql.refuses("select agentcorp.enable_tenant_isolation()", "42704", hint: "grant_roles")
            try await sql.run(
                "set agentcorp.clock_offset = '1 hour'; select agentcorp.clock(); reset agentcorp.clock_offset")

            try await sql.run("reset role")
            for role in roles { try await sql.run("create role \(role)") }
            try await sql.run("set role \(roles[0])")
            try await sql.refuses("select agentcorp.enqueue('a')", "42501")
            try await sql.run("set role \(owner); select agentcorp.grant_roles(); set role \(roles[0])")
            #expect(try await sql.enqueue() == 2)
            try await sql.refuses("select * from agentcorp.tasks", "42501")
            try await sql.run("set role \(roles[2])")
            #expect(try await sql.int("select count(*) from agentcorp.tasks") == 2)

            try await sql.run("set role \(owner); select agentcorp.enable_tenant_isolation(); set role \(roles[2])")
            #expect(try await sql.int("select count(*) from agentcorp.task") == 0)
            try await sql.run("set role \(owner)")
            for migration in Migration.all.reversed() { try await sql.run(renamed(migration.down)) }
            try await sql.run("reset role; drop owned by \(owner)")
            // Nothing of this database holds the roles back.
            for role in roles { try await sql.run("drop role \(role)") }
        }
    }
}
