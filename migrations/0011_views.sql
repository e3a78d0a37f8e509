-- For people: views and functions to look at what there is. None counts a big table.

-- It reads with the rights of its owner, because a claim holds tasks of several tenants: this line shows each what is theirs.
create view agentcorp.claimed with (security_barrier = true) as
select u.t task_id, u.a attempt, c.claimed_at, c.worker_id, c.shard
from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
where (select agentcorp.bound_tenant()) is null or exists (
    select from agentcorp.task t where t.id = u.t and t.shard = c.shard and t.tenant = (select agentcorp.bound_tenant()));
comment on view agentcorp.claimed is 'The tasks in the claims of workers; those that have an attempt row of that number run no more';

create view agentcorp.tasks as
select t.id, t.parent_id, t.root_id, t.depth, t.name, t.kind, q.name queue, t.priority, s.state, s.attempt, t.max_attempts, t.tags,
    t.created_at, s.run_at, s.started_at, s.finished_at, s.worker_id, s.error, t.args, o.result output,
    t.concurrency_key, t.ordered_key, t.tenant
from (
    select r.task_id, r.shard, 'ready' state, r.attempt, null::timestamptz run_at, null::timestamptz started_at, null::timestamptz finished_at,
        null::bigint worker_id, null::jsonb error from agentcorp.ready r
    union all select q.task_id, q.shard, 'queued', q.attempt, null, null, null, null, null from agentcorp.queued q
    union all select s.task_id, s.shard, 'scheduled', s.attempt, s.run_at, null, null, null, null from agentcorp.scheduled s
    union all select b.task_id, b.shard, 'blocked', b.attempt, b.run_at, null, null, null, null from agentcorp.blocked b where b.phase = 0
    union all select b.task_id, b.shard, 'waiting', b.attempt, null, null, null, null, null from agentcorp.blocked b where b.phase in (2, 3, 4, 5)
    union all select c.task_id, c.shard, 'running', c.attempt, null, c.claimed_at, null, c.worker_id, null
        from agentcorp.claimed c
        where not exists (select from agentcorp.attempt x where x.task_id = c.task_id and x.attempt = c.attempt and x.shard = c.shard)
    union all select a.task_id, a.shard, 'completed', a.attempt, null, a.finished_at - a.ran_ms * interval '1 millisecond', a.finished_at, a.worker_id, a.error
        from agentcorp.attempt a where a.outcome = 1
    union all select a.task_id, a.shard, 'failed', a.attempt, null, a.finished_at - a.ran_ms * interval '1 millisecond', a.finished_at, a.worker_id, a.error
        from agentcorp.attempt a where a.outcome = 2
    union all select a.task_id, a.shard, 'cancelled', a.attempt, null, null, a.finished_at, a.worker_id, a.error from agentcorp.attempt a where a.outcome = 3
    union all select a.task_id, a.shard, 'skipped', a.attempt, null, null, a.finished_at, a.worker_id, a.error from agentcorp.attempt a where a.outcome = 4
) s
join agentcorp.task t on t.id = s.task_id and t.shard = s.shard
join agentcorp.queue q on q.id = t.queue_id
left join agentcorp.output o on o.task_id = s.task_id and o.shard = s.shard;
comment on view agentcorp.tasks is 'One row per task with its state: blocked, scheduled, queued, ready, running, waiting, completed, failed, cancelled or skipped. Fast where state is given';

create view agentcorp.attempts as
select a.task_id, a.attempt, agentcorp.outcome_name(a.outcome) outcome, a.finished_at - a.ran_ms * interval '1 millisecond' started_at, a.finished_at,
    a.ran_ms, a.worker_id, w.host, w.pid, a.error
from agentcorp.attempt a left join agentcorp.worker w on w.id = a.worker_id where a.outcome > 0;
comment on view agentcorp.attempts is 'Every finished execution of every task';

create view agentcorp.dependencies as
select distinct d.task_id, d.needs_id, coalesce(n.name, n.kind) needs, n.parent_id is not distinct from d.task_id as is_subtask
from agentcorp.dependency d join agentcorp.task n on n.id = d.needs_id and n.shard = d.shard;
comment on view agentcorp.dependencies is 'Which task needs which; is_subtask tells the edge from a parent to its subtask';

