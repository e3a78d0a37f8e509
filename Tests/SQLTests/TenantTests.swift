import Postgres
import TestSupport
import Testing

/// Two tenants in one database, each with a login that produces and reads; both try to get at the other's tasks.
@Suite(.checkedDatabase)
struct TenantTests {
    /// A session as the owner, and the roles of the tenants `acme` and `zeta`.
    private func isolated(_ body: (Session, String, String) async throws -> Void) async throws {
        let sql = try await Session.open()
        try await sql.withRole("in role agentcorp_enqueuer, agentcorp_reader") { acme in
            try await sql.withRole("in role agentcorp_enqueuer, agentcorp_reader") { zeta in
                try await sql.run(
                    "select agentcorp.set_tenant('\(acme)', 'acme'), agentcorp.set_tenant('\(zeta)', 'zeta')")
                try await sql.run("select agentcorp.enable_tenant_isolation()")
                try await body(sql, acme, zeta)
            }
        }
    }

    @Test("a tenant's tasks carry its name, its subtasks too, and nobody can add tasks for another")
    func adding() async throws {
        try await isolated { sql, acme, _ in
            try await sql.run("set role \(acme)")
            let task = try await sql.enqueue()
            try await sql.tree(#"{"kind":"r","subtasks":[{"kind":"a"},{"kind":"b"}]}"#)
            try await sql.run("select agentcorp.enqueue_many('[{\"kind\": \"a\"}]')")
            try await sql.run(
                "select agentcorp.add_subtask(\(task), 'a'), agentcorp.add_complex_task('x', '[{\"kind\": \"a\"}]')")
            try await sql.refuses(
                "select agentcorp.enqueue('a', tenant => 'zeta')", "42501", "tenant \"zeta\"", hint: "acme")
            try await sql.refuses(
                "select agentcorp.enqueue_many('[{\"kind\": \"a\", \"tenant\": \"zeta\"}]')", "42501", "tenant \"zeta\""
            )
            try await sql.refuses(
                "select agentcorp.enqueue_tree('{\"kind\": \"a\", \"subtasks\": [{\"kind\": \"b\", \"tenant\": \"zeta\"}]}')",
                "42501")
            try await sql.run("reset role")
            #expect(try await sql.rows("select distinct tenant from agentcorp.task") == ["acme"])
            // A worker serves all; what it adds below a task belongs to the task's tenant.
            try await sql.run("set role agentcorp_worker")
            try await sql.run("select agentcorp.add_subtask(\(task), 'below', name => 'below')")
            try await sql.enqueue("'free'")
            try await sql.run("reset role")
            #expect(
                try await sql.rows(
                    "select coalesce(tenant, 'none') from agentcorp.task where kind in ('below', 'free') order by id")
                    == ["acme", "none"])
        }
    }

