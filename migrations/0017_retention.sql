-- Retention: what has ended goes after a while, whole trees at a time, into the archive if that is wanted.

create table agentcorp.retention (
    keep interval,
    queue_id int not null default 0,
    outcome smallint not null default 0 check (outcome between 0 and 4),
    archive boolean not null default false,
    primary key (queue_id, outcome)
);
comment on table agentcorp.retention is 'How long trees are kept after their root has ended, by the queue and the outcome of the root; 0 stands for all. The most exact rule counts, the queue before the outcome';
comment on column agentcorp.retention.keep is 'Null: for ever';
insert into agentcorp.retention (outcome, keep) values (0, '7 days'), (2, '30 days');

create table agentcorp.sweep (
    reached bigint not null default 0,
    began_at timestamptz not null,
    shard smallint not null,
    primary key (shard)
) with (fillfactor = 50);
comment on table agentcorp.sweep is 'How far the pruner has come through the tasks of a shard, in the order of their ids; also the lock that lets one prune at a time';

create table agentcorp.archive (
    task_id bigint not null,
    root_id bigint not null,
    archived_at timestamptz not null,
    shard smallint not null,
    document jsonb not null,
    primary key (task_id, shard)
);
comment on table agentcorp.archive is 'Pruned tasks whose rule says so: all there was to know about each, as JSON';
create index archive_root on agentcorp.archive (root_id);
create index archive_time on agentcorp.archive using brin (archived_at);

do $$ begin
    if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table agentcorp.archive alter column document set compression lz4;
    end if;
end $$;

create view agentcorp.retention_rules as
select q.name queue, agentcorp.outcome_name(r.outcome) outcome, r.keep, case when r.archive then 'table' else 'none' end archive
from agentcorp.retention r left join agentcorp.queue q on q.id = r.queue_id order by q.name nulls first, r.outcome;
comment on view agentcorp.retention_rules is 'How long ended trees are kept: null queue or outcome stands for all, null keep for ever';

create function agentcorp.set_retention(keep interval default null, queue text default null, outcome text default null, archive text default 'none') returns void language plpgsql as $$
begin
    if keep < interval '0' then
        raise exception 'keep % is negative', keep using errcode = 'AC007', hint = 'Give a time such as ''7 days'', or null to keep for ever.';
    end if;
    if archive is null or archive not in ('none', 'table') then
        raise exception 'archive: "%" is not understood', archive using errcode = 'AC007', hint = 'Use ''none'' or ''table''.';
    end if;
    insert into agentcorp.retention as r (keep, queue_id, outcome, archive)
        values (set_retention.keep, case when queue is null then 0 else agentcorp.queue_id(queue) end, agentcorp.outcome_code(outcome), set_retention.archive = 'table')
        on conflict on constraint retention_pkey do update set keep = excluded.keep, archive = excluded.archive;
    -- Much that was passed over may be due now.
    update agentcorp.sweep s set reached = 0;
end $$;
comment on function agentcorp.set_retention is
    'Sets how long trees are kept after their root has ended, by its queue and outcome (null: all); null keeps them for ever. archive => ''table'' copies them to agentcorp.archive first';

create function agentcorp.remove_retention(queue text default null, outcome text default null) returns boolean language plpgsql as $$
begin
    delete from agentcorp.retention r
        where r.queue_id = case when queue is null then 0 else agentcorp.queue_id(queue) end and r.outcome = agentcorp.outcome_code(remove_retention.outcome);
    return found;
end $$;
comment on function agentcorp.remove_retention is 'Removes a rule; the next less exact one counts again, and without any nothing is pruned. False: there was none';

create function agentcorp.rule(p_queue int, p_outcome smallint) returns table (keep interval, archive boolean) language sql stable rows 1 as $$
    select r.keep, r.archive from agentcorp.retention r where r.queue_id in (p_queue, 0) and r.outcome in (p_outcome, 0)
    order by r.queue_id desc, r.outcome desc limit 1
$$;
comment on function agentcorp.rule is 'The rule for trees whose root ended so in that queue';