create view agentcorp.workers as
select w.id, w.host, w.pid, w.version, w.queues, w.concurrency, w.kinds,
    case when w.lost then 'lost' when w.stopped_at is not null then 'stopped' when w.beat_at < agentcorp.clock() - interval '15 seconds' then 'silent' else 'alive' end state,
    w.started_at, w.beat_at, w.stopped_at,
    (select count(*) from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a) where c.worker_id = w.id
        and not exists (select from agentcorp.attempt x where x.task_id = u.t and x.attempt = u.a and x.shard = c.shard)) holding
from agentcorp.worker w;
comment on view agentcorp.workers is 'Worker processes; holding counts the tasks that each runs or has claimed';

create view agentcorp.queues as
select q.name, q.paused_at, c.ready, c.queued, c.scheduled, c.blocked, c.running, c.completed, c.failed, c.cancelled, c.skipped,
    agentcorp.clock() - to_timestamp(o.seq / 1000000.0) oldest_ready,
    (select count(*) from agentcorp.worker w where w.stopped_at is null and q.name = any (w.queues)) workers
from agentcorp.queue q
cross join lateral (
    select coalesce(sum(x.ready), 0) ready, coalesce(sum(x.queued), 0) queued, coalesce(sum(x.scheduled), 0) scheduled, coalesce(sum(x.blocked), 0) blocked, coalesce(sum(x.running), 0) running,
        coalesce(sum(x.completed), 0) completed, coalesce(sum(x.failed), 0) failed, coalesce(sum(x.cancelled), 0) cancelled, coalesce(sum(x.skipped), 0) skipped
    from (select c.ready, c.queued, c.scheduled, c.blocked, c.running, c.completed, c.failed, c.cancelled, c.skipped from agentcorp.counter c where c.queue_id = q.id
        union all select d.ready, d.queued, d.scheduled, d.blocked, d.running, d.completed, d.failed, d.cancelled, d.skipped from agentcorp.count_delta d where d.queue_id = q.id) x) c
cross join lateral (
    select min(m.seq) seq from agentcorp.shard s cross join generate_series(0, 9) p
    cross join lateral (select r.seq from agentcorp.ready r where r.queue_id = q.id and r.priority = p and r.shard = s.shard order by r.seq limit 1) m) o;
comment on view agentcorp.queues is 'Queues with their depths (from counters) and the age of the oldest ready task';

create function agentcorp.states(p_shard smallint, p_ids bigint[])
returns table (task_id bigint, state text, attempt smallint, run_at timestamptz, started_at timestamptz, finished_at timestamptz, ran_ms real, worker_id bigint, error jsonb)
language plpgsql stable set jit = off as $$
#variable_conflict use_column
begin
    return query
    select i, case when l.outcome between 1 and 4 then agentcorp.outcome_name(l.outcome) when b.phase in (2, 3, 4, 5) then 'waiting' when b.phase = 0 then 'blocked'
            when s.task_id is not null then 'scheduled' when c.claimed_at is not null then 'running' when q.task_id is not null then 'queued' else 'ready' end,
        case when l.outcome between 1 and 4 then l.attempt else (coalesce(l.attempt, 0) + 1)::smallint end,
        coalesce(s.run_at, b.run_at), case when l.outcome between 1 and 4 then l.finished_at - l.ran_ms * interval '1 millisecond' else c.claimed_at end,
        case when l.outcome between 1 and 4 then l.finished_at end, l.ran_ms, coalesce(c.worker_id, l.worker_id), case when l.outcome <> 14 then l.error end
    from unnest(p_ids) i
    left join lateral (select a.* from agentcorp.attempt a where a.shard = p_shard and a.task_id = i order by a.attempt desc limit 1) l on true
    left join agentcorp.blocked b on b.shard = p_shard and b.task_id = i
    left join agentcorp.scheduled s on s.shard = p_shard and s.task_id = i
    left join agentcorp.queued q on q.shard = p_shard and q.task_id = i
    left join agentcorp.claimed c on c.shard = p_shard and c.task_id = i and c.attempt = coalesce(l.attempt, 0) + 1;
