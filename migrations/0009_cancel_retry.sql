-- Cancel and retry: whole trees down, whole failures up.

-- Fence first, then remove: from here on nobody else can end these attempts, wherever the tasks stand or move. The tables are
-- emptied in the order in which tasks move through them, so that one in motion is met in the next. Once a task is fenced nothing
-- can be added below it, so the tree is walked again until a walk meets nothing open: what was just being added is then in it.
-- locks: fence (task id ascending), blocked, scheduled, ready
create function agentcorp.cancel_trees(p_shard smallint, p_roots bigint[], p_error jsonb) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_ids bigint[];
    v_open record;
    v_won bigint[];
    v_all bigint[] := '{}';
    v_part bigint[];
    v_batch record;
    v_later record;
begin
    loop
        with recursive tree(id) as (
            select unnest(p_roots) union select t.id from tree
            cross join lateral (select t.id from agentcorp.task t where t.parent_id = tree.id and t.shard = p_shard offset 0) t)
        select array_agg(tree.id order by tree.id) into v_ids from tree;
        select array_agg(q.id order by q.id) ids, array_agg(q.next order by q.id) attempts into v_open from (
            select i id, (coalesce(l.attempt, 0) + 1)::smallint as next, l.outcome from unnest(v_ids) i
            -- In the same snapshot as its attempts: what has just been pruned is not open.
            cross join lateral (select from agentcorp.task t where t.id = i and t.shard = p_shard offset 0) t
            left join lateral (select a.attempt, a.outcome from agentcorp.attempt a where a.shard = p_shard and a.task_id = i order by a.attempt desc limit 1) l on true
        ) q where q.outcome is null or q.outcome not between 1 and 4;
        exit when v_open.ids is null;
        v_won := agentcorp.end_tasks(p_shard, array(select i from unnest(v_open.ids) i where i = any (p_roots)),
                array(select u.a from unnest(v_open.ids, v_open.attempts) u(i, a) where u.i = any (p_roots)), 3::smallint, p_error)
            || agentcorp.end_tasks(p_shard, array(select i from unnest(v_open.ids) i where i <> all (p_roots)),
                array(select u.a from unnest(v_open.ids, v_open.attempts) u(i, a) where u.i <> all (p_roots)), 3::smallint,
                '{"reason": "parent", "message": "its parent was cancelled or has failed"}');
        v_all := v_all || v_won;
    end loop;
    v_won := v_all;
    if v_won = '{}' then
        return 0;
    end if;
    -- A time that they were given and that is still to come is kept for a retry.
    for v_later in
        select s.task_id, s.run_at from agentcorp.scheduled s where s.shard = p_shard and s.task_id = any (v_won) and s.why = 0
        union all select b.task_id, b.run_at from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_won) and b.run_at is not null
    loop
        update agentcorp.attempt a set error = a.error || jsonb_build_object('run_at', v_later.run_at)
            where a.shard = p_shard and a.task_id = v_later.task_id and a.outcome = 3;
    end loop;
    v_part := array(select b.task_id from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_won) and b.phase <> 1 order by b.task_id for update);
    for v_batch in select b.task_id, b.remaining, b.met, b.failed from agentcorp.blocked b
        where b.shard = p_shard and b.task_id = any (v_part) and b.quorum = -2 order by b.task_id
    loop
        perform agentcorp.announce_batch(p_shard, v_batch.task_id, 'cancelled', v_batch.remaining, v_batch.met, v_batch.failed);
    end loop;
    delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_won);
    delete from agentcorp.wait w where w.shard = p_shard and w.task_id = any (v_won);
    perform agentcorp.move_counts(p_shard, v_part, 'blocked', null);
    v_won := array(select w from unnest(v_won) w where w <> all (v_part));
    v_part := array(select s.task_id from agentcorp.scheduled s where s.shard = p_shard and s.task_id = any (v_won) for update);
    delete from agentcorp.scheduled s where s.shard = p_shard and s.task_id = any (v_part);
    perform agentcorp.move_counts(p_shard, v_part, 'scheduled', null);
    v_won := array(select w from unnest(v_won) w where w <> all (v_part));
    if v_won <> '{}' then
        v_part := agentcorp.take_queued(p_shard, v_won);
        perform agentcorp.move_counts(p_shard, v_part, 'queued', null);
        v_won := array(select w from unnest(v_won) w where w <> all (v_part));
        v_part := agentcorp.take_ready(p_shard, v_won);
        -- One that was just being admitted has got its slot behind end_tasks' back.
        perform agentcorp.free_slots(p_shard, v_won);
        perform agentcorp.move_counts(p_shard, v_part, 'ready', null);
        -- What is left runs; its worker learns of it with the next heartbeat, and its result will be refused.
        perform agentcorp.move_counts(p_shard, array(select w from unnest(v_won) w where w <> all (v_part)), 'running', null);
    end if;
    return cardinality(v_all);