create function agentcorp.tree_members(p_shard smallint, p_roots bigint[], out ids bigint[], out roots bigint[]) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
begin
    ids := p_roots;
    roots := p_roots;
    select p_roots level_ids, p_roots level_roots into v;
    loop
        select array_agg(t.id) level_ids, array_agg(u.root) level_roots into v from unnest(v.level_ids, v.level_roots) u(id, root)
            cross join lateral (select t.id from agentcorp.task t where t.parent_id = u.id and t.shard = p_shard offset 0) t;
        exit when v.level_ids is null;
        ids := ids || v.level_ids;
        roots := roots || v.level_roots;
    end loop;
end $$;
comment on function agentcorp.tree_members is 'All tasks of trees, each with its root: level by level, parents first';

create function agentcorp.documents(p_shard smallint, p_ids bigint[]) returns table (task_id bigint, root_id bigint, document jsonb) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
begin
    return query select t.id, t.root_id, jsonb_strip_nulls(jsonb_build_object('id', t.id, 'parent_id', t.parent_id, 'root_id', t.root_id, 'depth', t.depth,
            'name', t.name, 'kind', t.kind, 'queue', q.name, 'priority', t.priority, 'max_attempts', t.max_attempts, 'tags', t.tags,
            'concurrency_key', t.concurrency_key, 'ordered_key', t.ordered_key, 'tenant', t.tenant, 'created_at', t.created_at, 'state', a.state,
            'finished_at', a.finished_at,
            'needs', (select jsonb_agg(distinct d.needs_id) from agentcorp.dependency d where d.task_id = t.id and d.shard = p_shard),
            'discarded', (select jsonb_agg(to_jsonb(d) - '{task_id,shard}'::text[] order by d.attempt) from agentcorp.discarded d where d.task_id = t.id and d.shard = p_shard)))
        || jsonb_build_object('attempts', a.attempts, 'args', agentcorp.payload(t.args, p_shard))
        || case when t.policy is null then '{}' else jsonb_build_object('policy', t.policy) end
        || coalesce((select jsonb_build_object('output', agentcorp.payload(o.result, p_shard)) from agentcorp.output o where o.task_id = t.id and o.shard = p_shard), '{}')
        || coalesce((select jsonb_build_object('steps', jsonb_agg(jsonb_build_object('name', s.name, 'attempt', s.attempt, 'created_at', s.created_at, 'value', agentcorp.payload(s.value, p_shard))
            order by s.created_at, s.name)) from agentcorp.step s where s.task_id = t.id and s.shard = p_shard having count(*) > 0), '{}')
        from unnest(p_ids) with ordinality u(id, i)
        cross join lateral (select t.* from agentcorp.task t where t.id = u.id and t.shard = p_shard offset 0) t
        cross join lateral (select q.name from agentcorp.queue q where q.id = t.queue_id offset 0) q
        cross join lateral (select max(agentcorp.outcome_name(x.outcome)) filter (where x.outcome between 1 and 4) state,
            max(x.finished_at) filter (where x.outcome between 1 and 4) finished_at,
            jsonb_agg(jsonb_strip_nulls(jsonb_build_object('attempt', x.attempt, 'outcome', agentcorp.outcome_name(x.outcome), 'finished_at', x.finished_at,
                'ran_ms', x.ran_ms, 'worker_id', x.worker_id)) || case when x.error is null then '{}' else jsonb_build_object('error', x.error) end order by x.attempt) attempts
            from agentcorp.attempt x where x.task_id = t.id and x.shard = p_shard offset 0) a
        order by u.i;
end $$;
comment on function agentcorp.documents is 'All there is to know about ended tasks, each as one JSON object: what goes to the archive and what is exported';

-- Finds out which of the trees can go now, and locks them against retries until the caller's transaction ends. What others hold is
-- left for another time. Not those that a claim or the outbox still names: a late result would be recorded for a task that is gone.
-- locks: task (roots), unique_key (key ascending), fence (task id ascending); skips what is locked
create function agentcorp.take_trees(p_shard smallint, p_roots bigint[], p_spare boolean, out ids bigint[], out roots bigint[], out trees bigint[]) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_m record;
    v_keyed bigint[];
    v_keys text[];
    v_some bigint[];
    v_busy bigint[];
