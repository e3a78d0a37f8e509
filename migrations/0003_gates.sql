-- The moves between the tables that every other family uses: holding a task, blocking it, making it ready, ending it.
-- Lock order everywhere: unique_key, fence (task id ascending), claim, blocked (task id ascending), scheduled, queued, ready.
-- A join of an array with a table is written as a lateral query with `offset 0`, which looks each row up by its key: on a table that was
-- never analysed the planner takes `shard = p_shard` for selective and would read the whole shard once for each element.
-- What a statement has locked the next one deletes by its ctids, and index scans are off meanwhile: a plan that is made while the table
-- is empty, and kept, would rather read the whole index by the shard than look up ten rows.

-- Nobody can end the task's current attempt until the caller's transaction ends: the fence row is inserted and deleted
-- again, and whoever inserts the same key waits for us. That costs the finishing path nothing, and makes "does it still
-- run?" and "add an edge to it" safe against a finish that is just under way.
create function agentcorp.hold(p_shard smallint, p_task bigint) returns smallint language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_last record;
    v_now timestamptz := agentcorp.clock();
    v_next smallint;
begin
    loop
        select a.attempt, a.outcome into v_last from agentcorp.attempt a
            where a.shard = p_shard and a.task_id = p_task order by a.attempt desc limit 1;
        if v_last.outcome between 1 and 4 then
            return null;
        end if;
        if v_last.attempt is null and not exists (select from agentcorp.task t where t.id = p_task and t.shard = p_shard) then
            -- Pruned, with its history, since the caller saw it.
            return null;
        end if;
        v_next := coalesce(v_last.attempt, 0) + 1;
        insert into agentcorp.attempt (task_id, finished_at, attempt, outcome, shard)
            values (p_task, v_now, v_next, 0, p_shard) on conflict do nothing;
        if found then
            delete from agentcorp.attempt a where a.shard = p_shard and a.task_id = p_task and a.attempt = v_next;
            return v_next;
        end if;
    end loop;
end $$;
comment on function agentcorp.hold is
    'Keeps an open task from ending until this transaction does; returns its current attempt, or null when it has ended. Keep such transactions short';

create function agentcorp.move_counts(p_shard smallint, p_ids bigint[], p_from text, p_to text) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_from text := coalesce(p_from, '');
    v_to text := coalesce(p_to, '');
begin
    if p_ids = '{}' then
        return;
    end if;
    insert into agentcorp.count_delta (shard, queue_id, ready, queued, scheduled, blocked, running, completed, failed, cancelled, skipped)
    select p_shard, q.queue_id,
        q.n * ((v_to = 'ready')::int - (v_from = 'ready')::int), q.n * ((v_to = 'queued')::int - (v_from = 'queued')::int),
        q.n * ((v_to = 'scheduled')::int - (v_from = 'scheduled')::int),
        q.n * ((v_to = 'blocked')::int - (v_from = 'blocked')::int), q.n * ((v_to = 'running')::int - (v_from = 'running')::int),
        q.n * ((v_to = 'completed')::int - (v_from = 'completed')::int), q.n * ((v_to = 'failed')::int - (v_from = 'failed')::int),
        q.n * ((v_to = 'cancelled')::int - (v_from = 'cancelled')::int), q.n * ((v_to = 'skipped')::int - (v_from = 'skipped')::int)
    from (select t.queue_id, count(*)::int n from agentcorp.task t where t.id = any (p_ids) and t.shard = p_shard group by 1) q;
end $$;
comment on function agentcorp.move_counts is 'Notes that tasks have gone from one state to another; either may be empty';

-- `ready` has no index by task: claims are what it is for. A task became ready no earlier than it was created, so the search
-- begins there, in the lanes in which the wanted tasks stand.
create function agentcorp.take_ready(p_shard smallint, p_ids bigint[]) returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set enable_indexscan = on as $$
declare
    v_ctids tid[];
    v_ids bigint[];
begin
    select array_agg(q.c), array_agg(q.task_id) into v_ctids, v_ids from (
        select r.ctid c, r.task_id
        from (select t.queue_id, t.priority, agentcorp.micros(min(t.created_at)) since
              from agentcorp.task t where t.id = any (p_ids) and t.shard = p_shard group by 1, 2) lane
        cross join lateral (select r.ctid, r.task_id from agentcorp.ready r where r.queue_id = lane.queue_id and r.priority = lane.priority
            and r.shard = p_shard and r.seq >= lane.since and r.task_id = any (p_ids) for update) r) q;
    if v_ids is null then
        return '{}';
    end if;
    perform set_config('enable_indexscan', 'off', true);
    delete from agentcorp.ready r where r.shard = p_shard and r.ctid = any(v_ctids);
    perform set_config('enable_indexscan', 'on', true);
    return v_ids;
end $$;
comment on function agentcorp.take_ready is 'Removes tasks from ready; returns those that stood there';

