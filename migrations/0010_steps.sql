-- What a running task writes: steps and progress. Both need the lease: a worker that lost it is told so.

create function agentcorp.require_lease(p_shard smallint, p_task bigint, p_attempt int) returns void language plpgsql as $$
begin
    if not exists (select from agentcorp.task t where t.id = p_task and t.shard = p_shard) then
        raise exception 'unknown task %', p_task using errcode = 'AC001';
    end if;
    if p_attempt is distinct from (select coalesce(max(a.attempt), 0) + 1 from agentcorp.attempt a where a.shard = p_shard and a.task_id = p_task) then
        raise exception 'attempt % of task % has ended', p_attempt, p_task using errcode = 'AC002', hint = 'Stop: the task was cancelled, or another worker has it.';
    end if;
end $$;
comment on function agentcorp.require_lease is 'Raises AC002 unless this is the current attempt of the task';

create function agentcorp.step_get(task_id bigint, name text) returns jsonb language sql stable as $$
    select agentcorp.payload(s.value, s.shard) from agentcorp.step s
        where s.task_id = step_get.task_id and s.name = step_get.name and s.shard = agentcorp.shard_of(step_get.task_id)
$$;
comment on function agentcorp.step_get is 'The value of a step that this or an earlier attempt has computed, or null';

-- The first write wins: what a step computed once stays. The fence is held, so that a stale worker cannot write a step.
create function agentcorp.step_put(task_id bigint, attempt int, name text, value jsonb) returns jsonb language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.require_lease(v_shard, task_id, attempt);
    if agentcorp.hold(v_shard, task_id) is distinct from attempt then
        raise exception 'attempt % of task % has ended', attempt, task_id using errcode = 'AC002', hint = 'Stop: the task was cancelled, or another worker has it.';
    end if;
    value := agentcorp.store_payload(v_shard, task_id, 'step values', value);
    insert into agentcorp.step as s (task_id, created_at, attempt, shard, name, value)
        values (step_put.task_id, agentcorp.clock(), step_put.attempt, v_shard, step_put.name, coalesce(step_put.value, 'null')) on conflict do nothing;
    return agentcorp.step_get(task_id, name);
end $$;
comment on function agentcorp.step_put is 'Records the value of a step and returns what is recorded: the first one wins. AC002: the lease was lost';

create function agentcorp.report_progress(task_id bigint, attempt int, fraction float8 default null, message text default null) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    if fraction not between 0 and 1 then
        raise exception 'fraction % is not between 0 and 1', fraction using errcode = 'AC007';
    end if;
    perform agentcorp.require_lease(v_shard, task_id, attempt);
    insert into agentcorp.progress as p (task_id, reported_at, fraction, attempt, shard, message)
        values (report_progress.task_id, agentcorp.clock(), report_progress.fraction, report_progress.attempt, v_shard, left(report_progress.message, 1000))
        on conflict on constraint progress_pkey do update set reported_at = excluded.reported_at, fraction = excluded.fraction, attempt = excluded.attempt, message = excluded.message;
end $$;
comment on function agentcorp.report_progress is 'Shows how far a running task is: a fraction from 0 to 1 and a line of text';
