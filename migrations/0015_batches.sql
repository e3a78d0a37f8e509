-- Batches: groups of tasks that grow while they run and call back when they have settled. A batch is a task that never runs: its
-- members are its subtasks, it stands in `blocked` (phase 5 while it is open, 3 once it is sealed), and the resolver ends it
-- with its last member. Its args are the callbacks. So whatever works on trees works on batches.

-- Released together with its table, which is empty when this runs.
-- squawk-ignore require-concurrent-index-creation
create index task_batch on agentcorp.task (id) where policy ? 'batch';

create function agentcorp.check_callback(p_called text, p_callback jsonb) returns void language plpgsql as $$
declare
    v_field text;
begin
    perform agentcorp.check_nodes(array[p_callback], array['/' || p_called], true);
    select f into v_field from unnest('{subtasks,sequential,needs,join}'::text[]) f where p_callback ? f limit 1;
    if found then
        raise exception '/%/%: a callback is a single task', p_called, v_field using errcode = 'AC007',
            hint = 'What belongs to the work itself goes into the batch: a member with subtasks runs after them.';
    end if;
    if jsonb_typeof(p_callback -> 'args') <> 'object' then
        raise exception '/%/args is not an object', p_called using errcode = 'AC007', hint = 'The summary of the batch is added to it as "batch".';
    end if;
end $$;
comment on function agentcorp.check_callback is 'Refuses what cannot be enqueued when a batch settles';

-- locks: fence (of the parent), unique_key, blocked
create function agentcorp.create_batch(name text default null, tasks jsonb default null, on_complete jsonb default null, on_failure jsonb default null,
    on_settled jsonb default null, sealed boolean default null, parent_id bigint default null, unique_key text default null,
    queue text default 'default', tags text[] default null, tenant text default null) returns bigint language plpgsql set enable_seqscan = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_queue int := agentcorp.queue_id(create_batch.queue);
    v_callbacks jsonb := case when on_complete is null then '{}' else jsonb_build_object('on_complete', on_complete) end
        || case when on_failure is null then '{}' else jsonb_build_object('on_failure', on_failure) end
        || case when on_settled is null then '{}' else jsonb_build_object('on_settled', on_settled) end;
    v_shard smallint;
    v_id bigint;
    v_holder bigint;
    v_parent agentcorp.task;
    v_gate bigint;
    v_callback record;
    v_bound text := agentcorp.bound_tenant();
begin
    if v_bound is not null then
        perform agentcorp.confine(v_bound, tenant, array[parent_id]);
        perform agentcorp.confine(v_bound, c.value ->> 'tenant', null) from jsonb_each(v_callbacks) c;
        tenant := v_bound;
        unique_key := v_bound || '/' || unique_key;
    end if;
    if length(name) > 1000 or length(unique_key) > 1000 or exists (select from unnest(tags) t where t is null or length(t) > 1000) then
        raise exception 'name, unique_key or a tag is over 1000 characters, or a tag is null' using errcode = 'AC007';
    end if;
    if tenant = '' or length(tenant) > 200 then
        raise exception 'tenant is empty or over 200 characters' using errcode = 'AC007', hint = 'Leave out what is not needed.';
    end if;
    for v_callback in select c.key, c.value from jsonb_each(v_callbacks) c loop
        perform agentcorp.check_callback(v_callback.key, v_callback.value);
    end loop;
    -- The summary must still fit beside the args of each.
    if pg_column_size(v_callbacks) > 245760 then
        raise exception 'the callbacks are % KiB; the limit is 240 KiB', pg_column_size(v_callbacks) / 1024 using errcode = 'AC008',
            hint = 'Store large data elsewhere and pass a reference to it.';
    end if;
    v_shard := case when parent_id is null then agentcorp.choose_shard(unique_key) else agentcorp.shard_of(parent_id) end;
    -- As any named subtask, and any task with a key: added once.
    if parent_id is not null and name is not null then
        perform agentcorp.hold(v_shard, parent_id);
        select t.id into v_id from agentcorp.task t where t.parent_id = create_batch.parent_id and t.name = create_batch.name and t.shard = v_shard;
        if v_id is not null then
            return v_id;
        end if;
    end if;
    v_id := agentcorp.next_id(v_shard);
    if unique_key is not null then
        v_holder := (agentcorp.take_key(v_shard, unique_key, v_id, 'return')).holder;
        if v_holder is not null then
            if not exists (select from agentcorp.task t where t.id = v_holder and t.shard = v_shard and t.policy ? 'batch'
                and t.parent_id is not distinct from create_batch.parent_id) then
                raise exception 'unique key "%" is held by task %', unique_key, v_holder using errcode = 'AC004',
                    hint = 'That is no batch, or it has another parent: choose another key.';
            end if;
            return v_holder;
        end if;
    end if;
    if parent_id is not null then
        v_gate := agentcorp.open_gate(v_shard, parent_id, 1, true);
        select * into v_parent from agentcorp.task t where t.id = create_batch.parent_id and t.shard = v_shard;
        if v_parent.depth >= 1000 then
            raise exception 'task % is 1000 levels deep', parent_id using errcode = 'AC007', hint = 'A tree may be at most 1000 levels deep.';
        end if;
        insert into agentcorp.dependency (needs_id, task_id, gate, shard) values (v_id, create_batch.parent_id, v_gate, v_shard);
    end if;
    insert into agentcorp.task (id, parent_id, root_id, created_at, queue_id, depth, shard, kind, name, args, policy, tags, tenant)
        values (v_id, create_batch.parent_id, coalesce(v_parent.root_id, v_id), v_now, v_queue, coalesce(v_parent.depth + 1, 0), v_shard, 'batch',
            create_batch.name, v_callbacks,
            jsonb_build_object('batch', true) || case when unique_key is null then '{}' else jsonb_build_object('unique_key', unique_key) end, create_batch.tags,
            coalesce(create_batch.tenant, v_parent.tenant));
    insert into agentcorp.blocked (task_id, gate, remaining, quorum, attempt, phase, shard)
        values (v_id, nextval('agentcorp.gate'), 0, -2, 1, 5, v_shard);
    insert into agentcorp.count_delta (queue_id, blocked, shard) values (v_queue, 1, v_shard);
    if tasks is not null then
        perform agentcorp.add_to_batch(v_id, tasks);
    end if;
    if coalesce(sealed, tasks is not null) then
        perform agentcorp.seal_batch(v_id);
    end if;
    return v_id;
