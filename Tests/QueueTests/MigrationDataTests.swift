import Migrations
import Postgres
import Queue
import TestSupport
import Testing

/// Every migration is taken back, and applied again, while there are rows in every table.
@Suite struct MigrationDataTests {
    /// A life of some tasks, and then a row of invented values in each table that is still empty.
    private static let data = """
        select worker as worker from agentcorp.register_worker('host', 1, '1', '{default}', '{a}', 10) \\gset
        select agentcorp.enqueue('a', unique_key => 'once', args => '{"x": 1}', tags => '{t}');
        select agentcorp.enqueue('a', run_at => now() + interval '1 hour');
        select agentcorp.enqueue_tree('{"kind": "a", "name": "r", "subtasks": [{"kind": "a", "name": "x"}, {"kind": "a", "needs": ["x"]}]}');
        select task_id as task, attempt from agentcorp.claim(:worker) \\gset
        select agentcorp.step_put(:task, :attempt, 's', '1');
        select agentcorp.report_progress(:task, :attempt, 0.5, 'half');
        select agentcorp.finish(:task, :attempt, :worker, output => '{"y": 2}');
        select task_id from agentcorp.claim(:worker);
        select agentcorp.set_schedule('nightly', '@daily', 'a');
        select agentcorp.set_limit(key => 'k', rate => 1);
        select agentcorp.memory_set('global', '', 'k', '1');
        select agentcorp.put_agent('w', '{"model": "m"}');
        select agentcorp.ask('w', 'hello', session => 's') as asked \\gset
        select agentcorp.admit(0::smallint);
        select task_id from agentcorp.claim(:worker, 'default', 10);
        select agentcorp.begin_run(:asked, 1, 'w', 1, '[{"text": "hello"}]', 's');
        select agentcorp.commit_turn(:asked, 1, 1, 'p', 'm', 'tool_calls', '\\x00', '{"text": "so"}', '[{"id": "a", "tool": "t", "effect": "once", "state": "planned", "args": {}}]', 1, 1, 0, 0, 0, 0.1, '1 s');
        select agentcorp.request_approval(:asked, 1, 1, 0, 'policy', 'may it?', '{approve}');
        select agentcorp.put_plan('p', '{"on": [{"topic": "a.b"}], "tasks": {"t": {"kind": "noop"}}}');
        insert into agentcorp.ballot (task_id, created_at, round, voter, shard, weight, agent, state, labels) values (1, now(), 1, 1, 0, 1, 'w', 'abstained', '{}');
        select agentcorp.add_approval_rule('approve', 't');
        do $$
        declare
            v_table regclass;
            v_rows bigint;
        begin
            for v_table in select c.oid from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition loop
                execute format('select count(*) from (select from %s limit 1) x', v_table) into v_rows;
                if v_rows = 0 then
                    execute format('insert into %s (%s) values (%s)', v_table,
                        (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''),
                        (select string_agg(case when a.attname = 'shard' then '0' when t.typcategory = 'A' then quote_literal('{}') when t.typcategory = 'N' then '1'
                                when t.typcategory = 'B' then 'false' when t.typcategory = 'D' then 'now()' when t.typcategory = 'T' then quote_literal('1 second')
                                when t.typname in ('json', 'jsonb') then quote_literal('{}') when t.typname = 'xid8' then quote_literal('1')
                                when t.typname = 'pg_snapshot' then quote_literal('1:1:') else quote_literal('a') end, ', ' order by a.attnum)
                            from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''));
                end if;
            end loop;
        end $$;
        """

    private static let counts = """
        select c.relname || ' ' || (xpath('/row/n/text()', query_to_xml(format('select count(*) n from %s', c.oid::regclass), false, true, '')))[1]
        from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') and c.relname not in ('migration', 'catalogue', 'permission') order by 1
        """

    @Test("each migration is taken back and applied again with data in all tables, which the others keep", .database)
    func steps() async throws {
        let database = TestDatabase.current
        try await database.withPool { pool in
            let migrator = Migrator(pool)
            try await migrator.up()
            try await database.psql(Self.data)
            let full = try await database.psql(Self.counts)
            #expect(!full.contains(" 0\n") && !full.hasSuffix(" 0"), "\(full)")
            for migration in Migration.all.reversed() {
                #expect(try await migrator.down(to: migration.version - 1).map(\.version) == [migration.version])
                let without = try await database.psql(Self.counts)
                #expect(try await migrator.up(to: migration.version).map(\.version) == [migration.version])
                let again = Set(try await database.psql(Self.counts).split(separator: "\n"))
                #expect(again.isSuperset(of: without.split(separator: "\n")), "\(migration.name)")
                #expect(try await migrator.down(to: migration.version - 1).count == 1)
                #expect(try await database.psql(Self.counts) == without, "\(migration.name)")
            }
            #expect(try await database.psql(Self.counts).isEmpty)
            #expect(try await migrator.up().count == Migrator.target)
        }
    }
}
