internal import Postgres

/// The limit: tables like the engine's own with only the writes that no durable queue with history can do without.
///
/// A body and a ready row per task, then the ready row's end and one attempt: no claims, no counters, no fence checks,
/// no wake-ups. Finishing a batch and claiming the next is one statement, and so one commit.
enum RawTables {
    /// The statements that make them; the hot table is vacuumed as often as the engine's.
    static let schema = """
        create schema raw;
        create table raw.task (like agentcorp.task including all);
        create sequence raw.task_id;
        create table raw.ready (like agentcorp.ready including all)
            with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
        create table raw.attempt (like agentcorp.attempt including all) with (autovacuum_vacuum_insert_scale_factor = 0.2);
        create table raw.next (task_id bigint primary key, next_id bigint not null);
        create table raw.gate (task_id bigint primary key);
        create table raw.counter (remaining bigint not null);
        insert into raw.counter values (0);
        """

    static let truncation = "truncate raw.task, raw.ready, raw.attempt, raw.next, raw.gate"

    /// Without these the planner may scan whole tables while they have no statistics.
    static let settings =
        "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off"

    /// One body and its ready row. $1: args.
    static let enqueue = """
        with i as materialized (select nextval('raw.task_id') id),
        t as (insert into raw.task (id, root_id, created_at, queue_id, kind, args)
            select id, id, now(), 1, 'noop', $1::jsonb from i)
        insert into raw.ready (seq, task_id, queue_id, priority, shard, attempt)
            select (extract(epoch from clock_timestamp()) * 1000000)::bigint, id, 1, 4, 0, 1 from i
        """

    /// The same, telling whoever listens. $1: args. Returns the task.
    static let enqueueAndNotify = """
        with i as materialized (select nextval('raw.task_id') id),
        t as (insert into raw.task (id, root_id, created_at, queue_id, kind, args)
            select id, id, now(), 1, 'noop', $1::jsonb from i),
        r as (insert into raw.ready (seq, task_id, queue_id, priority, shard, attempt)
            select (extract(epoch from clock_timestamp()) * 1000000)::bigint, id, 1, 4, 0, 1 from i)
        select id, pg_notify('raw', '') from i
        """

    /// The same for an array of bodies. $1: an array of args; $2: how many priorities they take turns at.
    static let enqueueMany = """
        with i as materialized (select nextval('raw.task_id') id, a, case $2::int when 1 then 4 else (n % $2::int)::smallint end p
            from unnest($1::jsonb[]) with ordinality u(a, n)),
        t as (insert into raw.task (id, root_id, created_at, queue_id, priority, kind, args)
            select id, id, now(), 1, p, 'noop', a from i)
        insert into raw.ready (seq, task_id, queue_id, priority, shard, attempt)
            select (extract(epoch from now()) * 1000000)::bigint + id, id, 1, p, 0, 1 from i
        """

    /// Bodies that need each other in their order, the first of them ready. $1: an array of args.
    static let enqueueChain = """
        with i as materialized (select nextval('raw.task_id') id, a from unnest($1::jsonb[]) u(a)),
        t as (insert into raw.task (id, root_id, created_at, queue_id, kind, args) select id, id, now(), 1, 'noop', a from i),
        n as (insert into raw.next (task_id, next_id) select id, id + 1 from i where id < (select max(id) from i)),
        g as (insert into raw.gate (task_id) select id from i where id > (select min(id) from i))
        insert into raw.ready (seq, task_id, queue_id, priority, shard, attempt) select 1, min(id), 1, 4, 0, 1 from i
        """

    /// Finishes a batch and claims the next. $1: how many to claim; $2, $3: tasks and attempts that have ended.
    static let work = working("")

    /// The same with subtasks of one parent: counts those that have ended.
    static let workAndCount = working(
        "c as (update raw.counter set remaining = remaining - cardinality($2::bigint[]) where cardinality($2::bigint[]) > 0),"
    )

    /// $1: how many subtasks there are.
    static let setCounter = "update raw.counter set remaining = $1::bigint"

    private static func working(_ more: String) -> String {
        """
        with \(more) f as (insert into raw.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
            select t, now(), 1, 0, a, 1, 0 from unnest($2::bigint[], $3::smallint[]) u(t, a)),
        d as (delete from raw.ready where ctid = any (array(
            select ctid from raw.ready where queue_id = 1 and shard = 0 order by priority, seq, task_id limit $1::int for update skip locked))
            returning task_id, attempt)
        select t.id, d.attempt, t.kind, t.args, t.policy from d
            cross join lateral (select id, kind, args, policy from raw.task t where t.id = d.task_id and t.shard = 0 offset 0) t
        """
    }

    /// Finishes one task of a chain, makes the next ready, and tells whoever listens. $1: the task.
    static let finishAndNotify = """
        with f as (insert into raw.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
            values ($1::bigint, now(), 1, 0, 1, 1, 0)),
        n as materialized (select next_id from raw.next where task_id = $1::bigint),
        g as (delete from raw.gate where task_id = (select next_id from n)),
        r as (insert into raw.ready (seq, task_id, queue_id, priority, shard, attempt)
            select (extract(epoch from clock_timestamp()) * 1000000)::bigint, next_id, 1, 4, 0, 1 from n)
        select pg_notify('raw', '') from n
        """

    /// Finishes one task of a chain and takes the next in the same commit. $1: the task.
    static let finishAndTakeNext = """
        with f as (insert into raw.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
            values ($1::bigint, now(), 1, 0, 1, 1, 0)),
        g as (delete from raw.gate where task_id = (select next_id from raw.next where task_id = $1::bigint) returning task_id)
        select t.id, 1, t.kind, t.args, t.policy from g
            cross join lateral (select id, kind, args, policy from raw.task t where t.id = g.task_id and t.shard = 0 offset 0) t
        """
}