begin
    ids := '{}'; roots := '{}';
    trees := array(select t.id from agentcorp.task t where t.shard = p_shard and t.id = any (p_roots) and t.parent_id is null order by t.id for update skip locked);
    if trees = '{}' then
        return;
    end if;
    select m.ids, m.roots into v_m from agentcorp.tree_members(p_shard, trees) m;
    -- unique keys that they hold
    select array_agg(k.task_id), array_agg(k.key) into v_keyed, v_keys from (select t.id, t.policy ->> 'unique_key' key from agentcorp.task t
            where t.shard = p_shard and t.id = any (v_m.ids) and t.policy ? 'unique_key') t
        cross join lateral (select k.task_id, k.key from agentcorp.unique_key k where k.key = t.key and k.shard = p_shard and k.task_id = t.id offset 0) k;
    if v_keyed is not null then
        v_some := array(select k.task_id from agentcorp.unique_key k where k.shard = p_shard and k.key = any (v_keys) order by k.key for update skip locked);
        v_busy := array(select unnest(v_keyed) except select unnest(v_some));
    end if;
    -- ends, which a retry would have to change
    v_some := array(select a.task_id from agentcorp.attempt a where a.shard = p_shard and a.task_id = any (v_m.ids) and a.outcome between 1 and 4
        order by a.task_id for update skip locked);
    v_busy := v_busy || array(select unnest(v_m.ids) except select unnest(v_some))
        || array(select unnest(v_m.ids) intersect select u.t from agentcorp.claim c cross join lateral unnest(c.task_ids) u(t) where c.shard = p_shard)
        || array(select unnest(v_m.ids) intersect select r.needs_id from agentcorp.resolve r where r.shard = p_shard);
    -- needs of tasks in other trees that are open, or that could be retried for as long as they are kept themselves
    v_busy := v_busy || array(
        select d.needs_id from unnest(v_m.ids, v_m.roots) u(id, root)
        cross join lateral (select d.needs_id, d.task_id from agentcorp.dependency d where d.needs_id = u.id and d.shard = p_shard offset 0) d
        cross join lateral (select t.root_id from agentcorp.task t where t.id = d.task_id and t.shard = p_shard offset 0) t
        where t.root_id <> u.root and not coalesce((select a.outcome = 1 or a.outcome between 2 and 4 and (not p_spare or agentcorp.is_due(p_shard, t.root_id, v_now))
            from agentcorp.attempt a where a.task_id = d.task_id and a.shard = p_shard order by a.attempt desc limit 1), false));
    -- what a session still shows
    v_busy := v_busy || array(select m.task_id from agentcorp.message m where m.shard = p_shard and m.task_id = any (v_m.ids) and m.conversation_id <> m.task_id);
    -- what a fork has from its original
    v_busy := v_busy || array(select s.original_id from agentcorp.shared_task s where s.shard = p_shard and s.original_id = any (v_m.ids));
    if v_busy <> '{}' then
        v_some := array(select distinct u.root from unnest(v_m.ids, v_m.roots) u(id, root) join unnest(v_busy) b(id) on b.id = u.id);
        select array_agg(u.id) ids, array_agg(u.root) roots into v_m from unnest(v_m.ids, v_m.roots) u(id, root) where u.root not in (select unnest(v_some));
        trees := array(select unnest(trees) except select unnest(v_some) order by 1);
        ids := coalesce(v_m.ids, '{}');
        roots := coalesce(v_m.roots, '{}');
    else
        ids := v_m.ids;
        roots := v_m.roots;
    end if;
end $$;
comment on function agentcorp.take_trees is 'Locks those of the trees that have ended, are in nobody''s hands and are needed by nobody outside; returns their tasks';

create function agentcorp.is_due(p_shard smallint, p_root bigint, p_now timestamptz) returns boolean language sql stable as $$
    select coalesce((select a.outcome between 1 and 4 and a.finished_at < p_now - r.keep
        from agentcorp.task t cross join lateral (select a.outcome, a.finished_at from agentcorp.attempt a where a.task_id = t.id and a.shard = p_shard order by a.attempt desc limit 1) a
        cross join lateral agentcorp.rule(t.queue_id, a.outcome) r where t.id = p_root and t.shard = p_shard), false)
$$;
comment on function agentcorp.is_due is 'Whether a tree has been kept as long as its rule says';