end $$;
comment on function agentcorp.create_batch is
    'Adds a batch, a group of tasks, and returns its id. With tasks it is sealed at once, without it stays open until agentcorp.seal_batch. When all its tasks have ended, the tasks on_complete (all succeeded) or on_failure (one did not) and on_settled (however) are enqueued, with the batch''s summary in their args';

create function agentcorp.require_batch(p_shard smallint, p_batch bigint) returns void language plpgsql as $$
declare
    v_is_batch boolean;
begin
    select coalesce(t.policy ? 'batch', false) into v_is_batch from agentcorp.task t where t.id = p_batch and t.shard = p_shard;
    if v_is_batch is null then
        raise exception 'unknown batch %', p_batch using errcode = 'AC001', hint = 'Look it up with: agentcorp batches list';
    elsif not v_is_batch then
        raise exception 'task % is no batch', p_batch using errcode = 'AC007', hint = 'Create one with agentcorp.create_batch; to any other task add subtasks.';
    end if;
end $$;
comment on function agentcorp.require_batch is 'Raises AC001 or AC007 unless the task is a batch';

-- locks: fence (of the batch), blocked: once for a call, however many tasks it brings
create function agentcorp.add_to_batch(batch_id bigint, tasks jsonb) returns setof bigint language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(batch_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[batch_id]);
    perform agentcorp.require_batch(v_shard, batch_id);
    if jsonb_typeof(tasks) is distinct from 'array' then
        raise exception 'tasks is not an array' using errcode = 'AC007', hint = 'Pass [{"kind": "...", "args": {...}}, ...].';
    end if;
    if exists (select from agentcorp.attempt a where a.task_id = batch_id and a.shard = v_shard and a.outcome between 1 and 4) then
        raise exception 'batch % has settled', batch_id using errcode = 'AC009',
            hint = 'A batch that is to grow stays open until agentcorp.seal_batch; one of its own tasks can add to it at any time.';
    end if;
    return query select agentcorp.add_subtasks(batch_id, tasks);
end $$;
comment on function agentcorp.add_to_batch is
    'Adds tasks to a batch that has not settled, and returns their ids in order. They may have subtasks and need each other by name; one with a name is added once';

-- locks: blocked, then what settle_blocked locks
create function agentcorp.seal_batch(batch_id bigint) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(batch_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[batch_id]);
    perform agentcorp.require_batch(v_shard, batch_id);
    update agentcorp.blocked b set phase = 3 where b.task_id = batch_id and b.shard = v_shard and b.phase = 5;
    if found then
        perform agentcorp.settle_blocked(v_shard, array[batch_id]);
    end if;
end $$;
comment on function agentcorp.seal_batch is
    'Says that a batch is complete as far as the caller is concerned: it settles when its tasks have ended, which may add more until then. Sealing it again changes nothing';

