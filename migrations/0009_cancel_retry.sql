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
begin
    loop
        with recursive tree(id) as (
            select unnest(p_roots) union select t.id from tree
            cross join lateral (select t.id from agentcorp.task t where t.parent_id = tree.id and t.shard = p_shard offset 0) t)
        select array_agg(tree.id order by tree.id) into v_ids from tree;
        select array_agg(q.id order by q.id) ids, array_agg(q.next order by q.id) attempts into v_open from (
            select i id, (coalesce(l.attempt, 0) + 1)::smallint as next, l.outcome from unnest(v_ids) i
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
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    end if;
    return agentcorp.cancel_trees(v_shard, array[task_id], jsonb_build_object('reason', 'cancelled', 'message', coalesce(reason, 'cancelled by request')));
end $$;
comment on function agentcorp.cancel is
    'Cancels a task with everything open below it and returns how many that were; running ones are stopped through the heartbeat of their worker. 0: it had ended already';

create function agentcorp.last_outcome(p_shard smallint, p_task bigint) returns table (attempt smallint, outcome smallint, reason text) language sql stable as $$
    select a.attempt, a.outcome, a.error ->> 'reason' from agentcorp.attempt a
    where a.shard = p_shard and a.task_id = p_task order by a.attempt desc limit 1
$$;
comment on function agentcorp.last_outcome is 'How the latest attempt of a task ended';

-- Retrying one task puts everything back to work that failed with it or because of it: the needs that failed, the dependants that
-- were cancelled as a consequence, and the subtasks that were cancelled with those.
-- locks: resolve, unique_key, fence (task id ascending), blocked, scheduled, ready
create function agentcorp.retry(task_id bigint) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_last record;
    v_set bigint[] := array[task_id];
    v_new bigint[] := array[task_id];
    v_unread bigint[] := '{}';
    v record;
    v_gate bigint;
    v_needs record;
    v_met int;
    v_waiting bigint[];
begin
    perform 1 from agentcorp.task t where t.id = retry.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
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
        update agentcorp.attempt a set outcome = 14 where a.shard = v_shard and a.task_id = v.id and a.attempt = v.attempt and a.outcome = v.outcome;
        if not found then
            raise exception 'task % was retried by somebody else just now', v.id using errcode = 'AC009';
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
    for v in select t.id, t.policy, l.attempt from agentcorp.task t
        cross join lateral agentcorp.last_outcome(v_shard, t.id) l where t.id = any (v_set) and t.shard = v_shard order by t.id
    loop
        v_gate := nextval('agentcorp.gate');
        v_needs := agentcorp.add_needs(v_shard, v.id, v_gate, array(select distinct d.needs_id from agentcorp.dependency d where d.task_id = v.id and d.shard = v_shard));
        if v_needs.still_open = 0 and not coalesce(v.policy ? 'batch', false) then
            perform agentcorp.make_ready(v_shard, array[v.id], array[v.attempt + 1]::smallint[]);
            perform agentcorp.move_counts(v_shard, array[v.id], null, 'ready');
        else
            insert into agentcorp.blocked (task_id, gate, remaining, met, failed, quorum, attempt, phase, shard)
                values (v.id, v_gate, v_needs.still_open, v_needs.met, v_needs.failed,
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
    'Puts a failed, cancelled or skipped task back to work, with fresh attempts, and with it whatever failed with it or was cancelled because of it. Returns how many tasks that were';

create function agentcorp.retry_many(filter jsonb default '{}') returns int language plpgsql as $$
declare
    v_known text[] := '{state,kind,queue,tag,since,until,error,limit}';
    v_field text;
    v_n int := 0;
    v_outcome smallint;
    v_queue int;
    v_since timestamptz;
    v_until timestamptz;
    v_limit int;
    v record;
begin
    if jsonb_typeof(filter) is distinct from 'object' then
        raise exception 'filter is not an object' using errcode = 'AC007', hint = 'Pass {"state": "failed", ...}; {} means all that have failed.';
    end if;
    select k into v_field from jsonb_object_keys(filter) k where k <> all (v_known) limit 1;
    if found then
        raise exception 'filter: unknown field "%"', v_field using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(v_field, v_known), ' Known fields: ', array_to_string(v_known, ', '), '.'));
    end if;
    v_outcome := case coalesce(filter ->> 'state', 'failed') when 'failed' then 2 when 'cancelled' then 3 when 'skipped' then 4 end;
    if v_outcome is null then
        raise exception 'filter: state "%" cannot be retried', filter ->> 'state' using errcode = 'AC007', hint = 'Use failed, cancelled or skipped.';
    end if;
    begin
        v_since := filter ->> 'since';
        v_until := filter ->> 'until';
        v_limit := filter ->> 'limit';
    exception when invalid_datetime_format or datetime_field_overflow or invalid_text_representation or numeric_value_out_of_range then
        raise exception 'filter: %', sqlerrm using errcode = 'AC007', hint = '"since" and "until" are moments, "limit" is a whole number.';
    end;
    if v_limit < 0 then
        raise exception 'filter: limit % is negative', v_limit using errcode = 'AC007';
    end if;
    v_queue := case when filter ->> 'queue' is not null then agentcorp.queue_id(filter ->> 'queue') end;
    for v in
        select a.task_id from agentcorp.attempt a join agentcorp.task t on t.id = a.task_id and t.shard = a.shard
        where a.outcome = v_outcome
        and (filter ->> 'kind' is null or t.kind = filter ->> 'kind')
        and (v_queue is null or t.queue_id = v_queue)
        and (filter ->> 'tag' is null or filter ->> 'tag' = any (t.tags))
        and (v_since is null or a.finished_at >= v_since)
        and (v_until is null or a.finished_at < v_until)
        and (filter ->> 'error' is null or strpos(a.error ->> 'message', filter ->> 'error') > 0)
        order by a.task_id limit v_limit
    loop
        -- An earlier retry of this call may have put it back to work already.
        if (select l.outcome from agentcorp.last_outcome(agentcorp.shard_of(v.task_id), v.task_id) l) = v_outcome then
            begin
                v_n := v_n + agentcorp.retry(v.task_id);
            exception when sqlstate 'AC004' or sqlstate 'AC009' then
                -- Its parent has ended, or a newer task holds its key: it stays as it is and holds up no other.
                null;
            end;
        end if;
    end loop;
    return v_n;
end $$;
comment on function agentcorp.retry_many is
    'Retries all tasks that match: {"state": "failed", "kind", "queue", "tag", "since", "until", "error": text in the message, "limit"}. Returns how many tasks went back to work; those that retry refuses stay as they are';