end $$;
comment on function agentcorp.cancel_trees is 'Cancels tasks and everything open below them; returns how many';

create function agentcorp.cancel_below(p_shard smallint, p_parents bigint[]) returns void language plpgsql as $$
declare
    v_children bigint[] := array(select t.id from agentcorp.task t where t.parent_id = any (p_parents) and t.shard = p_shard);
begin
    if v_children <> '{}' then
        perform agentcorp.cancel_trees(p_shard, v_children, '{"reason": "parent", "message": "its parent was cancelled or has failed"}');
    end if;
end $$;
comment on function agentcorp.cancel_below is 'Cancels the open subtasks of tasks that have ended';

create function agentcorp.cancel(task_id bigint, reason text default null) returns int language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[task_id]);
    perform 1 from agentcorp.task t where t.id = cancel.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    return agentcorp.cancel_trees(v_shard, array[task_id],
        jsonb_build_object('reason', 'cancelled', 'message', coalesce(reason, 'cancelled by request'), 'by', agentcorp.caller()));
end $$;
comment on function agentcorp.cancel is
    'Cancels a task with everything open below it and returns how many that were; running ones are stopped through the heartbeat of their worker. 0: it had ended already';

create function agentcorp.last_outcome(p_shard smallint, p_task bigint) returns table (attempt smallint, outcome smallint, reason text) language sql stable as $$
    select a.attempt, a.outcome, a.error ->> 'reason' from agentcorp.attempt a
    where a.shard = p_shard and a.task_id = p_task order by a.attempt desc limit 1
$$;
comment on function agentcorp.last_outcome is 'How the latest attempt of a task ended';

create function agentcorp.is_container(p_kind text) returns boolean language sql immutable parallel safe as $$
    select p_kind in ('plan', 'each', 'repeat', 'route', 'vote')
$$;
comment on function agentcorp.is_container is 'Whether tasks of this kind consist of tasks that they add, look at whenever they run, and wait for by a rule of their own';

-- Retrying one task puts everything back to work that failed with it or because of it: the needs that failed, the dependants that
-- were cancelled as a consequence, and the subtasks that were cancelled with those.
-- locks: task (the root: two retries in one tree take turns), resolve, unique_key, fence (task id ascending), blocked, scheduled, ready
create function agentcorp.retry(task_id bigint, run_at timestamptz default null) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_last record;
    v_set bigint[] := array[task_id];
    v_new bigint[] := array[task_id];
    v_unread bigint[] := '{}';
    v record;
    v_gate bigint;
    v_needs record;
    v_met int;
    v_waiting bigint[];
    v_own bigint[];
    v_run_at timestamptz;