-- The fence makes the callbacks once: whoever ends the batch enqueues them in the same transaction.
-- locks: blocked (held by the caller), fence
create function agentcorp.settle_batch(p_shard smallint, p_batch bigint) returns void language plpgsql set enable_seqscan = off as $$
declare
    v agentcorp.blocked;
    v_total int;
begin
    delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = p_batch returning b.* into v;
    v_total := v.met + v.failed;
    perform agentcorp.move_counts(p_shard, array[p_batch], 'blocked', null);
    if agentcorp.end_tasks(p_shard, array[p_batch], array[v.attempt], case when v.failed = 0 then 1 else 2 end::smallint,
        case when v.failed > 0 then jsonb_build_object('reason', 'batch', 'message', format('%s of %s tasks did not succeed', v.failed, v_total)) end) <> '{}' then
        perform agentcorp.announce_batch(p_shard, p_batch, case when v.failed = 0 then 'completed' else 'failed' end, 0, v.met, v.failed);
    end if;
end $$;
comment on function agentcorp.settle_batch is 'Ends a batch whose tasks have ended';

-- A callback that the queue refuses must not hold up the resolver, which would hold up everybody: the summary tells.
create function agentcorp.announce_batch(p_shard smallint, p_batch bigint, p_state text, p_pending int, p_met int, p_failed int) returns void
language plpgsql set enable_seqscan = off as $$
declare
    v_batch agentcorp.task;
    v_summary jsonb;
    v_called jsonb := '{}';
    v_tenant jsonb;
    v record;
begin
    select * into v_batch from agentcorp.task t where t.id = p_batch and t.shard = p_shard;
    v_summary := jsonb_build_object('id', p_batch, 'name', v_batch.name, 'state', p_state,
        'total', p_pending + p_met + p_failed, 'pending', p_pending, 'completed', p_met, 'failed', p_failed);
    v_tenant := case when v_batch.tenant is not null then jsonb_build_object('tenant', v_batch.tenant) end;
    for v in select c.key, c.value from jsonb_each(v_batch.args) c
        where c.key = 'on_settled' or c.key = 'on_complete' and p_state = 'completed' or c.key = 'on_failure' and p_state = 'failed' order by c.key
    loop
        begin
            -- That it needs the batch, which has ended, only brings it into the batch's shard.
            v_called := v_called || jsonb_build_object(v.key, agentcorp.enqueue_node(coalesce(v_tenant, '{}') || v.value || jsonb_build_object('needs', jsonb_build_array(p_batch),
                'join', 'settled', 'args', coalesce(v.value -> 'args', '{}') || jsonb_build_object('batch', v_summary))));
        exception when others then
            if sqlstate not like 'AC%' then
                raise;
            end if;
            v_called := v_called || jsonb_build_object(v.key, jsonb_build_object('refused', sqlerrm));
        end;
    end loop;
    perform agentcorp.put_output(p_shard, p_batch, v_summary || case when v_called = '{}' then '{}' else jsonb_build_object('callbacks', v_called) end);
end $$;
comment on function agentcorp.announce_batch is 'Enqueues the callbacks of a batch that has just ended, and leaves its summary as its output';

create view agentcorp.batches as
select t.id, t.name, q.name queue, t.parent_id, t.tags,
    coalesce(agentcorp.outcome_name(l.outcome), 'waiting') state, b.phase is distinct from 5 sealed, n.total, n.pending, n.completed, n.failed,
    case when n.total > 0 then (n.completed + n.failed)::real / n.total when l.outcome is null then 0 else 1 end::real progress,
    t.created_at, l.finished_at
from agentcorp.task t
join agentcorp.queue q on q.id = t.queue_id
left join agentcorp.blocked b on b.task_id = t.id and b.shard = t.shard
left join lateral (select a.outcome, a.finished_at from agentcorp.attempt a
    where a.task_id = t.id and a.shard = t.shard and a.outcome between 1 and 4 order by a.attempt desc limit 1) l on true
left join agentcorp.output o on o.task_id = t.id and o.shard = t.shard and b.task_id is null
cross join lateral (select coalesce(b.remaining + b.met + b.failed, (o.result ->> 'total')::int) total, coalesce(b.remaining, (o.result ->> 'pending')::int) pending,
    coalesce(b.met, (o.result ->> 'completed')::int) completed, coalesce(b.failed, (o.result ->> 'failed')::int) failed) n
where t.policy ? 'batch';
comment on view agentcorp.batches is
    'Batches with how far they are: state is waiting, completed, failed or cancelled. Counted as the tasks end, never by looking at them';