end $$;
comment on function agentcorp.states is 'The states of given tasks; error is that of the latest attempt, also when another follows';

create function agentcorp.tree(root_id bigint)
returns table (task text, id bigint, parent_id bigint, depth int, kind text, state text, attempt smallint, duration interval, error text) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(root_id);
begin
    perform 1 from agentcorp.task t where t.id = tree.root_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', root_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    return query
    with recursive node as (
        select t.id, t.parent_id, t.name, t.kind, 0 level, array[t.id] path from agentcorp.task t where t.id = tree.root_id and t.shard = v_shard
        union all
        select t.id, t.parent_id, t.name, t.kind, node.level + 1, node.path || t.id from node
        cross join lateral (select * from agentcorp.task t where t.parent_id = node.id and t.shard = v_shard offset 0) t
    )
    select repeat('  ', node.level) || coalesce(node.name, node.kind), node.id, node.parent_id, node.level, node.kind, s.state, s.attempt,
        case when s.finished_at is not null then make_interval(secs => s.ran_ms / 1000.0) when s.started_at is not null then agentcorp.clock() - s.started_at end,
        s.error ->> 'message'
    from node join agentcorp.states(v_shard, (select array_agg(n.id) from node n)) s on s.task_id = node.id order by node.path;
end $$;
comment on function agentcorp.tree is 'A task and all below it, indented, with state and duration';

create function agentcorp.describe(task_id bigint) returns jsonb language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_task jsonb;
begin
    select jsonb_strip_nulls(jsonb_build_object('id', t.id, 'parent_id', t.parent_id, 'root_id', t.root_id, 'depth', t.depth, 'name', t.name, 'kind', t.kind,
            'queue', q.name, 'priority', t.priority, 'state', s.state, 'attempt', s.attempt, 'max_attempts', t.max_attempts, 'tags', t.tags, 'policy', nullif(t.policy - 'forked_from', '{}'),
            'concurrency_key', t.concurrency_key, 'ordered_key', t.ordered_key, 'tenant', t.tenant,
            'created_at', t.created_at, 'run_at', s.run_at, 'started_at', s.started_at, 'finished_at', s.finished_at, 'ran_ms', s.ran_ms,
            'worker_id', s.worker_id, 'error', s.error,
            'forked_from', t.policy -> 'forked_from', 'progress', (select jsonb_strip_nulls(jsonb_build_object('fraction', p.fraction, 'message', p.message, 'reported_at', p.reported_at))
                from agentcorp.progress p where p.task_id = t.id and p.shard = v_shard),
            'waits', (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('topic', w.topic, 'key', w.key, 'timeout_at', w.timeout_at)) order by w.created_at, w.name)
                from agentcorp.wait w where w.task_id = t.id and w.shard = v_shard and not w.met)))
        || jsonb_build_object('args', t.args, 'output', (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard))
        into v_task
        from agentcorp.task t join agentcorp.queue q on q.id = t.queue_id cross join lateral agentcorp.states(v_shard, array[t.id]) s
        where t.id = describe.task_id and t.shard = v_shard;
    if v_task is null then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    return v_task || jsonb_build_object(
        'attempts', (select coalesce(jsonb_agg(jsonb_strip_nulls(to_jsonb(a) - 'task_id') order by a.attempt), '[]') from agentcorp.attempts a where a.task_id = describe.task_id),
        'needs', (select coalesce(jsonb_agg(d.needs_id order by d.needs_id), '[]') from agentcorp.dependencies d where d.task_id = describe.task_id and not d.is_subtask),
        'discarded', (select jsonb_build_object('at', d.discarded_at, 'by', d.discarded_by, 'reason', d.reason) from agentcorp.discarded d
            where d.task_id = describe.task_id and d.shard = v_shard and d.attempt = (v_task -> 'attempt')::smallint),
        'steps', (select coalesce(jsonb_agg(s.name order by s.created_at), '[]') from agentcorp.step s where s.task_id = describe.task_id and s.shard = v_shard));
