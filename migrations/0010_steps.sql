-- What a running task writes: steps and progress. Both need the lease: a worker that lost it is told so. And forks, which begin with
-- the steps of another task.

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

create function agentcorp.require_hold(p_shard smallint, p_task bigint, p_attempt int) returns void language plpgsql as $$
begin
    perform agentcorp.require_lease(p_shard, p_task, p_attempt);
    if agentcorp.hold(p_shard, p_task) is distinct from p_attempt then
        raise exception 'attempt % of task % has ended', p_attempt, p_task using errcode = 'AC002', hint = 'Stop: the task was cancelled, or another worker has it.';
    end if;
end $$;
comment on function agentcorp.require_hold is 'Raises AC002 unless this is the current attempt of the task, and keeps it so until the transaction ends';

create function agentcorp.step_get(task_id bigint, name text) returns jsonb language sql stable as $$
    select agentcorp.payload(s.value, s.shard) from agentcorp.step s
        where s.task_id = step_get.task_id and s.name = step_get.name and s.shard = agentcorp.shard_of(step_get.task_id)
$$;
comment on function agentcorp.step_get is 'The value of a step that this or an earlier attempt has computed, or null';

-- The first write wins: what a step computed once stays. The fence is held, so that a stale worker cannot write a step.
create function agentcorp.step_put(task_id bigint, attempt int, name text, value jsonb, once boolean default false) returns jsonb language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    if coalesce(name, '') = '' or length(name) > 500 then
        raise exception 'the name of a step is empty or over 500 characters' using errcode = 'AC007';
    end if;
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    value := agentcorp.store_payload(v_shard, task_id, 'step values', value);
    insert into agentcorp.step as s (task_id, created_at, attempt, shard, name, value)
        values (step_put.task_id, agentcorp.clock(), step_put.attempt, v_shard, step_put.name, coalesce(step_put.value, 'null')) on conflict do nothing;
    if once and not found then
        raise exception 'step "%" of task % is recorded already', name, task_id using errcode = 'AC009', hint = 'Roll back, and use what is recorded.';
    end if;
    return agentcorp.step_get(task_id, name);
end $$;
comment on function agentcorp.step_put is
    'Records the value of a step and returns what is recorded: the first one wins. With once, AC009 when it is not the first: roll back what belongs to it. AC002: the lease was lost';

create function agentcorp.steps(task_id bigint, inline_bytes int default null)
returns table (name text, attempt smallint, created_at timestamptz, bytes int, value jsonb) language plpgsql stable as $$
#variable_conflict use_column
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[steps.task_id]);
    perform 1 from agentcorp.task t where t.id = steps.task_id and t.shard = agentcorp.shard_of(steps.task_id);
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    end if;
    return query select s.name, s.attempt, s.created_at, b.bytes, case when inline_bytes is null or b.bytes <= inline_bytes then agentcorp.payload(s.value, s.shard) end
        from agentcorp.step s cross join lateral (select coalesce((s.value #>> '{$blob,size}')::int, pg_column_size(s.value)) bytes) b
        where s.task_id = steps.task_id and s.shard = agentcorp.shard_of(steps.task_id) order by s.created_at, s.name;
end $$;
comment on function agentcorp.steps is
    'The steps that a task has recorded, in their order; attempt 0 are those that a fork took over. Values that take more than inline_bytes are left out';

-- Rows are copied, so that a fork does not depend on how long its original is kept. What the original saw of other tasks until then
-- the fork finds through policy.forked_from (agentcorp.needs_of).
create function agentcorp.fork(task_id bigint, at_step text default null, args jsonb default null) returns bigint language plpgsql
set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_task agentcorp.task;
    v_step_at timestamptz;
    v_at timestamptz;
    v_names text[];
    v_id bigint;
begin
    select * into v_task from agentcorp.task t where t.id = fork.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    elsif v_task.policy ? 'batch' then
        raise exception 'task % is a batch', task_id using errcode = 'AC009', hint = 'A batch has no steps: fork one of its tasks.';
    end if;
    if at_step is not null then
        select s.created_at into v_step_at from agentcorp.step s where s.task_id = fork.task_id and s.name = at_step and s.shard = v_shard;
        if not found then
            v_names := array(select s.name from agentcorp.steps(task_id, 0) s);
            raise exception 'task % has no step "%"', task_id, at_step using errcode = 'AC001',
                hint = case when v_names = '{}' then 'It has recorded none. Leave the step out to begin from the start.'
                    else trim(concat(agentcorp.did_you_mean(at_step, v_names), ' Its steps: ', array_to_string(v_names[:20], ', '),
                        case when cardinality(v_names) > 20 then ', ...' else '.' end)) end;
        end if;
    end if;
    -- What the original did after the last step that is shared, the fork does itself.
    select coalesce(max(s.created_at), v_task.created_at) into v_at from agentcorp.step s
        where s.task_id = fork.task_id and s.shard = v_shard and (s.created_at, s.name) < (v_step_at, at_step);
    v_id := agentcorp.next_id(v_shard);
    insert into agentcorp.task (id, root_id, created_at, queue_id, priority, max_attempts, shard, kind, name, args, policy, tags, concurrency_key, ordered_key, tenant)
        values (v_id, v_id, v_now, v_task.queue_id, v_task.priority, v_task.max_attempts, v_shard, v_task.kind, v_task.name, coalesce(agentcorp.store_payload(v_shard, v_id, 'args', fork.args), v_task.args),
            coalesce(v_task.policy, '{}') - 'unique_key' || jsonb_build_object('forked_from', jsonb_build_object('task_id', task_id, 'step', at_step, 'at', v_at)),
            v_task.tags, v_task.concurrency_key, v_task.ordered_key, v_task.tenant);
    insert into agentcorp.step (task_id, created_at, attempt, shard, name, value)
        select v_id, s.created_at, 0, v_shard, s.name, s.value from agentcorp.step s
        where s.task_id = fork.task_id and s.shard = v_shard and (s.created_at, s.name) < (v_step_at, at_step);
    perform agentcorp.share_blobs(v_shard, task_id, v_id);
    perform agentcorp.make_ready(v_shard, array[v_id], array[1]::smallint[]);
    perform agentcorp.move_counts(v_shard, array[v_id], null, 'ready');
    return v_id;
end $$;
comment on function agentcorp.fork is
    'Starts a new run of a task, whatever its state: a root with the same kind, args (or others), queue and policy that has the steps recorded before at_step; that one and the later ones are computed again. Without at_step it begins from the start';

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