create function agentcorp.take_queued(p_shard smallint, p_ids bigint[]) returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_ids bigint[] := array(select q.task_id from agentcorp.queued q where q.task_id = any (p_ids) and q.shard = p_shard order by q.task_id for update);
begin
    if v_ids <> '{}' then
        delete from agentcorp.queued q where q.task_id = any (v_ids) and q.shard = p_shard;
    end if;
    return v_ids;
end $$;
comment on function agentcorp.take_queued is 'Removes tasks from queued; returns those that stood there';

create function agentcorp.make_ready(p_shard smallint, p_ids bigint[], p_attempts smallint[], p_run_ats timestamptz[] default null, p_admitted boolean default false)
returns void language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_later bigint[];
    v_queued bigint[] := '{}';
begin
    v_later := array(select u.t from unnest(p_ids, p_run_ats) u(t, r) where u.r > v_now);
    if not p_admitted then
        v_queued := agentcorp.must_queue(p_shard, array(select i from unnest(p_ids) i where i <> all (v_later)));
    end if;
    insert into agentcorp.ready (seq, task_id, queue_id, priority, shard, attempt)
        -- A microsecond apart, so that a worker that remembers how far it has claimed skips those that are gone.
        select agentcorp.micros(v_now) + u.i - 1, t.id, t.queue_id, t.priority, s.shard, u.a
        from agentcorp.shard s cross join unnest(p_ids, p_attempts) with ordinality u(t, a, i)
        cross join lateral (select t.id, t.queue_id, t.priority from agentcorp.task t where t.id = u.t and t.shard = p_shard offset 0) t
        where s.shard = p_shard and u.t <> all (v_later) and u.t not in (select unnest(v_queued));
    if v_queued <> '{}' then
        -- `is true` keeps the planner from making a join of it, which could only be a nested loop here.
        perform agentcorp.queue_up(p_shard, array_agg(u.t order by u.i), array_agg(u.a order by u.i))
            from unnest(p_ids, p_attempts) with ordinality u(t, a, i) where (u.t in (select unnest(v_queued))) is true;
    end if;
    if v_later <> '{}' then
        insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
            select u.r, u.t, u.a, 0, s.shard from agentcorp.shard s cross join unnest(p_ids, p_attempts, p_run_ats) u(t, a, r)
            where s.shard = p_shard and u.t = any (v_later);
        perform agentcorp.wake_coordinator(p_shard);
    end if;
    perform agentcorp.wake(p_shard, q.queue_id)
        from (select distinct t.queue_id from agentcorp.task t where t.id = any (p_ids) and t.shard = p_shard) q;
end $$;
comment on function agentcorp.make_ready is
    'Puts tasks into ready, or into scheduled where their time has not come, or into queued where they have to be admitted; wakes their queues';

create function agentcorp.tolerates_failure(p_shard smallint, p_task bigint) returns boolean language sql stable as $$
    select coalesce((select t.policy ? 'on_error' from agentcorp.task t where t.id = p_task and t.shard = p_shard), false)
$$;
comment on function agentcorp.tolerates_failure is 'Whether the failure of a task counts as met for those who need it: on_error skip or default';

-- on_error forgives failures, not the decision of a person. What an `any` or quorum join no longer needed is nobody's failure.
create function agentcorp.counts_as_met(p_shard smallint, p_task bigint, p_outcome smallint, p_reason text) returns boolean language sql stable as $$
    select p_outcome in (1, 4) or p_reason is not distinct from 'not needed'
        or p_reason is distinct from 'cancelled' and agentcorp.tolerates_failure(p_shard, p_task)
$$;
comment on function agentcorp.counts_as_met is 'Whether a task that ended so counts as met for those who need it';

-- Leaves a blocked row for the task, with one more or several more needs to come, and says which gate they count for.
-- locks: fence, blocked, scheduled, ready
create function agentcorp.open_gate(p_shard smallint, p_task bigint, p_more int, p_may_run boolean) returns bigint language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_attempt smallint;
    v_gate bigint;
    v_phase smallint := 0;
    v_run_at timestamptz;
    v_from text;
begin
    v_attempt := agentcorp.hold(p_shard, p_task);
    -- After the hold, which waits for a pruner that is just taking the task away.
    perform 1 from agentcorp.task t where t.id = p_task and t.shard = p_shard;
    if not found then
        raise exception 'unknown task %', p_task using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    if v_attempt is null then
        raise exception 'task % has already ended', p_task using errcode = 'AC009',
            hint = 'Only an open task can be given subtasks or dependencies.';
    end if;
    select b.gate, b.phase into v_gate, v_phase from agentcorp.blocked b where b.task_id = p_task and b.shard = p_shard for update;
    if v_phase in (1, 3, 4, 5) and not p_may_run then
        raise exception 'task % is already running', p_task using errcode = 'AC009',
            hint = 'A dependency can be added only before a task starts; a running task waits by adding subtasks.';
    end if;
    if v_gate is not null then
        update agentcorp.blocked b set remaining = b.remaining + p_more where b.task_id = p_task and b.shard = p_shard;
        return v_gate;
    end if;
    delete from agentcorp.scheduled s where s.task_id = p_task and s.shard = p_shard returning s.run_at into v_run_at;
    if found then
        v_from := 'scheduled';
    elsif agentcorp.take_queued(p_shard, array[p_task]) <> '{}' then
        v_from := 'queued';
    elsif agentcorp.take_ready(p_shard, array[p_task]) <> '{}' then
        v_from := 'ready';
    elsif not p_may_run then
        raise exception 'task % is already running', p_task using errcode = 'AC009',
            hint = 'A dependency can be added only before a task starts; a running task waits by adding subtasks.';
    end if;
    v_gate := nextval('agentcorp.gate');
    v_phase := case when v_from is null then 1 else 0 end;
    insert into agentcorp.blocked (task_id, gate, run_at, remaining, quorum, attempt, phase, shard)
        select t.id, v_gate, v_run_at, p_more, agentcorp.parse_join(t.policy -> 'join'), v_attempt + v_phase, v_phase, p_shard
        from agentcorp.task t where t.id = p_task and t.shard = p_shard;
    if v_from is not null then
        perform agentcorp.move_counts(p_shard, array[p_task], v_from, 'blocked');
    end if;
    return v_gate;
