-- Enqueue: one task, many tasks, bulk by COPY. All can be called inside the caller's own transaction.

create function agentcorp.check_payload(what text, payload jsonb) returns void language plpgsql immutable as $$
begin
    if pg_column_size(payload) > 262144 then
        raise exception '% are % KiB; the limit is 256 KiB', what, pg_column_size(payload) / 1024 using errcode = 'AC008',
            hint = 'Store large data elsewhere and pass a reference to it.';
    end if;
end $$;
comment on function agentcorp.check_payload is 'Refuses a value over 256 KiB where only small ones may stand';

create function agentcorp.max_payload() returns bigint language sql stable parallel safe as $$
    select pg_size_bytes(coalesce(nullif(current_setting('agentcorp.max_payload', true), ''), '64 MB'))
$$;
comment on function agentcorp.max_payload is
    'The largest payload in bytes, 64 MiB unless set: alter database ... set agentcorp.max_payload = ''100 MB''. Above about 200 MB jsonb has limits of its own';

-- Every args, output and step value comes through here. The small ones, nearly all, cost a look at their size.
create function agentcorp.store_payload(p_shard smallint, p_task bigint, what text, payload jsonb) returns jsonb language plpgsql as $$
begin
    if payload ? '$blob' and jsonb_typeof(payload) = 'object' then
        -- Only what this task has stored itself (agentcorp.store_output) is a reference; nobody can make one up.
        if exists (select from agentcorp.blob_use u where u.task_id = p_task and u.shard = p_shard
            and encode(u.sha256, 'hex') = payload #>> '{$blob,sha256}') and payload - '$blob' = '{}' then
            return payload;
        end if;
        raise exception '% have the reserved key "$blob" at the top level', what using errcode = 'AC007',
            hint = 'Such an object stands for a large payload. Put yours inside another object or an array.';
    end if;
    if pg_column_size(payload) > 262144 then
        return agentcorp.put_blob(p_shard, p_task, what, payload);
    end if;
    return payload;
end $$;
comment on function agentcorp.store_payload is
    'What to put into the column for a payload of a task: the payload itself, or a reference to a blob when it is over 256 KiB';

-- A blob that somebody is about to use is locked, so that it cannot be deleted before the use is visible; the deleter looks for uses
-- again when it has its own lock.
-- locks: blob (shared)
create function agentcorp.put_blob(p_shard smallint, p_task bigint, what text, payload jsonb) returns jsonb language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_text text;
    v_sha bytea;
begin
    if pg_column_size(payload) > agentcorp.max_payload() then
        raise exception '% are % MiB; the limit is % MiB', what, round(pg_column_size(payload) / 1048576.0, 1), round(agentcorp.max_payload() / 1048576.0, 1)
            using errcode = 'AC008', hint = 'Store such data elsewhere and pass a reference to it, or raise the setting agentcorp.max_payload.';
    end if;
    v_text := payload::text;
    v_sha := sha256(convert_to(v_text, 'UTF8'));
    loop
        perform 1 from agentcorp.blob b where b.sha256 = v_sha and b.shard = p_shard for key share;
        exit when found;
        insert into agentcorp.blob (created_at, size, shard, sha256, data)
            values (v_now, octet_length(v_text), p_shard, v_sha, payload) on conflict do nothing;
        exit when found;
    end loop;
    insert into agentcorp.blob_use (task_id, shard, sha256) values (p_task, p_shard, v_sha) on conflict do nothing;
    return jsonb_build_object('$blob', jsonb_strip_nulls(jsonb_build_object('sha256', encode(v_sha, 'hex'), 'size', octet_length(v_text),
        'key', payload #> '{$enc,k}', 'preview', case when payload #> '{$enc,k}' is null then left(v_text, 200) end)));
end $$;
comment on function agentcorp.put_blob is 'Stores a large payload of a task, or finds it stored already, and returns the reference to it';

create function agentcorp.payload(value jsonb, p_shard smallint default null) returns jsonb language plpgsql stable as $$
declare
    v_sha bytea;
    v_data jsonb;
begin
    if value ? '$blob' and jsonb_typeof(value) = 'object' then
        v_sha := decode(value #>> '{$blob,sha256}', 'hex');
        if p_shard is null then
            -- Equal content is equal in every shard.
            select b.data into v_data from agentcorp.blob b where b.sha256 = v_sha limit 1;
        else
            select b.data into v_data from agentcorp.blob b where b.sha256 = v_sha and b.shard = p_shard;
        end if;
        if v_data is null then
            raise exception 'blob % is missing', encode(v_sha, 'hex') using errcode = 'data_corrupted',
                hint = 'The task that used it was pruned, or rows were copied without agentcorp.share_blobs.';
        end if;
        return v_data;
    end if;
    return value;
end $$;
comment on function agentcorp.payload is 'A payload in full: what a reference to a blob stands for, and every other value as it is';

-- A root chooses its shard by its unique key, so that uniqueness is local and global at once; else at random.
create function agentcorp.choose_shard(p_key text) returns smallint language plpgsql as $$
declare
    v_shards smallint[] := array(select s.shard from agentcorp.shard s order by 1);
begin
    if cardinality(v_shards) = 1 then
        return v_shards[1];
    end if;
    return v_shards[1 + case when p_key is null then floor(random() * cardinality(v_shards))::int
        else (hashtextextended(p_key, 0) & 1048575)::int % cardinality(v_shards) end];
end $$;
comment on function agentcorp.choose_shard is 'The shard of a new tree';

-- Ends a task that no worker has claimed, with its open subtasks. False: it runs, or has ended.
-- locks: fence, blocked, scheduled, ready
create function agentcorp.withdraw(p_shard smallint, p_task bigint, p_error jsonb, out withdrawn boolean, out run_at timestamptz) language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_attempt smallint := agentcorp.hold(p_shard, p_task);
    v_from text;
begin
    withdrawn := false;
    if v_attempt is null then
        return;
    end if;
    select b.run_at into run_at from agentcorp.blocked b where b.task_id = p_task and b.shard = p_shard and b.phase = 0 for update;
    if found then
        perform agentcorp.cancel_trees(p_shard, array[p_task], p_error);
        withdrawn := true;
        return;
    end if;
    delete from agentcorp.scheduled s where s.task_id = p_task and s.shard = p_shard returning s.run_at into run_at;
    if found then
        v_from := 'scheduled';
    elsif agentcorp.take_queued(p_shard, array[p_task]) <> '{}' then
        v_from := 'queued';
    elsif agentcorp.take_ready(p_shard, array[p_task]) <> '{}' then
        v_from := 'ready';
    else
        return;
    end if;
    perform agentcorp.move_counts(p_shard, array[p_task], v_from, null);
    perform agentcorp.end_tasks(p_shard, array[p_task], array[v_attempt], 3::smallint, p_error);
    -- It may have run before, added subtasks, and be between two attempts.
    delete from agentcorp.blocked b where b.task_id = p_task and b.shard = p_shard;
    if found then
        delete from agentcorp.wait w where w.task_id = p_task and w.shard = p_shard;
        perform agentcorp.cancel_below(p_shard, array[p_task]);
    end if;
    withdrawn := true;
end $$;
comment on function agentcorp.withdraw is 'Cancels a task that has not been claimed; says whether it could, and when it was to run';

-- locks: unique_key, then for replace and debounce what withdraw locks
-- Takes the key for a new task. Returns the task that keeps the key instead, or null when the new one has it.
create function agentcorp.take_key(p_shard smallint, p_key text, p_task bigint, p_on_conflict text, out holder bigint, out run_at timestamptz)
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_outcome smallint;
    v_withdrawn record;
begin
    if p_on_conflict not in ('return', 'reject', 'replace', 'debounce') then
        raise exception 'on_conflict: "%" is not understood', p_on_conflict using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(p_on_conflict, '{return,reject,replace,debounce}'), ' Use return, reject, replace or debounce.'));
    end if;
    loop
        insert into agentcorp.unique_key (task_id, shard, key) values (p_task, p_shard, p_key) on conflict do nothing;
        if found then
            return;
        end if;
        select u.task_id into holder from agentcorp.unique_key u where u.key = p_key and u.shard = p_shard for update;
        exit when holder is not null;
    end loop;
    select a.outcome into v_outcome from agentcorp.attempt a where a.shard = p_shard and a.task_id = holder order by a.attempt desc limit 1;
    if v_outcome between 1 and 4 then
        holder := null;
    elsif p_on_conflict = 'reject' then
        raise exception 'unique key "%" is held by task %', p_key, holder using errcode = 'AC004',
            hint = 'Wait until that task ends, or use on_conflict => ''return'', ''replace'' or ''debounce''.';
    elsif p_on_conflict in ('replace', 'debounce') then
        -- A running holder keeps running without the key: what it was asked for is older than what is asked for now.
        v_withdrawn := agentcorp.withdraw(p_shard, holder, jsonb_build_object('reason', 'replaced', 'message', format('replaced by task %s', p_task)));
        run_at := case when p_on_conflict = 'replace' then v_withdrawn.run_at end;
        holder := null;
    end if;
    if holder is null then
        update agentcorp.unique_key u set task_id = p_task where u.key = p_key and u.shard = p_shard;
    end if;
end $$;
comment on function agentcorp.take_key is 'Gives a unique key to a task, or says which task keeps it';

-- A call does little, and each statement and each condition costs as much as a row: so one statement looks everything up, and one
-- condition tells the plain tasks, which are most, from those that have to be looked at closely.
create function agentcorp.enqueue(
    kind text, args jsonb default '{}', queue text default 'default', priority int default 4, run_at timestamptz default null,
    max_attempts int default 10, timeout interval default null, backoff text default null, unique_key text default null,
    on_conflict text default 'return', parent_id bigint default null, needs bigint[] default null, tags text[] default null,
    name text default null, join_rule jsonb default null, on_error jsonb default null, partition_key text default null,
    concurrency_key text default null, ordered_key text default null, tenant text default null)
returns bigint language plpgsql set enable_seqscan = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_queue int;
    v_limited boolean;
    v_guarded boolean;
    v_is_sharded boolean;
    v_shard smallint := 0;
    v_id bigint;
    v_is_plain boolean;
    v_run_at timestamptz := enqueue.run_at;
    v_policy jsonb;
    v_parent agentcorp.task;
    v_key record;
    v_gate bigint;
    v_needs record;
    v_quorum int;
    v_tenant text := enqueue.tenant;
    v_is_queued boolean := false;
    v_bound text;
begin
    select q.id, q.limited, (select c.relrowsecurity from pg_class c where c.oid = 'agentcorp.task'::regclass), exists (select from agentcorp.shard s where s.shard > 0)
        into v_queue, v_limited, v_guarded, v_is_sharded from agentcorp.queue q where q.name = enqueue.queue;
    -- Neither a place in a tree, nor a time, nor anything that it shares with others; and nothing to refuse.
    v_is_plain := coalesce(not v_guarded and not v_is_sharded and kind <> '' and length(kind) <= 200 and priority between 0 and 9 and max_attempts between 1 and 1000
        and num_nulls(tags, name, run_at, parent_id, needs, unique_key, partition_key, tenant, concurrency_key, ordered_key, timeout, backoff, join_rule, on_error) = 14
        and pg_column_size(args) <= 262144 and not args ? '$blob', false);
    if not v_is_plain then
        v_bound := agentcorp.bound_tenant();
        if v_bound is not null then
            perform agentcorp.confine(v_bound, tenant, needs || parent_id);
            v_tenant := v_bound;
            unique_key := v_bound || '/' || unique_key;
        end if;
        v_queue := agentcorp.queue_id(enqueue.queue);
        if coalesce(kind, '') = '' then
            raise exception 'kind is empty' using errcode = 'AC007', hint = 'Name the handler, as in agentcorp.enqueue(''command'', ...).';
        end if;
        if enqueue.priority is null or enqueue.priority not between 0 and 9 then
            raise exception 'priority % is not between 0 (most urgent) and 9', enqueue.priority using errcode = 'AC007';
        end if;
        if enqueue.max_attempts is null or enqueue.max_attempts not between 1 and 1000 then
            raise exception 'max_attempts % is not between 1 and 1000', enqueue.max_attempts using errcode = 'AC007';
        end if;
        if length(kind) > 200 or length(name) > 1000 or length(unique_key) > 1000 or exists (select from unnest(tags) t where t is null or length(t) > 1000) then
            raise exception 'kind, name, unique_key or a tag is too long, or a tag is null' using errcode = 'AC007',
                hint = 'A kind has at most 200 characters, the others at most 1000.';
        end if;
        if not isfinite(enqueue.run_at) then
            raise exception 'run_at is infinite' using errcode = 'AC007', hint = 'Give a moment, or leave it out to run at once.';
        end if;
        if array_position(needs, null) is not null then
            raise exception 'needs contains null' using errcode = 'AC007', hint = 'Pass the ids of existing tasks.';
        end if;
        if concurrency_key = '' or ordered_key = '' or tenant = '' or length(concurrency_key) > 200 or length(ordered_key) > 200 or length(tenant) > 200 then
            raise exception 'concurrency_key, ordered_key or tenant is empty or over 200 characters' using errcode = 'AC007', hint = 'Leave out what is not needed.';
        end if;
        if timeout is not null or backoff is not null or join_rule is not null or on_error is not null then
            v_policy := agentcorp.make_policy((extract(epoch from timeout) * 1000)::bigint, backoff, join_rule, on_error);
        end if;
        if parent_id is null then
            v_shard := case when needs <> '{}' then agentcorp.shard_of(needs[1]) else agentcorp.choose_shard(coalesce(unique_key, partition_key, concurrency_key, ordered_key)) end;
        else
            v_shard := agentcorp.shard_of(parent_id);
            -- A named subtask is added once: a parent that runs again after a crash finds it instead of adding a second. The fence
            -- makes two callers take turns.
            if name is not null then
                perform agentcorp.hold(v_shard, parent_id);
                select t.id into v_id from agentcorp.task t where t.parent_id = enqueue.parent_id and t.name = enqueue.name and t.shard = v_shard;
                if v_id is not null then
                    return v_id;
                end if;
            end if;
        end if;
    end if;
    v_id := agentcorp.next_id(v_shard);
    if not v_is_plain then
        if unique_key is not null then
            v_key := agentcorp.take_key(v_shard, unique_key, v_id, on_conflict);
            if v_key.holder is not null then
                if parent_id is not null and not exists (
                    select from agentcorp.task t where t.id = v_key.holder and t.shard = v_shard and t.parent_id = enqueue.parent_id) then
                    raise exception 'unique key "%" is held by task %, which is not a subtask of %', unique_key, v_key.holder, parent_id using errcode = 'AC004',
                        hint = 'Give the subtask a key of its own, or make the parent need that task.';
                end if;
                return v_key.holder;
            end if;
            v_run_at := coalesce(v_key.run_at, v_run_at);
            v_policy := coalesce(v_policy, '{}') || jsonb_build_object('unique_key', unique_key);
        end if;
        if parent_id is not null then
            if needs <> '{}' then
                -- The new task ties its parent to what it needs itself: as in add_dependency, two calls must not close a cycle together.
                perform 1 from agentcorp.shard s where s.shard = v_shard for update;
            end if;
            v_gate := agentcorp.open_gate(v_shard, parent_id, 1, true);
            select * into v_parent from agentcorp.task t where t.id = enqueue.parent_id and t.shard = v_shard;
            if v_parent.depth >= 1000 then
                raise exception 'task % is 1000 levels deep', parent_id using errcode = 'AC007', hint = 'A tree may be at most 1000 levels deep.';
            end if;
            v_tenant := coalesce(v_tenant, v_parent.tenant);
        end if;
        args := agentcorp.store_payload(v_shard, v_id, 'args', args);
        v_is_queued := concurrency_key is not null or ordered_key is not null or v_tenant is not null;
        if v_is_queued then
            perform agentcorp.gate_queues(array[v_queue]);
        end if;
    end if;

    insert into agentcorp.task (id, parent_id, root_id, created_at, queue_id, depth, priority, max_attempts, shard, kind, name, args, policy, tags, concurrency_key, ordered_key, tenant)
        values (v_id, enqueue.parent_id, coalesce(v_parent.root_id, v_id), v_now, v_queue, coalesce(v_parent.depth + 1, 0), enqueue.priority,
            enqueue.max_attempts, v_shard, enqueue.kind, enqueue.name, coalesce(enqueue.args, '{}'), v_policy, enqueue.tags,
            enqueue.concurrency_key, enqueue.ordered_key, v_tenant);
    if not v_is_plain then
        if ordered_key is not null and parent_id is not null then
            perform agentcorp.refuse_own_line(v_shard, array[v_id]);
        end if;
        if v_gate is not null then
            insert into agentcorp.dependency (needs_id, task_id, gate, shard) values (v_id, enqueue.parent_id, v_gate, v_shard);
        end if;

        if needs <> '{}' then
            if parent_id is not null then
                perform agentcorp.refuse_cycle(v_shard, parent_id, needs);
            end if;
            v_gate := nextval('agentcorp.gate');
            v_needs := agentcorp.add_needs(v_shard, v_id, v_gate, needs);
            v_quorum := agentcorp.parse_join(join_rule);
            if v_quorum > v_needs.still_open + v_needs.met + v_needs.failed then
                raise exception 'join: a quorum of % can never be reached with % needs', v_quorum, v_needs.still_open + v_needs.met + v_needs.failed
                    using errcode = 'AC007';
            elsif v_needs.failed > 0 and (v_quorum = 0 or v_quorum > v_needs.still_open + v_needs.met) then
                raise exception 'a task in needs has already failed' using errcode = 'AC009',
                    hint = 'Retry it first, or use join_rule => ''"settled"''.';
            end if;
            if v_needs.still_open > 0 then
                insert into agentcorp.blocked (task_id, gate, run_at, remaining, met, failed, quorum, attempt, phase, shard)
                    values (v_id, v_gate, v_run_at, v_needs.still_open, v_needs.met, v_needs.failed, v_quorum, 1, 0, v_shard);
                insert into agentcorp.count_delta (queue_id, blocked, shard) values (v_queue, 1, v_shard);
                perform agentcorp.settle_blocked(v_shard, array[v_id]);
                return v_id;
            end if;
        end if;
        if v_run_at > v_now then
            insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard) values (v_run_at, v_id, 1, 0, v_shard);
            insert into agentcorp.count_delta (queue_id, scheduled, shard) values (v_queue, 1, v_shard);
            if v_run_at < v_now + interval '1 second' then
                perform agentcorp.wake_coordinator(v_shard);
            end if;
            return v_id;
        end if;
    end if;
    insert into agentcorp.count_delta (queue_id, ready, shard) values (v_queue, 1, v_shard);
    if v_is_queued or v_limited then
        perform agentcorp.make_ready(v_shard, array[v_id], '{1}');
    else
        insert into agentcorp.ready (seq, task_id, queue_id, priority, shard, attempt)
            values (agentcorp.micros(v_now), v_id, v_queue, enqueue.priority, v_shard, 1);
        perform agentcorp.wake(v_shard, v_queue);
    end if;
    return v_id;
end $$;
comment on function agentcorp.enqueue is
    'Adds one task and returns its id. Everything but kind is optional; use named notation: agentcorp.enqueue(''command'', args => ''{"argv":["true"]}'')';

-- Rows without keys, needs or a parent are inserted as sets; the others one by one.
create function agentcorp.enqueue_many(tasks jsonb) returns setof bigint language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_shard smallint := agentcorp.choose_shard(null);
    v_nodes jsonb[];
    v_ids bigint[];
    v_node jsonb;
begin
    if jsonb_typeof(tasks) is distinct from 'array' then
        raise exception 'tasks is not an array' using errcode = 'AC007', hint = 'Pass [{"kind": "...", "args": {...}}, ...].';
    end if;
    v_nodes := array(select n from jsonb_array_elements(tasks) n);
    perform agentcorp.check_nodes(v_nodes, array(select '/' || i from generate_series(0, cardinality(v_nodes) - 1) i), false);
    if exists (select from unnest(v_nodes) n where n ?| '{unique_key,needs,parent_id,partition_key}') then
        foreach v_node in array v_nodes loop
            return next agentcorp.enqueue_node(v_node);
        end loop;
        return;
    end if;
    v_ids := array(select agentcorp.next_id(v_shard) from generate_series(1, cardinality(v_nodes)));
    perform agentcorp.place_free(v_shard, v_now, v_nodes, v_ids, agentcorp.insert_bodies(v_shard, v_now, v_nodes, v_ids));
    return query select unnest(v_ids);
end $$;
comment on function agentcorp.enqueue_many is
    'Adds an array of tasks in one call; each element has the fields of agentcorp.enqueue. Returns the ids in order';

create function agentcorp.enqueue_node(node jsonb) returns bigint language plpgsql as $$
begin
    return agentcorp.enqueue(node ->> 'kind', coalesce(node -> 'args', '{}'), coalesce(node ->> 'queue', 'default'), coalesce((node ->> 'priority')::int, 4),
        (node ->> 'run_at')::timestamptz, coalesce((node ->> 'max_attempts')::int, 10), (node ->> 'timeout')::interval, node ->> 'backoff',
        node ->> 'unique_key', coalesce(node ->> 'on_conflict', 'return'), (node ->> 'parent_id')::bigint,
        array(select (n #>> '{}')::bigint from jsonb_array_elements(node -> 'needs') n), agentcorp.text_array(node -> 'tags'), node ->> 'name',
        node -> 'join', node -> 'on_error', node ->> 'partition_key', node ->> 'concurrency_key', node ->> 'ordered_key', node ->> 'tenant');
end $$;
comment on function agentcorp.enqueue_node is 'Calls agentcorp.enqueue with the fields of a JSON object';

create function agentcorp.bulk_begin(queue text, n int, out ids bigint[], out queue_id int, out shard smallint, out seq bigint, out created_at timestamptz)
language plpgsql as $$
begin
    created_at := agentcorp.clock();
    seq := agentcorp.micros(created_at);
    queue_id := agentcorp.queue_id(queue);
    if (select q.limited from agentcorp.queue q where q.id = bulk_begin.queue_id) then
        raise exception 'queue "%" is limited: its tasks cannot be loaded in bulk', queue using errcode = 'AC009', hint = 'Use agentcorp.enqueue_many.';
    end if;
    shard := agentcorp.choose_shard(null);
    ids := array(select agentcorp.next_id(bulk_begin.shard) from generate_series(1, n));
end $$;
comment on function agentcorp.bulk_begin is
    'Reserves n ids for a bulk load. In the same transaction COPY into agentcorp.task and agentcorp.ready with them (seq counts up from the one given), then call agentcorp.bulk_end';

create function agentcorp.bulk_end(p_shard smallint, p_queue int, n int) returns void language plpgsql as $$
begin
    insert into agentcorp.count_delta (queue_id, ready, shard) values (p_queue, n, p_shard);
    perform agentcorp.wake(p_shard, p_queue);
end $$;
comment on function agentcorp.bulk_end is 'Counts the loaded tasks and wakes the workers';