-- Every table that has rows of ended tasks is emptied of them here. A test finds those that are missing.
create function agentcorp.delete_tasks(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_keys text[];
    v_ctids tid[];
begin
    insert into agentcorp.count_delta (queue_id, completed, failed, cancelled, skipped, shard)
        select t.queue_id, -count(*) filter (where a.outcome = 1), -count(*) filter (where a.outcome = 2), -count(*) filter (where a.outcome = 3),
            -count(*) filter (where a.outcome = 4), p_shard
        from unnest(p_ids) u(id)
        cross join lateral (select t.queue_id from agentcorp.task t where t.id = u.id and t.shard = p_shard offset 0) t
        cross join lateral (select a.outcome from agentcorp.attempt a where a.task_id = u.id and a.shard = p_shard and a.outcome between 1 and 4 offset 0) a group by 1;
    v_keys := array(select t.policy ->> 'unique_key' from agentcorp.task t where t.shard = p_shard and t.id = any (p_ids) and t.policy ? 'unique_key');
    if v_keys <> '{}' then
        delete from agentcorp.unique_key k where k.shard = p_shard and k.key = any (v_keys) and k.task_id = any (p_ids);
    end if;
    perform agentcorp.drop_blobs_of(p_shard, p_ids);
    delete from agentcorp.output o where o.shard = p_shard and o.task_id = any (p_ids);
    delete from agentcorp.step s where s.shard = p_shard and s.task_id = any (p_ids);
    delete from agentcorp.progress p where p.shard = p_shard and p.task_id = any (p_ids);
    delete from agentcorp.discarded d where d.shard = p_shard and d.task_id = any (p_ids);
    delete from agentcorp.hook_seen s where s.shard = p_shard and s.task_id = any (p_ids);
    delete from agentcorp.tool_call c where c.shard = p_shard and c.task_id = any (p_ids);
    delete from agentcorp.turn t where t.shard = p_shard and t.task_id = any (p_ids);
    delete from agentcorp.approval a where a.shard = p_shard and a.task_id = any (p_ids);
    delete from agentcorp.approval_rule r where r.run_id = any (p_ids);
    delete from agentcorp.partial p where p.shard = p_shard and p.task_id = any (p_ids);
    delete from agentcorp.ballot b where b.shard = p_shard and b.task_id = any (p_ids);
    -- A conversation without a name has the id of its task.
    delete from agentcorp.message m where m.shard = p_shard and m.conversation_id = any (p_ids);
    delete from agentcorp.conversation c where c.shard = p_shard and c.id = any (p_ids);
    delete from agentcorp.agent_run r where r.shard = p_shard and r.task_id = any (p_ids);
    delete from agentcorp.shared_task s where s.shard = p_shard and s.task_id = any (p_ids);
    delete from agentcorp.budget b where b.shard = p_shard and b.task_id = any (p_ids);
    delete from agentcorp.reservation r where r.shard = p_shard and r.task_id = any (p_ids);
    delete from agentcorp.message_read r where r.shard = p_shard and r.task_id = any (p_ids);
    delete from agentcorp.agent_message m where m.shard = p_shard and m.task_id = any (p_ids);
    delete from agentcorp.mailbox m where m.shard = p_shard and m.task_id = any (p_ids);
    perform agentcorp.drop_memories_of_runs(p_shard, p_ids);
    v_ctids := array(select d.c from unnest(p_ids) u(id) cross join lateral (
        select d.ctid c from agentcorp.dependency d where d.needs_id = u.id and d.shard = p_shard
        union select d.ctid from agentcorp.dependency d where d.task_id = u.id and d.shard = p_shard offset 0) d);
    if v_ctids <> '{}' then
        delete from agentcorp.dependency d where d.shard = p_shard and d.ctid = any (v_ctids);
    end if;
    delete from agentcorp.attempt a where a.shard = p_shard and a.task_id = any (p_ids);
    delete from agentcorp.task t where t.shard = p_shard and t.id = any (p_ids);
end $$;
comment on function agentcorp.delete_tasks is 'Deletes ended tasks with all that belongs to them; their trees must have been taken with take_trees';

-- Walks through the tasks by id, which is nearly the order of time, a stretch with each call, and looks at the roots in it. What was
-- still open or is kept longer is passed over, and met again by the next walk; that begins a tenth of the shortest time after the
-- one before. So nothing is scanned but the tasks that are left, and no index costs the hot path anything.
-- locks: sweep, then what take_trees locks
create function agentcorp.prune_trees(p_shard smallint, p_limit int default 1000, out trees int, out tasks int, out more boolean) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_keep interval := (select min(r.keep) from agentcorp.retention r);
    v_sweep agentcorp.sweep;
    v_bodies record;
    v_due record;
    v_m record;
    v_taken record;
begin
    trees := 0; tasks := 0; more := false;
    if v_keep is null then
        return;
    end if;
    perform 1 from agentcorp.sweep s where s.shard = p_shard;
    if not found then
        insert into agentcorp.sweep (began_at, shard) select v_now, s.shard from agentcorp.shard s where s.shard = p_shard on conflict do nothing;
    end if;
    select s.* into v_sweep from agentcorp.sweep s where s.shard = p_shard for update skip locked;
    if not found then
        return;
    end if;
    v_sweep.reached := greatest(v_sweep.reached, p_shard::bigint << 53);
    select array_agg(q.id order by q.id) filter (where q.created_at < v_now - v_keep and q.parent_id is null) roots,
        max(q.id) filter (where q.created_at < v_now - v_keep) last, count(*) filter (where q.created_at < v_now - v_keep) n into v_bodies
        from (select t.id, t.created_at, t.parent_id from agentcorp.task t
            where t.shard = p_shard and t.id > v_sweep.reached and t.id <= (p_shard::bigint << 53 | (1::bigint << 53) - 1) order by t.id limit p_limit) q;
    if v_bodies.last is null then
        -- Nothing more is old enough.
        if v_sweep.began_at < v_now - least(greatest(v_keep / 10, interval '1 minute'), interval '1 day') then
            update agentcorp.sweep s set reached = 0, began_at = v_now where s.shard = p_shard;
            more := true;
        end if;
        return;
    end if;
    more := v_bodies.n = p_limit;
    if v_bodies.roots is not null then
        select array_agg(t.id order by t.id) ids, array_agg(t.id order by t.id) filter (where r.archive) archived into v_due
            from unnest(v_bodies.roots) u(id)
            cross join lateral (select t.id, t.queue_id from agentcorp.task t where t.id = u.id and t.shard = p_shard offset 0) t
            cross join lateral (select a.outcome, a.finished_at from agentcorp.attempt a where a.task_id = u.id and a.shard = p_shard order by a.attempt desc limit 1) a
            cross join lateral agentcorp.rule(t.queue_id, a.outcome) r
            where a.outcome between 1 and 4 and a.finished_at < v_now - r.keep;
    end if;
    if v_due.ids is not null then
        -- Big trees: as many as make ten times the limit, but one at least.
        select array_agg(q.root order by q.root) filter (where q.fits) ids, max(q.root) filter (where q.fits) last, bool_and(q.fits) as all_fit into v_m from (
            select u.root, sum(count(*)) over (order by u.root) - count(*) < p_limit * 10 - 1 or row_number() over (order by u.root) = 1 fits
            from agentcorp.tree_members(p_shard, v_due.ids) m cross join lateral unnest(m.roots) u(root) group by 1) q;
        if not v_m.all_fit then
            v_bodies.last := v_m.last;
            more := true;
        end if;
        select * into v_taken from agentcorp.take_trees(p_shard, v_m.ids, true);
        trees := cardinality(v_taken.trees);
        tasks := cardinality(v_taken.ids);
        if v_due.archived is not null then
            insert into agentcorp.archive (task_id, root_id, archived_at, shard, document)
                select d.task_id, d.root_id, v_now, s.shard, d.document from agentcorp.shard s
                cross join lateral agentcorp.documents(p_shard, array(select u.id from unnest(v_taken.ids, v_taken.roots) u(id, root)
                    where u.root in (select unnest(v_due.archived)))) d where s.shard = p_shard;
        end if;
        if trees > 0 then
            perform agentcorp.delete_tasks(p_shard, v_taken.ids);
        end if;
    end if;
    update agentcorp.sweep s set reached = v_bodies.last where s.shard = p_shard;
end $$;
comment on function agentcorp.prune_trees is 'Deletes ended trees that have been kept long enough, looking at p_limit tasks; says whether there may be more to do';

-- What is not part of a tree; each family deletes its own old rows, a limited number with each call.
create function agentcorp.prune_others(p_shard smallint, p_limit int default 1000) returns boolean language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_n int;
begin
    delete from agentcorp.worker w where w.id in (select x.id from agentcorp.worker x where x.stopped_at < v_now - interval '30 days'
        and not exists (select from agentcorp.claim c where c.worker_id = x.id) limit p_limit for update skip locked);
    delete from agentcorp.redrive r where r.id in (select x.id from agentcorp.redrive x where x.ended_at < v_now - interval '30 days' limit p_limit for update skip locked);
    -- Ids grow with time, so the oldest are the first.
    delete from agentcorp.event e where e.created_at < v_now - interval '30 days'
        and e.shard = p_shard and e.id = any (array(select x.id from agentcorp.event x where x.shard = p_shard order by x.id limit p_limit for update skip locked));
    get diagnostics v_n = row_count;
    return agentcorp.prune_memory(p_shard, p_limit) or agentcorp.prune_starts(p_shard, p_limit) or v_n = p_limit;
end $$;
comment on function agentcorp.prune_others is 'Deletes workers and redrives that ended 30 days ago, events as old, old versions of memories, and what started the runs of a year ago; says whether there may be more';

create function agentcorp.prune(p_shard smallint, p_limit int default 1000, out trees int, out tasks int, out more boolean) language plpgsql as $$
begin
    select p.trees, p.tasks, p.more into trees, tasks, more from agentcorp.prune_trees(p_shard, p_limit) p;
    if not more then
        more := agentcorp.prune_others(p_shard, p_limit);
    end if;
end $$;
comment on function agentcorp.prune is 'One batch of pruning in a shard, for the coordinator: ended trees, then what else is old. Call it again while more is true';

-- For export: ended trees by the order of their ids, a stretch of p_limit tasks with each call.
create function agentcorp.ended_trees(p_shard smallint, p_after bigint, p_until timestamptz, p_queue text default null, p_outcome text default null, p_limit int default 1000,
    out ids bigint[], out attempts smallint[], out reached bigint) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_queue int := case when p_queue is not null then agentcorp.queue_id(p_queue) end;
    v_outcome smallint := agentcorp.outcome_code(p_outcome);
    v_roots bigint[];
begin
    select array_agg(q.id order by q.id) filter (where q.parent_id is null and q.created_at < p_until and (v_queue is null or q.queue_id = v_queue)), max(q.id) into v_roots, reached
        from (select t.id, t.created_at, t.parent_id, t.queue_id from agentcorp.task t
            where t.shard = p_shard and t.id > greatest(p_after, p_shard::bigint << 53) and t.id <= (p_shard::bigint << 53 | (1::bigint << 53) - 1)
            order by t.id limit p_limit) q;
    select coalesce(array_agg(u.id order by u.id), '{}'), coalesce(array_agg(a.attempt order by u.id), '{}') into ids, attempts from unnest(v_roots) u(id)
        cross join lateral (select a.attempt, a.outcome, a.finished_at from agentcorp.attempt a where a.task_id = u.id and a.shard = p_shard order by a.attempt desc limit 1) a
        where a.outcome between 1 and 4 and a.finished_at < p_until and (v_outcome = 0 or a.outcome = v_outcome);
end $$;
comment on function agentcorp.ended_trees is 'The ended roots among the next tasks, with their last attempt, and how far it has come: null when there are no more tasks';

-- A tree that was retried meanwhile has another last attempt, and stays.
-- locks: sweep, then what take_trees locks
create function agentcorp.delete_trees(p_shard smallint, p_roots bigint[], p_attempts smallint[], out trees int, out tasks int) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_taken record;
    v_same bigint[];
begin
    insert into agentcorp.sweep (began_at, shard) select agentcorp.clock(), s.shard from agentcorp.shard s where s.shard = p_shard on conflict do nothing;
    perform 1 from agentcorp.sweep s where s.shard = p_shard for update;
    select * into v_taken from agentcorp.take_trees(p_shard, p_roots, false);
    v_same := array(select u.id from unnest(p_roots, p_attempts) u(id, attempt)
        cross join lateral (select max(a.attempt) last from agentcorp.attempt a where a.task_id = u.id and a.shard = p_shard) a
        where a.last = u.attempt and u.id = any (v_taken.trees));
    v_taken.ids := array(select u.id from unnest(v_taken.ids, v_taken.roots) u(id, root) where u.root in (select unnest(v_same)));
    trees := cardinality(v_same);
    tasks := cardinality(v_taken.ids);
    if trees > 0 then
        perform agentcorp.delete_tasks(p_shard, v_taken.ids);
    end if;
end $$;
comment on function agentcorp.delete_trees is 'Deletes exported trees that have not been touched since';