end $$;
comment on function agentcorp.describe is
    'All there is to know about one task, as JSON; of args and output over 256 KiB the reference with a preview';

create function agentcorp.output_of(task_id bigint) returns jsonb language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[output_of.task_id]);
    perform 1 from agentcorp.task t where t.id = task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    end if;
    return (select agentcorp.payload(o.result, v_shard) from agentcorp.output o where o.task_id = output_of.task_id and o.shard = v_shard);
end $$;
comment on function agentcorp.output_of is 'What a task returned, in full; null when it returned nothing or has not completed';

-- What a handler sees of the tasks that it needed: its subtasks and its other needs.
create function agentcorp.needs_of(task_id bigint, limit_to int default 1000)
returns table (id bigint, name text, kind text, is_subtask boolean, state text, output jsonb, error jsonb) language plpgsql stable as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_origins bigint[] := array[task_id];
    v_until timestamptz[] := array['infinity'::timestamptz];
    v_fork jsonb;
    v_ids bigint[];
begin
    -- A fork also sees what its original had seen until the step at which it was forked.
    loop
        select t.policy -> 'forked_from' into v_fork from agentcorp.task t where t.id = v_origins[cardinality(v_origins)] and t.shard = v_shard;
        exit when v_fork is null;
        v_origins := v_origins || (v_fork ->> 'task_id')::bigint;
        v_until := v_until || least(v_until[cardinality(v_until)], (v_fork ->> 'at')::timestamptz);
    end loop;
    v_ids := array(
        select d.needs_id from unnest(v_origins, v_until) o(id, until)
            cross join lateral (select d.needs_id from agentcorp.dependency d where d.task_id = o.id and d.shard = v_shard offset 0) d
            cross join lateral (select t.parent_id, t.created_at from agentcorp.task t where t.id = d.needs_id and t.shard = v_shard offset 0) t
            where t.parent_id is distinct from o.id or t.created_at <= o.until
        union select t.id from unnest(v_origins, v_until) o(id, until)
            cross join lateral (select t.id from agentcorp.task t where t.parent_id = o.id and t.shard = v_shard and t.created_at <= o.until offset 0) t
        order by 1 limit limit_to);
    return query select t.id, t.name, t.kind, coalesce(t.parent_id = any (v_origins), false), s.state,
            coalesce(agentcorp.payload(o.result, v_shard), case when s.state in ('failed', 'cancelled') then t.policy #> '{on_error,default}' end),
            case when s.state in ('failed', 'cancelled') then s.error end
        from agentcorp.states(v_shard, v_ids) s join agentcorp.task t on t.id = s.task_id and t.shard = v_shard
        left join agentcorp.output o on o.task_id = t.id and o.shard = v_shard order by t.id;
end $$;
comment on function agentcorp.needs_of is 'The tasks that a task needed, its subtasks among them, with state and output, in the order of their ids';

-- Looks back in growing steps, so that the newest rows are found without sorting all of history.
create function agentcorp.history(since timestamptz default null, until timestamptz default null, only_kind text default null, only_outcome text default null,
    only_queue text default null, min_ms real default null, limit_to int default 50)
returns table (finished_at timestamptz, task_id bigint, name text, kind text, queue text, attempt smallint, outcome text, ran_ms real, worker_id bigint, message text)
language plpgsql stable as $$
#variable_conflict use_column
declare
    v_until timestamptz := coalesce(until, agentcorp.clock() + interval '1 second');
    v_window interval;
    v_from timestamptz;
    v_left int := limit_to;
    v_found int;
    v_codes smallint[] := array(select c::smallint from generate_series(1, 14) c where agentcorp.outcome_name(c::smallint) = only_outcome);
begin
    if only_outcome is not null and v_codes = '{}' then
        raise exception 'unknown outcome "%"', only_outcome using errcode = 'AC007',
            hint = agentcorp.did_you_mean(only_outcome, '{completed,failed,cancelled,skipped,errored,lost,suspended,snoozed,reopened}');
    end if;
    foreach v_window in array '{1 minute,30 minutes,12 hours,10 days,100 years}'::interval[] loop
        v_from := greatest(v_until - v_window, since);
        return query select a.finished_at, a.task_id, t.name, t.kind, q.name, a.attempt, agentcorp.outcome_name(a.outcome), a.ran_ms, a.worker_id, a.error ->> 'message'
            from agentcorp.attempt a join agentcorp.task t on t.id = a.task_id and t.shard = a.shard join agentcorp.queue q on q.id = t.queue_id
            where a.finished_at >= v_from and a.finished_at < v_until and a.outcome > 0
            and (only_kind is null or t.kind = only_kind) and (only_outcome is null or a.outcome = any (v_codes))
            and (only_queue is null or q.name = only_queue) and (min_ms is null or a.ran_ms >= min_ms)
            order by a.finished_at desc, a.task_id desc limit v_left;
        get diagnostics v_found = row_count;
        v_left := v_left - v_found;
        exit when v_left = 0 or v_from <= since;
        v_until := v_from;
    end loop;
end $$;
comment on function agentcorp.history is 'The latest finished attempts, newest first, by time, kind, outcome, queue and duration';

-- With a state, its small table or partial index is read; without one, the newest bodies are, and then their states.
create function agentcorp.list_tasks(state text default null, only_kind text default null, only_queue text default null, tag text default null,
    root_id bigint default null, before bigint default null, limit_to int default 50)
returns table (id bigint, parent_id bigint, tree_id bigint, depth smallint, name text, kind text, queue text, priority smallint, current text, attempt smallint,
    max_attempts smallint, tags text[], created_at timestamptz, run_at timestamptz, started_at timestamptz, finished_at timestamptz, worker_id bigint, error jsonb)
language plpgsql stable set jit = off as $$
#variable_conflict use_column
declare
    v_states text[] := '{blocked,scheduled,ready,running,waiting,completed,failed,cancelled,skipped}';
    v_queue int := case when only_queue is not null then agentcorp.queue_id(only_queue) end;
begin
    if list_tasks.state <> all (v_states) then
        raise exception 'unknown state "%"', list_tasks.state using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(list_tasks.state, v_states), ' States: ', array_to_string(v_states, ', '), '.'));
    end if;
    if list_tasks.state is null then
        return query
            with recent as (select t.* from agentcorp.task t
                where (before is null or t.id < before) and (only_kind is null or t.kind = only_kind) and (v_queue is null or t.queue_id = v_queue)
                and (list_tasks.tag is null or list_tasks.tag = any (t.tags)) and (list_tasks.root_id is null or t.root_id = list_tasks.root_id)
                order by t.id desc limit limit_to)
            select t.id, t.parent_id, t.root_id, t.depth, t.name, t.kind, q.name, t.priority, s.state, s.attempt, t.max_attempts, t.tags,
                t.created_at, s.run_at, s.started_at, s.finished_at, s.worker_id, s.error
            from recent t join agentcorp.queue q on q.id = t.queue_id
            cross join lateral agentcorp.states(t.shard, array[t.id]) s order by t.id desc;
    else
        return query execute format(
            'select t.id, t.parent_id, t.root_id, t.depth, t.name, t.kind, t.queue, t.priority, t.state, t.attempt, t.max_attempts, t.tags,
                t.created_at, t.run_at, t.started_at, t.finished_at, t.worker_id, t.error
            from agentcorp.tasks t where t.state = %L and ($1 is null or t.id < $1) and ($2 is null or t.kind = $2) and ($3 is null or t.queue = $3)
                and ($4 is null or $4 = any (t.tags)) and ($5 is null or t.root_id = $5) order by t.id desc limit $6', list_tasks.state)
            using before, only_kind, only_queue, list_tasks.tag, list_tasks.root_id, limit_to;
    end if;
end $$;
comment on function agentcorp.list_tasks is 'Tasks, newest first, by state, kind, queue, tag and tree; before is the id to go on from';