end $$;
comment on function agentcorp.open_gate is 'Makes an open task wait for p_more further tasks; returns the gate for their edges';

-- locks: fence (needs ascending)
create function agentcorp.add_needs(p_shard smallint, p_task bigint, p_gate bigint, p_needs bigint[], out still_open int, out met int, out failed int)
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_need bigint;
    v_held smallint;
    v_last record;
begin
    still_open := 0; met := 0; failed := 0;
    for v_need in select distinct n from unnest(p_needs) n order by n loop
        v_held := agentcorp.hold(p_shard, v_need);
        select a.outcome, a.error ->> 'reason' reason into v_last from agentcorp.attempt a
            where a.shard = p_shard and a.task_id = v_need order by a.attempt desc limit 1;
        perform 1 from agentcorp.task t where t.id = v_need and t.shard = p_shard;
        if not found then
            raise exception 'unknown task % in needs', v_need using errcode = 'AC001',
                hint = case when agentcorp.shard_of(v_need) <> p_shard then 'A task can need only tasks of its own shard.'
                    else 'It may have been pruned, or its transaction is not committed yet.' end;
        end if;
        if v_held is not null then
            insert into agentcorp.dependency (needs_id, task_id, gate, shard) values (v_need, p_task, p_gate, p_shard) on conflict do nothing;
            if found then
                still_open := still_open + 1;
            end if;
        else
            if agentcorp.counts_as_met(p_shard, v_need, v_last.outcome, v_last.reason) then
                met := met + 1;
            else
                failed := failed + 1;
            end if;
        end if;
    end loop;
end $$;
comment on function agentcorp.add_needs is 'Adds an edge to each needed task that is still open, and counts those that have already ended';

-- locks: fence
create function agentcorp.end_tasks(p_shard smallint, p_ids bigint[], p_attempts smallint[], p_outcome smallint, p_error jsonb, p_worker bigint default null)
returns bigint[] language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_n int;
    v_won bigint[] := p_ids;
begin
    insert into agentcorp.attempt (task_id, finished_at, worker_id, attempt, outcome, shard, error)
        select u.t, v_now, p_worker, u.a, p_outcome, s.shard, p_error
        from agentcorp.shard s cross join unnest(p_ids, p_attempts) u(t, a)
        -- Not those that have ended and been pruned since the caller looked.
        cross join lateral (select from agentcorp.task t where t.id = u.t and t.shard = p_shard offset 0) t
        where s.shard = p_shard order by u.t on conflict do nothing;
    get diagnostics v_n = row_count;
    if v_n < cardinality(p_ids) then
        v_won := array(select a.task_id from agentcorp.attempt a
            where a.shard = p_shard and a.task_id = any(p_ids) and a.finished_at = v_now and a.outcome = p_outcome);
    end if;
    perform agentcorp.move_counts(p_shard, v_won, null, agentcorp.outcome_name(p_outcome));
    perform agentcorp.publish_ends(p_shard, v_won, p_outcome, p_error ->> 'reason');
    perform agentcorp.free_slots(p_shard, v_won);
    return v_won;
end $$;
comment on function agentcorp.end_tasks is 'Ends attempts with a final outcome; returns the tasks whose fence was still free';

create function agentcorp.publish_ends(p_shard smallint, p_ids bigint[], p_outcome smallint, p_reason text default null)
returns void language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now bigint := agentcorp.micros(agentcorp.clock());
    v_needed bigint[] := array(select distinct d.needs_id from agentcorp.dependency d where d.shard = p_shard and d.needs_id = any(p_ids));
begin
    if v_needed <> '{}' then
        insert into agentcorp.resolve (seq, needs_id, met, shard)
            select v_now, i, agentcorp.counts_as_met(p_shard, i, p_outcome, p_reason), s.shard
            from agentcorp.shard s cross join unnest(v_needed) i where s.shard = p_shard;
        perform agentcorp.wake_coordinator(p_shard);
    end if;
end $$;
comment on function agentcorp.publish_ends is 'Tells the resolver about ended tasks that others need';