begin
    if not isfinite(run_at) then
        raise exception 'run_at is infinite' using errcode = 'AC007', hint = 'Give a moment, or leave it out.';
    end if;
    perform 1 from agentcorp.task t where t.id = (select x.root_id from agentcorp.task x where x.id = retry.task_id and x.shard = v_shard) and t.shard = v_shard for update;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    select * into v_last from agentcorp.last_outcome(v_shard, task_id);
    if v_last.outcome is null or v_last.outcome not between 1 and 4 then
        raise exception 'task % is still open', task_id using errcode = 'AC009', hint = 'Only a failed, cancelled or skipped task can be retried.';
    elsif v_last.outcome = 1 then
        raise exception 'task % has completed', task_id using errcode = 'AC009', hint = 'Enqueue a new task to run it again.';
    end if;
    loop
        -- An end that the resolver has not read yet is taken back: whoever waits goes on waiting. One that it is reading is waited for.
        for v in delete from agentcorp.resolve r where r.shard = v_shard and r.needs_id = any (v_new) returning r.needs_id loop
            v_unread := v_unread || v.needs_id;
        end loop;
        v_new := array(
            select d.needs_id from agentcorp.dependency d cross join lateral agentcorp.last_outcome(v_shard, d.needs_id) l
                where d.shard = v_shard and d.task_id = any (v_new) and l.outcome in (2, 3)
                and not agentcorp.counts_as_met(v_shard, d.needs_id, l.outcome, l.reason)
            union select d.task_id from agentcorp.dependency d cross join lateral agentcorp.last_outcome(v_shard, d.task_id) l
                where d.shard = v_shard and d.needs_id = any (v_new) and l.outcome = 3 and l.reason = 'upstream'
            union select t.id from agentcorp.task t cross join lateral agentcorp.last_outcome(v_shard, t.id) l
                where t.shard = v_shard and t.parent_id = any (v_new) and l.outcome = 3 and l.reason = 'parent'
            -- A need that ended with its parent can only come back with it. The task that was asked for is refused instead, below.
            union select t.parent_id from agentcorp.task t cross join lateral agentcorp.last_outcome(v_shard, t.id) l
                cross join lateral agentcorp.last_outcome(v_shard, t.parent_id) p
                where t.shard = v_shard and t.id = any (v_new) and t.id <> retry.task_id and l.reason = 'parent' and p.outcome in (2, 3, 4)
            except select unnest(v_set));
        exit when v_new = '{}';
        v_set := v_set || v_new;
    end loop;
    for v in select t.id, t.parent_id, t.policy ->> 'unique_key' unique_key, l.outcome parent_outcome
        from agentcorp.task t left join lateral agentcorp.last_outcome(v_shard, t.parent_id) l on true
        where t.id = any (v_set) and t.shard = v_shard order by t.id
    loop
        if v.parent_outcome between 1 and 4 and v.parent_id <> all (v_set) then
            raise exception 'task % is a subtask of task %, which has ended', v.id, v.parent_id using errcode = 'AC009',
                hint = format('Retry task %s instead.', v.parent_id);
        end if;
        if v.unique_key is not null then
            perform agentcorp.take_key(v_shard, v.unique_key, v.id, 'reject');
        end if;
    end loop;
    for v in select t.id, t.parent_id, l.attempt, l.outcome, l.reason from agentcorp.task t
        cross join lateral agentcorp.last_outcome(v_shard, t.id) l where t.id = any (v_set) and t.shard = v_shard order by t.id
    loop
        -- One that another retry has reopened since it was found is not reopened again.
        update agentcorp.attempt a set outcome = 14
            where a.shard = v_shard and a.task_id = v.id and a.attempt = v.attempt and a.outcome = v.outcome and a.outcome between 1 and 4;
        if not found then
            raise exception 'task % was retried by somebody else just now, or pruned', v.id using errcode = 'AC009', hint = 'Look at it, and try again if it has ended.';
        end if;
        perform agentcorp.move_counts(v_shard, array[v.id], agentcorp.outcome_name(v.outcome), null);
        -- Who still waits for other needs has counted this one as ended: it counts as open again.
        v_waiting := array(select b.task_id from (select d.task_id, d.gate from agentcorp.dependency d where d.shard = v_shard and d.needs_id = v.id order by d.task_id) d
            cross join lateral (select b.task_id from agentcorp.blocked b where b.task_id = d.task_id and b.gate = d.gate and b.shard = v_shard for update) b);
        if v.id <> all (v_unread) then
            v_met := agentcorp.counts_as_met(v_shard, v.id, v.outcome, v.reason)::int;
            update agentcorp.blocked b set remaining = b.remaining + 1, met = b.met - v_met, failed = b.failed - (1 - v_met)
                where b.shard = v_shard and b.task_id = any (v_waiting);
        end if;
        -- A parent that is open but no longer waits ends only after it all the same.
        if v.parent_id <> all (v_set) and v.parent_id <> all (v_waiting) then
            v_gate := agentcorp.open_gate(v_shard, v.parent_id, 1, true);
            insert into agentcorp.dependency (needs_id, task_id, gate, shard) values (v.id, v.parent_id, v_gate, v_shard);
            -- Its join was met before: it only waits, however this one ends now.
            update agentcorp.blocked b set quorum = -1
                where b.shard = v_shard and b.task_id = v.parent_id and b.gate = v_gate and b.remaining = 1 and b.met = 0 and b.failed = 0;
        end if;
    end loop;
    for v in select t.id, t.kind, t.policy, l.attempt, l.run_at from agentcorp.task t
        cross join lateral (select a.attempt, case when a.worker_id is null then (a.error ->> 'run_at')::timestamptz end run_at from agentcorp.attempt a
            where a.shard = v_shard and a.task_id = t.id order by a.attempt desc limit 1) l where t.id = any (v_set) and t.shard = v_shard order by t.id
    loop
        v_gate := nextval('agentcorp.gate');
        v_run_at := coalesce(run_at, v.run_at);
        -- What its plan has it wait for it says when it runs: it looks at its subtasks, and waits again by its own rule. What it needed
        -- to begin lies behind it.
        v_own := case when agentcorp.is_container(v.kind) then array(select distinct d.needs_id from agentcorp.dependency d
            cross join lateral (select from agentcorp.task t where t.id = d.needs_id and t.shard = v_shard and t.parent_id = v.id offset 0) t
            where d.task_id = v.id and d.shard = v_shard) end;
        if v_own <> '{}' then
            v_needs := agentcorp.add_needs(v_shard, v.id, v_gate, v_own);
            insert into agentcorp.blocked (task_id, gate, remaining, met, failed, quorum, attempt, phase, shard)
                values (v.id, v_gate, v_needs.still_open, v_needs.met, v_needs.failed, -1, v.attempt + 2, 1, v_shard);
            perform agentcorp.make_ready(v_shard, array[v.id], array[v.attempt + 1]::smallint[], array[v_run_at]);
            perform agentcorp.move_counts(v_shard, array[v.id], null, case when v_run_at > v_now then 'scheduled' else 'ready' end);
            continue;
        end if;
        v_needs := agentcorp.add_needs(v_shard, v.id, v_gate, array(select distinct d.needs_id from agentcorp.dependency d where d.task_id = v.id and d.shard = v_shard));
        if v_needs.still_open = 0 and not coalesce(v.policy ? 'batch', false) then
            perform agentcorp.make_ready(v_shard, array[v.id], array[v.attempt + 1]::smallint[], array[v_run_at]);
            perform agentcorp.move_counts(v_shard, array[v.id], null, case when v_run_at > v_now then 'scheduled' else 'ready' end);
        else
            insert into agentcorp.blocked (task_id, gate, run_at, remaining, met, failed, quorum, attempt, phase, shard)
                values (v.id, v_gate, v_run_at, v_needs.still_open, v_needs.met, v_needs.failed,
                    case when v.policy ? 'batch' then -2 else agentcorp.parse_join(v.policy -> 'join') end, v.attempt + 1,
                    case when v.policy ? 'batch' then 3 else 0 end, v_shard)
                on conflict do nothing;
            if not found then
                raise exception 'task % was changed by somebody else just now', v.id using errcode = 'AC009', hint = 'Try again.';
            end if;
            perform agentcorp.move_counts(v_shard, array[v.id], null, 'blocked');
        end if;
    end loop;
    -- Only now that each of them stands somewhere: a join that is met already cancels what it does not need.
    perform agentcorp.settle_blocked(v_shard, v_set);
    return cardinality(v_set);
end $$;
comment on function agentcorp.retry is
    'Puts a failed, cancelled or skipped task back to work, with fresh attempts, and with it whatever failed with it or was cancelled because of it: at run_at, or when each was to run, or at once. Returns how many tasks that were';