    @Test("another tenant's tasks are unknown: by id, by name, by key, as parent, as need, in every table and view")
    func leaks() async throws {
        try await isolated { sql, acme, zeta in
            try await sql.run("set role \(zeta)")
            let secret = try await sql.tree(
                #"{"kind":"secret","name":"secret","args":{"a":"secret"},"tags":["secret"],"subtasks":[{"kind":"secret"},{"kind":"secret"}]}"#
            )
            try await sql.enqueue("'secret', unique_key => 'key'")
            try await sql.run("reset role")
            // Theirs stand everywhere: claimed together with acme's, failed, finished with an output, with steps and progress.
            try await sql.run("set role \(acme)")
            let own = try await sql.enqueue("'own'")
            let held = try await sql.enqueue("'own', unique_key => 'key'")
            try await sql.run("reset role")
            let worker = try await sql.worker()
            #expect(try await sql.claim(worker, 5).count == 5)
            try await sql.run(
                "select agentcorp.step_put(\(secret + 1), 1, 'secret', '\"secret\"'), agentcorp.report_progress(\(secret + 1), 1, 0.5, 'secret')"
            )
            try await sql.finish(secret + 1, worker, "'completed', '\"secret\"'")
            try await sql.finish(secret + 2, worker, "'failed', error => '{\"message\": \"secret\"}', retry => false")

            try await sql.run("set role \(acme)")
            let ids = (secret...secret + 3).map { "\($0)" }.joined(separator: ",")
            let relations = try await sql.rows(
                "select relname from pg_class where relnamespace = 'agentcorp'::regnamespace and relkind in ('r', 'p', 'v')"
            )
            #expect(relations.count >= 25)
            for relation in relations where !["shard", "queue", "migration"].contains(relation) {
                let shown = try await sql.rows(
                    """
                    select x::text from agentcorp.\(relation) x where x::text ~ 'secret|zeta' or exists (select from jsonb_each(to_jsonb(x)) f
                        where f.key in ('id', 'task_id', 'needs_id', 'parent_id', 'root_id', 'task_ids') and f.value <@ '[\(ids)]')
                    """)
                #expect(shown.isEmpty, "\(relation)")
            }
            #expect(try await sql.ints("select id from agentcorp.list_tasks() order by id") == [own, held])
            #expect(try await sql.ints("select id from agentcorp.list_tasks('running') order by id") == [own, held])
            #expect(try await sql.ints("select id from agentcorp.list_tasks('failed')").isEmpty)
            #expect(try await sql.rows("select * from agentcorp.history()").isEmpty)
            #expect(
                try await sql.rows(
                    "select state, attempt, worker_id, error from agentcorp.states(0::smallint, array[\(secret + 1)]::bigint[])"
                )
                    == sql.rows(
                        "select state, attempt, worker_id, error from agentcorp.states(0::smallint, array[424242]::bigint[])"
                    ))
            for call in [
                "agentcorp.tree(\(secret))", "agentcorp.describe(\(secret))", "agentcorp.result_of(\(secret))",
                "agentcorp.cancel(\(secret))",
                "agentcorp.add_subtask(\(secret), 'a')", "agentcorp.add_subtasks(\(secret), '[{\"kind\": \"a\"}]')",
                "agentcorp.enqueue('a', parent_id => \(secret))", "agentcorp.enqueue('a', needs => '{\(secret)}')",
                "agentcorp.enqueue_many('[{\"kind\": \"a\", \"needs\": [\(secret)]}]')",
                "agentcorp.enqueue_tree('{\"kind\": \"a\"}', parent_id => \(secret))",
                "agentcorp.add_dependency(\(secret), \(own))", "agentcorp.add_dependency(\(own), \(secret))",
            ] {
                // Word for word what is said of a task that does not exist.
                let known = try await sql.error("select \(call)")
                let unknown = try await sql.error("select \(call.replacing("\(secret)", with: "424242"))")
                #expect(known.sqlState == "AC001", "\(call): \(known)")
                #expect(known.message.replacing("\(secret)", with: "424242") == unknown.message, "\(call)")
            }
            #expect(try await sql.enqueue("'own', unique_key => 'key'") == held)
            #expect(try await sql.value("select state from agentcorp.result_of(\(own))") == "running")
        }
    }

    @Test("whose role has no tenant sees nothing and adds nothing; admins and workers serve all")
    func unmapped() async throws {
        try await isolated { sql, acme, _ in
            try await sql.run("set role \(acme)")
            let task = try await sql.enqueue()
            try await sql.run("reset role; select agentcorp.set_tenant('\(acme)', null); set role \(acme)")
            #expect(try await sql.rows("select id from agentcorp.task").isEmpty)
            for call in [
                "agentcorp.enqueue('a')", "agentcorp.cancel(\(task))", "agentcorp.result_of(\(task))",
                "agentcorp.enqueue_tree('{\"kind\": \"a\"}')",
            ] {
                try await sql.refuses("select \(call)", "42501", "belongs to no tenant", hint: "agentcorp.set_tenant")
            }
            // A setting is no way in.
            try await sql.run("set agentcorp.tenant = 'acme'")
            #expect(try await sql.rows("select id from agentcorp.task").isEmpty)
            try await sql.run("set role agentcorp_admin")
            #expect(try await sql.ints("select id from agentcorp.tasks") == [task])
            #expect(try await sql.int("select agentcorp.cancel(\(task))") == 1)
            #expect(try await sql.int("select agentcorp.retry(\(task))") == 1)
            try await sql.run("set role agentcorp_worker")
            let worker = try await sql.worker()
            #expect(try await sql.claim(worker) == [task])
            try await sql.run("select agentcorp.finish(\(task), 2, \(worker)); reset role")
            try await sql.run("select agentcorp.disable_tenant_isolation(); set role \(acme)")
            #expect(try await sql.value("select state from agentcorp.tasks") == "completed")
            try await sql.enqueue("'a', tenant => 'whoever'")
        }
    }

    @Test("every function that enqueuers may call asks whose tasks it touches")
    func confined() async throws {
        let sql = try await Session.open()
        // Those that leave the question to the function that they call, and those that touch no task.
        let others =
            "add_complex_task,add_subtask,add_subtasks,ask,enqueue_many,enqueue_tree,own_tenant,pick_agent,run_plan,start_plan,"
            + "run_evaluation,unhandled_kinds"
        #expect(
            try await sql.rows(
                """
                select p.oid::regprocedure from pg_proc p join agentcorp.permission m on m.function_name = p.proname
                where p.pronamespace = 'agentcorp'::regnamespace and m.class in ('common', 'enqueue') and p.prosrc !~ 'agentcorp\\.confine\\('
                and p.proname <> all ('{\(others)}')
                """
            ).isEmpty, "call agentcorp.confine first, or give it the class publish")
    }

    @Test("a tenant's name is checked, and so is the role")
    func names() async throws {
        let sql = try await Session.open()
        for tenant in ["", "a/b", "a\u{1}", String(repeating: "x", count: 201)] {
            try await sql.refuses("select agentcorp.set_tenant('agentcorp_reader', '\(tenant)')", "AC007", "not valid")
        }
        try await sql.refuses("select agentcorp.set_tenant('nobody_of_that_name', 'a')", "AC007", hint: "create role")
        try await sql.run("select agentcorp.set_tenant('agentcorp_reader', 'it''s')")
        #expect(try await sql.value("select agentcorp.tenant_of('agentcorp_reader')") == "it's")
    }

    @Test("a migration that comes after the isolation is covered by it")
    func later() async throws {
        try await isolated { sql, acme, _ in
            try await sql.run(
                """
                create table agentcorp.note (task_id bigint not null, shard smallint not null, text text, primary key (task_id, shard));
                comment on table agentcorp.note is 'x';
                create table agentcorp.loose (text text);
                insert into agentcorp.note values (1, 0, 'secret');
                insert into agentcorp.loose values ('secret');
                select agentcorp.grant_roles();
                """)
            try await sql.run("set role \(acme)")
            #expect(try await sql.rows("select * from agentcorp.note").isEmpty)
            #expect(try await sql.rows("select * from agentcorp.loose").isEmpty)
            try await sql.run("reset role")
        }
    }
}
