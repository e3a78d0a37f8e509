-- Trees: nested tasks with needs by name, added in one transaction.

create function agentcorp.text_array(list jsonb) returns text[] language sql immutable as $$
    select case when jsonb_typeof(list) = 'array' then array(select e from jsonb_array_elements_text(list) e) end
$$;
comment on function agentcorp.text_array is 'A JSON array of strings as a text array';

create function agentcorp.node_policy(node jsonb) returns jsonb language sql immutable as $$
    select nullif(coalesce(agentcorp.make_policy(
        agentcorp.milliseconds(node ->> 'timeout', 'timeout'), node ->> 'backoff', node -> 'join', node -> 'on_error'), '{}')
        || case when node ? 'unique_key' then jsonb_build_object('unique_key', node -> 'unique_key') else '{}' end, '{}')
$$;
comment on function agentcorp.node_policy is 'The policy column for a JSON task';

create function agentcorp.check_nodes(nodes jsonb[], pointers text[], may_nest boolean) returns void language plpgsql as $$
declare
    v_fields text[] := '{kind,name,args,queue,priority,run_at,max_attempts,timeout,backoff,tags,needs,join,on_error,
        concurrency_key,ordered_key,tenant}';
    v_bad record;
    v_detail text;
    v_hint text;
    v_queues text[] := array(select q.name from agentcorp.queue q);
    v_max bigint := agentcorp.max_payload();
begin
    v_fields := v_fields || case when may_nest then '{subtasks,sequential}'::text[] else '{unique_key,on_conflict,parent_id,partition_key}' end;
    select x.n, x.p, case
        when jsonb_typeof(x.n) <> 'object' then 'is not an object'
        when x.n - v_fields <> '{}' then 'field'
        when jsonb_typeof(x.n -> 'kind') is distinct from 'string' or x.n ->> 'kind' = '' then '/kind is missing or not a string'
        when jsonb_typeof(x.n -> 'name') <> 'string' then '/name is not a string'
        when length(x.n ->> 'kind') > 200 then '/kind is over 200 characters'
        when length(x.n ->> 'name') > 1000 then '/name is over 1000 characters'
        when pg_column_size(x.n -> 'args') > v_max then 'large'
        when x.n -> 'args' ? '$blob' and jsonb_typeof(x.n -> 'args') = 'object' then '/args has the reserved key "$blob" at the top level'
        when x.n ->> 'queue' <> all (v_queues) then 'queue'
        when x.n ? 'priority' and (jsonb_typeof(x.n -> 'priority') <> 'number' or x.n ->> 'priority' !~ '^[0-9]$') then '/priority is not a whole number from 0 to 9'
        when x.n ? 'max_attempts' and (jsonb_typeof(x.n -> 'max_attempts') <> 'number' or x.n ->> 'max_attempts' !~ '^([1-9][0-9]{0,2}|1000)$')
            then '/max_attempts is not a whole number from 1 to 1000'
        when x.n ?| '{concurrency_key,ordered_key,tenant}' and exists (select from jsonb_each(x.n) f where f.key in ('concurrency_key', 'ordered_key', 'tenant')
            and (jsonb_typeof(f.value) <> 'string' or length(f.value #>> '{}') not between 1 and 200)) then '/concurrency_key, /ordered_key or /tenant is not a string of 1 to 200 characters'
        when x.n ?| '{tags,needs,subtasks,sequential,unique_key,parent_id,timeout,backoff,run_at}' then case
            when jsonb_typeof(x.n -> 'tags') <> 'array' or jsonb_path_exists(x.n, '$.tags[*] ? (@.type() != "string")') then '/tags is not an array of strings'
            when jsonb_typeof(x.n -> 'needs') <> 'array' then '/needs is not an array'
            when jsonb_path_exists(x.n, case when may_nest then '$.needs[*] ? (@.type() != "string")' else '$.needs[*] ? (@.type() != "number" || @.floor() != @)' end::jsonpath)
                then case when may_nest then '/needs is not an array of names of siblings' else '/needs is not an array of task ids' end
            when jsonb_typeof(x.n -> 'subtasks') <> 'array' then '/subtasks is not an array'
            when jsonb_typeof(x.n -> 'sequential') <> 'boolean' then '/sequential is not true or false'
            when jsonb_typeof(x.n -> 'timeout') <> 'string' then '/timeout is not a duration such as "30s"'
            when jsonb_typeof(x.n -> 'backoff') <> 'string' then '/backoff is not a string such as "1s..60s"'
            when jsonb_typeof(x.n -> 'run_at') <> 'string' then '/run_at is not a string such as "2030-01-31T12:00:00Z"'
            when jsonb_typeof(x.n -> 'unique_key') <> 'string' then '/unique_key is not a string'
            when jsonb_typeof(x.n -> 'parent_id') <> 'number' then '/parent_id is not a task id' end
        end problem
        into v_bad from unnest(nodes, pointers) x(n, p)
        where case
        when jsonb_typeof(x.n) <> 'object' then true
        when x.n - v_fields <> '{}' or jsonb_typeof(x.n -> 'kind') is distinct from 'string' or x.n ->> 'kind' = ''
            or jsonb_typeof(x.n -> 'name') <> 'string' or length(x.n ->> 'kind') > 200 or length(x.n ->> 'name') > 1000 or pg_column_size(x.n -> 'args') > v_max or
            x.n -> 'args' ? '$blob' and jsonb_typeof(x.n -> 'args') = 'object' or x.n ->> 'queue' <> all (v_queues)
            or x.n ? 'priority' and (jsonb_typeof(x.n -> 'priority') <> 'number' or x.n ->> 'priority' !~ '^[0-9]$')
            or x.n ? 'max_attempts' and (jsonb_typeof(x.n -> 'max_attempts') <> 'number' or x.n ->> 'max_attempts' !~ '^([1-9][0-9]{0,2}|1000)$') then true
        when x.n ?| '{concurrency_key,ordered_key,tenant}' and exists (select from jsonb_each(x.n) f where f.key in ('concurrency_key', 'ordered_key', 'tenant')
            and (jsonb_typeof(f.value) <> 'string' or length(f.value #>> '{}') not between 1 and 200)) then true
        when x.n ?| '{tags,needs,subtasks,sequential,unique_key,parent_id,timeout,backoff,run_at}' then
            jsonb_typeof(x.n -> 'tags') <> 'array' or jsonb_path_exists(x.n, '$.tags[*] ? (@.type() != "string")')
            or jsonb_typeof(x.n -> 'needs') <> 'array'
            or jsonb_path_exists(x.n, case when may_nest then '$.needs[*] ? (@.type() != "string")' else '$.needs[*] ? (@.type() != "number" || @.floor() != @)' end::jsonpath)
            or jsonb_typeof(x.n -> 'subtasks') <> 'array' or jsonb_typeof(x.n -> 'sequential') <> 'boolean'
            or jsonb_typeof(x.n -> 'timeout') <> 'string' or jsonb_typeof(x.n -> 'backoff') <> 'string' or jsonb_typeof(x.n -> 'run_at') <> 'string'
            or jsonb_typeof(x.n -> 'unique_key') <> 'string' or jsonb_typeof(x.n -> 'parent_id') <> 'number'
        else false end limit 1;
    if found then
        if v_bad.problem = 'field' then
            perform agentcorp.refuse_unknown_fields(coalesce(nullif(v_bad.p, ''), '/'), v_bad.n, v_fields);
        elsif v_bad.problem = 'large' then
            raise exception '%/args are % MiB; the limit is % MiB', v_bad.p, round(pg_column_size(v_bad.n -> 'args') / 1048576.0, 1), round(v_max / 1048576.0, 1)
                using errcode = 'AC008', hint = 'Store such data elsewhere and pass a reference to it, or raise the setting agentcorp.max_payload.';
        elsif v_bad.problem = 'queue' then
            raise exception '%/queue: unknown queue "%"', v_bad.p, v_bad.n ->> 'queue' using errcode = 'AC006',
                hint = trim(concat(agentcorp.did_you_mean(v_bad.n ->> 'queue', v_queues), format(' Create it with: select agentcorp.create_queue(%L)', v_bad.n ->> 'queue')));
        end if;
        raise exception '%', case when v_bad.problem like '/%' then v_bad.p || v_bad.problem else concat_ws(' ', coalesce(nullif(v_bad.p, ''), '/'), v_bad.problem) end
            using errcode = 'AC007';
    end if;
    for v_bad in select x.n, x.p from unnest(nodes, pointers) x(n, p) where x.n ?| '{timeout,backoff,join,on_error,run_at}' loop
        begin
            perform agentcorp.node_policy(v_bad.n);
            if not isfinite((v_bad.n ->> 'run_at')::timestamptz) then
                raise exception 'run_at is infinite' using errcode = 'AC007', hint = 'Give a moment, or leave it out to run at once.';
            end if;
        exception when sqlstate 'AC007' or invalid_datetime_format or datetime_field_overflow then
            get stacked diagnostics v_detail = message_text, v_hint = pg_exception_hint;
            raise exception '%: %', coalesce(nullif(v_bad.p, ''), '/'), v_detail using errcode = 'AC007', hint = v_hint;
        end;
    end loop;
end $$;
comment on function agentcorp.check_nodes is 'Refuses malformed JSON tasks, with a JSON pointer to the first fault';

create function agentcorp.insert_bodies(p_shard smallint, p_now timestamptz, p_nodes jsonb[], p_ids bigint[],
    p_parents bigint[] default null, p_root bigint default null, p_depths int[] default null)
returns int[] language plpgsql set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_bound text := agentcorp.bound_tenant();
    v_names text[];
    v_ids int[];
    v_queues int[];
begin
    if v_bound is not null then
        perform agentcorp.confine(v_bound, x.n ->> 'tenant', null) from unnest(p_nodes) x(n);
        p_nodes := array(select x.n || jsonb_build_object('tenant', v_bound) from unnest(p_nodes) with ordinality x(n, i) order by x.i);
    end if;
    if exists (select from unnest(p_nodes) n where pg_column_size(n) > 262144) then
        p_nodes := array(select case when pg_column_size(x.n) > 262144 and x.n ? 'args'
                then x.n || jsonb_build_object('args', agentcorp.store_payload(p_shard, x.id, 'args', x.n -> 'args')) else x.n end
            from unnest(p_nodes, p_ids) with ordinality x(n, id, i) order by x.i);
    end if;
    -- In memory: there are few queues, and a join would look one up for each task.
    select array_agg(q.name), array_agg(q.id) into v_names, v_ids from agentcorp.queue q;
    v_queues := array(select v_ids[array_position(v_names, coalesce(x.n ->> 'queue', 'default'))] from unnest(p_nodes) with ordinality x(n, i) order by x.i);
    insert into agentcorp.task (id, parent_id, root_id, created_at, queue_id, depth, priority, max_attempts, shard, kind, name, args, policy, tags,
            concurrency_key, ordered_key, tenant)
        select x.id, x.parent, coalesce(p_root, x.id), p_now, x.queue, coalesce(x.depth, 0), coalesce((x.n ->> 'priority')::smallint, 4),
            coalesce((x.n ->> 'max_attempts')::smallint, 10), s.shard, x.n ->> 'kind', x.n ->> 'name', coalesce(x.n -> 'args', '{}'),
            -- Not called where there is nothing: as functions with subqueries they cost as much as all the rest of the row.
            case when x.n ?| '{timeout,backoff,join,on_error,unique_key}' then agentcorp.node_policy(x.n) end,
            case when x.n ? 'tags' then agentcorp.text_array(x.n -> 'tags') end, x.n ->> 'concurrency_key', x.n ->> 'ordered_key', x.n ->> 'tenant'
        from agentcorp.shard s cross join unnest(p_nodes, p_ids, v_queues, p_parents, p_depths) x(n, id, queue, parent, depth) where s.shard = p_shard;
    if exists (select from unnest(p_nodes) n where n ?| '{concurrency_key,ordered_key,tenant}') then
        perform agentcorp.gate_queues(array(select distinct x.queue from unnest(p_nodes, v_queues) x(n, queue) where x.n ?| '{concurrency_key,ordered_key,tenant}'));
        if exists (select from unnest(p_nodes, p_parents) x(n, parent) where x.n ? 'ordered_key' and x.parent is not null) then
            perform agentcorp.refuse_own_line(p_shard, p_ids);
        end if;
    end if;
    return v_queues;
end $$;
comment on function agentcorp.insert_bodies is 'Inserts the bodies of checked JSON tasks; returns the queue of each';

create function agentcorp.place_free(p_shard smallint, p_now timestamptz, p_nodes jsonb[], p_ids bigint[], p_queues int[]) returns void language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_later boolean[] := array(select coalesce((n ->> 'run_at')::timestamptz > p_now, false) from unnest(p_nodes) with ordinality x(n, i) order by x.i);
    v_queued bigint[] := agentcorp.must_queue(p_shard, array(select x.id from unnest(p_ids, v_later) x(id, later) where not x.later));
begin
    insert into agentcorp.ready (seq, task_id, queue_id, priority, shard, attempt)
        select agentcorp.micros(p_now) + x.i - 1, x.id, x.queue, coalesce((x.n ->> 'priority')::smallint, 4), s.shard, 1
        from agentcorp.shard s cross join unnest(p_nodes, p_ids, p_queues, v_later) with ordinality x(n, id, queue, later, i)
        where s.shard = p_shard and not x.later and (v_queued = '{}' or x.id not in (select unnest(v_queued)));
    if v_queued <> '{}' then
        perform agentcorp.queue_up(p_shard, v_queued, array_fill(1::smallint, array[cardinality(v_queued)]));
    end if;
    if true = any (v_later) then
        insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
            select (x.n ->> 'run_at')::timestamptz, x.id, 1, 0, s.shard
            from agentcorp.shard s cross join unnest(p_nodes, p_ids, v_later) x(n, id, later) where s.shard = p_shard and x.later;
        perform agentcorp.wake_coordinator(p_shard);
    end if;
    insert into agentcorp.count_delta (queue_id, ready, scheduled, shard)
        select x.queue, count(*) filter (where not x.later), count(*) filter (where x.later), p_shard from unnest(p_queues, v_later) x(queue, later) group by 1;
    perform agentcorp.wake(p_shard, q.id) from (select distinct u.id from unnest(p_queues) u(id)) q;
end $$;
comment on function agentcorp.place_free is 'Puts new tasks that need nothing where they belong: ready, queued or scheduled; counts them, and wakes their queues';

-- Kahn (1962): take away what needs nothing that is left; who remains needs a cycle. Then follow needs among those who remain, as often
-- as there are nodes: that ends on the cycle itself.
create function agentcorp.find_cycle(p_n int, p_from int[], p_to int[]) returns int[] language plpgsql immutable set jit = off as $$
declare
    v_open int[] := array_fill(0, array[p_n]);
    v_dependants int[];
    v_first int[] := array_fill(0, array[p_n + 1]);
    v_queue int[];
    v_need int[];
    v_head int := 1;
    v_node int;
    v_edge int;
begin
    v_dependants := array(select e.a from unnest(p_from, p_to) e(a, b) order by e.b, e.a);
    for v_node, v_edge in select e.a, count(*) from unnest(p_from) e(a) group by 1 loop
        v_open[v_node] := v_edge;
    end loop;
    -- Where the dependants of each node begin
    for v_node, v_edge in select e.b, count(*) from unnest(p_to) e(b) group by 1 loop
        v_first[v_node + 1] := v_edge;
    end loop;
    v_first[1] := 1;
    for i in 1 .. p_n loop
        v_first[i + 1] := v_first[i] + v_first[i + 1];
    end loop;
    v_queue := array(select i from generate_series(1, p_n) i except select unnest(p_from));
    while v_head <= cardinality(v_queue) loop
        v_node := v_queue[v_head];
        v_head := v_head + 1;
        for v_edge in v_first[v_node] .. v_first[v_node + 1] - 1 loop
            v_open[v_dependants[v_edge]] := v_open[v_dependants[v_edge]] - 1;
            if v_open[v_dependants[v_edge]] = 0 then
                v_queue := v_queue || v_dependants[v_edge];
            end if;
        end loop;
    end loop;
    if cardinality(v_queue) = p_n then
        return null;
    end if;
    v_need := array_fill(0, array[p_n]);
    for v_node, v_edge in select e.a, min(e.b) from unnest(p_from, p_to) e(a, b) where v_open[e.a] > 0 and v_open[e.b] > 0 group by 1 loop
        v_need[v_node] := v_edge;
    end loop;
    v_node := (select min(e.a) from unnest(p_from) e(a) where v_need[e.a] > 0);
    for i in 1 .. p_n loop
        v_node := v_need[v_node];
    end loop;
    v_queue := array[v_node];
    while v_need[v_node] <> v_queue[1] loop
        v_node := v_need[v_node];
        v_queue := v_queue || v_node;
    end loop;
    -- Told from its first node
    v_edge := array_position(v_queue, (select min(q) from unnest(v_queue) q));
    return v_queue[v_edge:] || v_queue[:v_edge - 1] || v_queue[v_edge];
end $$;
comment on function agentcorp.find_cycle is 'The nodes of a cycle, the first one again at the end; null when there is none';

create function agentcorp.enqueue_tree(tree jsonb, parent_id bigint default null, unique_key text default null, on_conflict text default 'return',
    partition_key text default null) returns bigint language plpgsql as $$
begin
    return (agentcorp.insert_trees(array[tree], array[''], parent_id, unique_key, on_conflict, partition_key))[1];
end $$;
comment on function agentcorp.enqueue_tree is
    'Adds a task with nested "subtasks" in one transaction and returns its id. A task runs after its subtasks; "needs" names siblings; "sequential" makes each subtask need the one before it';

create function agentcorp.insert_trees(p_trees jsonb[], p_pointers text[], p_parent bigint, p_key text default null, p_on_conflict text default 'return',
    p_partition text default null) returns bigint[] language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_shard smallint;
    v_nodes jsonb[];
    v_pointers text[];
    v_parents int[];
    v_sequential boolean[];
    v_depths int[];
    v_ids bigint[];
    v_names text[];
    v_n int;
    v_parent agentcorp.task;
    v_parent_gate bigint;
    v_root bigint;
    v_gate bigint := nextval('agentcorp.gate');
    v_bad record;
    v_lost int;
    v_need text;
    v_cycle int[];
    v_from int[];
    v_to int[];
    v_outer_task int[];
    v_outer_need bigint[];
    v_known bigint[];
    v_blocked bigint[];
    v_tops bigint[];
    v_key record;
    v_tenant jsonb;
    v_bound text := agentcorp.bound_tenant();
begin
    if v_bound is not null then
        perform agentcorp.confine(v_bound, null, array[p_parent]);
        p_key := v_bound || '/' || p_key;
    end if;
    if p_parent is not null then
        if p_key is not null then
            raise exception 'unique_key is for a tree of its own, not for a subtask' using errcode = 'AC007', hint = 'Give the subtask a name: it is then added once.';
        end if;
        -- A named subtask is added once: a parent that runs again after a crash finds it, with all that was added below it. The
        -- fence makes two callers take turns.
        v_shard := agentcorp.shard_of(p_parent);
        perform agentcorp.hold(v_shard, p_parent);
        select to_jsonb(t.tenant) into v_tenant from agentcorp.task t where t.id = p_parent and t.shard = v_shard;
        if v_tenant is null and not exists (select from unnest(p_trees) n where jsonb_typeof(n) <> 'object' or n ?| '{name,needs,subtasks,sequential,join}') then
            return agentcorp.insert_leaves(v_shard, p_parent, p_trees, p_pointers);
        end if;
        v_known := array(select (select t.id from agentcorp.task t where t.parent_id = p_parent and t.name = x.n ->> 'name' and t.shard = v_shard limit 1)
            from unnest(p_trees) with ordinality x(n, i) order by x.i);
        if array_position(v_known, null) is null then
            return v_known;
        end if;
        p_pointers := array(select x.p from unnest(p_pointers, v_known) with ordinality x(p, k, i) where x.k is null order by x.i);
        p_trees := array(select x.n from unnest(p_trees, v_known) with ordinality x(n, k, i) where x.k is null order by x.i);
    end if;
    -- 1. the tree as rows: a node, its parent's number, a pointer to say where an error is
    with recursive node(n, tenant, p, path, depth) as (
        select x.n, coalesce(x.n -> 'tenant', v_tenant), x.p, array[x.i::int], 0 from unnest(p_trees, p_pointers) with ordinality x(n, p, i)
        union all
        select c.n, coalesce(c.n -> 'tenant', node.tenant), node.p || '/subtasks/' || c.i - 1, node.path || c.i::int, node.depth + 1
        from node cross join lateral jsonb_array_elements(case when jsonb_typeof(node.n -> 'subtasks') = 'array' then node.n -> 'subtasks' else '[]' end)
            with ordinality c(n, i) where node.depth <= 1000
    ), numbered as (select node.*, row_number() over (order by path) i from node)
    select array_agg(a.n - 'subtasks' || case when a.n ? 'subtasks' and jsonb_typeof(a.n -> 'subtasks') <> 'array' then jsonb_build_object('subtasks', a.n -> 'subtasks') else '{}' end
            || case when a.tenant is not null then jsonb_build_object('tenant', a.tenant) else '{}' end
            order by a.i) filter (where jsonb_typeof(a.n) = 'object'),
        array_agg(a.p order by a.i), array_agg(coalesce(b.i, 0) order by a.i), array_agg(a.depth order by a.i), count(*)
        into v_nodes, v_pointers, v_parents, v_depths, v_n
        from numbered a left join numbered b on b.path = a.path[:cardinality(a.path) - 1];
    if cardinality(v_nodes) is distinct from v_n then
        raise exception 'a task in the tree is not an object' using errcode = 'AC007', hint = 'Each task is {"kind": "...", ...}.';
    end if;
    perform agentcorp.check_nodes(v_nodes, v_pointers, true);
    if v_depths[(select u.i from unnest(v_depths) with ordinality u(d, i) order by u.d desc limit 1)] > 1000 then
        raise exception 'the tree is over 1000 levels deep' using errcode = 'AC007';
    end if;
    v_sequential := array(select coalesce((x.n -> 'sequential')::boolean, false) from unnest(v_nodes) with ordinality x(n, i) order by x.i);
    v_names := array(select coalesce(x.n ->> 'name', x.p) from unnest(v_nodes, v_pointers) with ordinality x(n, p, i) order by x.i);

    -- 2. needs: names of siblings, or the sibling before where the parent is sequential
    select x.p into v_bad from (
        select x.p, row_number() over (partition by v_parents[x.i], x.n ->> 'name' order by x.i) copy
        from unnest(v_nodes, v_pointers) with ordinality x(n, p, i) where x.n ? 'name') x where x.copy > 1 limit 1;
    if found then
        raise exception '%/name: "%" is the name of another sibling', v_bad.p, v_names[array_position(v_pointers, v_bad.p)] using errcode = 'AC007',
            hint = 'Names must differ among siblings.';
    end if;
    with edge as (
        select x.i, d.need, s.i j, k.id known
        from unnest(v_nodes) with ordinality x(n, i) cross join lateral jsonb_array_elements_text(x.n -> 'needs') d(need)
        left join unnest(v_nodes) with ordinality s(n, i) on s.n ->> 'name' = d.need and v_parents[s.i] = v_parents[x.i]
        left join lateral (select t.id from agentcorp.task t where s.i is null and v_parents[x.i] = 0
            and t.parent_id = p_parent and t.name = d.need and t.shard = v_shard limit 1) k on true
        where x.n ? 'needs'
        union
        select x.i, null, x.before, null from (select u.i, lag(u.i) over (partition by v_parents[u.i] order by u.i) before from unnest(v_nodes) with ordinality u(n, i)) x
        where x.before is not null and v_sequential[v_parents[x.i]]
    )
    select array_agg(e.i) filter (where e.j is not null), array_agg(e.j) filter (where e.j is not null),
            array_agg(e.i) filter (where e.known is not null), array_agg(e.known) filter (where e.known is not null),
            (array_agg(e.i) filter (where e.j is null and e.known is null))[1], (array_agg(e.need) filter (where e.j is null and e.known is null))[1]
        into v_from, v_to, v_outer_task, v_outer_need, v_lost, v_need from edge e;
    if v_need is not null then
        raise exception '%/needs: there is no sibling named "%"', v_pointers[v_lost], v_need using errcode = 'AC001',
            hint = coalesce(nullif(agentcorp.did_you_mean(v_need, array(select s.n ->> 'name' from unnest(v_nodes) with ordinality s(n, i)
                where v_parents[s.i] = v_parents[v_lost] and s.n ? 'name')), ''), 'A task can need its siblings, by their names.');
    end if;
    -- 3. cycles: only an edge that points forward can close one
    if exists (select from unnest(v_from, v_to) e(a, b) where e.b >= e.a) then
        v_cycle := agentcorp.find_cycle(v_n, v_from, v_to);
        if v_cycle is not null then
            raise exception 'the tree has a cycle: %', (select string_agg(format('"%s"', v_names[u.n]), ' needs ' order by u.i)
                from unnest(v_cycle) with ordinality u(n, i) where u.i <= 10)
                || case when cardinality(v_cycle) > 10 then format(' ... and so on, over %s tasks', cardinality(v_cycle) - 1) else '' end using errcode = 'AC003',
                hint = 'Remove one of these needs.';
        end if;
    end if;

    -- 4. where it hangs
    if p_parent is null then
        v_shard := agentcorp.choose_shard(coalesce(p_key, p_partition));
        v_ids := array(select agentcorp.next_id(v_shard) from generate_series(1, v_n));
        v_root := v_ids[1];
        if p_key is not null then
            v_key := agentcorp.take_key(v_shard, p_key, v_root, p_on_conflict);
            if v_key.holder is not null then
                return array[v_key.holder];
            end if;
            v_nodes[1] := v_nodes[1] || jsonb_build_object('unique_key', p_key);
            if v_key.run_at is not null then
                v_nodes[1] := v_nodes[1] || jsonb_build_object('run_at', v_key.run_at);
            end if;
        end if;
    else
        v_parent_gate := agentcorp.open_gate(v_shard, p_parent, cardinality(p_trees), true);
        select * into v_parent from agentcorp.task t where t.id = p_parent and t.shard = v_shard;
        v_root := v_parent.root_id;
        v_ids := array(select agentcorp.next_id(v_shard) from generate_series(1, v_n));
        v_depths := array(select d + v_parent.depth + 1 from unnest(v_depths) with ordinality u(d, i) order by i);
    end if;
    if p_parent is not null and v_depths[(select i from unnest(v_depths) with ordinality u(d, i) order by d desc limit 1)] > 1000 then
        raise exception 'the tree is over 1000 levels deep' using errcode = 'AC007';
    end if;

    -- 5. a subtask without needs of its own starts after what its parent needs: the whole subtree waits, not only its last task
    with recursive own(a, b, known) as (
        select e.a, e.b, null::bigint from unnest(v_from, v_to) e(a, b)
        union all select o.a, null, o.known from unnest(v_outer_task, v_outer_need) o(a, known)
    ), edge(a, b, known) as (
        select own.a, own.b, own.known from own
        union
        select c.i::int, edge.b, edge.known from edge join unnest(v_parents) with ordinality c(parent, i) on c.parent = edge.a
        where not exists (select from own where own.a = c.i)
    )
    select array_agg(edge.a) filter (where edge.b is not null), array_agg(edge.b) filter (where edge.b is not null),
            array_agg(edge.a) filter (where edge.b is null), array_agg(edge.known) filter (where edge.b is null)
        into v_from, v_to, v_outer_task, v_outer_need from edge;
    select u.p, x.n into v_bad
        from (select y.i, count(*) n from (select unnest(v_from) i union all select unnest(v_outer_task) union all select p from unnest(v_parents) p where p > 0) y group by 1) x
        join unnest(v_nodes, v_pointers) with ordinality u(node, p, i) on u.i = x.i
        where u.node ? 'join' and agentcorp.parse_join(u.node -> 'join') > x.n limit 1;
    if found then
        raise exception '%/join: the quorum can never be reached with % needs', v_bad.p, v_bad.n using errcode = 'AC007',
            hint = 'Needs and subtasks count towards it.';
    end if;

    -- 6. rows
    perform agentcorp.insert_bodies(v_shard, v_now, v_nodes, v_ids,
        array(select coalesce(v_ids[p], p_parent) from unnest(v_parents) with ordinality u(p, i) order by i), v_root, v_depths);
    insert into agentcorp.dependency (needs_id, task_id, gate, shard)
        select e.a, e.b, e.g, s.shard from agentcorp.shard s cross join (
            select v_ids[x.b], v_ids[x.a], v_gate from unnest(v_from, v_to) x(a, b)
            union all select v_ids[x.i], coalesce(v_ids[x.p], p_parent), case when x.p = 0 then v_parent_gate else v_gate end
            from unnest(v_parents) with ordinality x(p, i) where x.p > 0 or p_parent is not null) e(a, b, g)
        where s.shard = v_shard;
    insert into agentcorp.blocked (task_id, gate, run_at, remaining, quorum, attempt, phase, shard)
        select u.id, v_gate, (u.node ->> 'run_at')::timestamptz, x.n, agentcorp.parse_join(u.node -> 'join'), 1, 0, s.shard
        from agentcorp.shard s cross join (
            select y.i, count(*) n from (select unnest(v_from) i union all select p from unnest(v_parents) p where p > 0) y group by 1) x
        join unnest(v_nodes, v_ids) with ordinality u(node, id, i) on u.i = x.i
        where s.shard = v_shard;
    v_blocked := array(select b.task_id from agentcorp.blocked b where b.shard = v_shard and b.task_id = any (v_ids));
    perform agentcorp.move_counts(v_shard, v_blocked, null, 'blocked');
    select array_agg(x.id order by x.id) ids, array_agg(1::smallint) attempts, array_agg((x.n ->> 'run_at')::timestamptz order by x.id) run_ats
        into v_bad from unnest(v_ids, v_nodes) x(id, n) where x.id <> all (v_blocked);
    if v_bad.ids is not null then
        perform agentcorp.make_ready(v_shard, v_bad.ids, v_bad.attempts, v_bad.run_ats);
        perform agentcorp.move_counts(v_shard, array(select i from unnest(v_bad.ids, v_bad.run_ats) u(i, r) where r > v_now), null, 'scheduled');
        perform agentcorp.move_counts(v_shard, array(select i from unnest(v_bad.ids, v_bad.run_ats) u(i, r) where r is null or r <= v_now), null, 'ready');
    end if;
    for v_bad in select u.a, u.known from unnest(v_outer_task, v_outer_need) u(a, known) order by 1, 2 loop
        perform agentcorp.add_dependency(v_ids[v_bad.a], v_bad.known);
    end loop;
    v_tops := array(select v_ids[i] from unnest(v_parents) with ordinality u(p, i) where p = 0 order by i);
    if p_parent is null then
        return v_tops;
    end if;
    return array(select coalesce(x.k, v_tops[count(*) filter (where x.k is null) over (order by x.i)]) from unnest(v_known) with ordinality x(k, i) order by x.i);
end $$;
comment on function agentcorp.insert_trees is 'Checks and inserts trees, as roots or as subtasks of an open task; returns the ids of the tops';

-- A fan-out: thousands alike, with nothing between them and nothing below them.
create function agentcorp.insert_leaves(p_shard smallint, p_parent bigint, p_nodes jsonb[], p_pointers text[]) returns bigint[] language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_n int := cardinality(p_nodes);
    v_gate bigint;
    v_parent agentcorp.task;
    v_ids bigint[];
    v_queues int[];
begin
    perform agentcorp.check_nodes(p_nodes, p_pointers, true);
    v_gate := agentcorp.open_gate(p_shard, p_parent, v_n, true);
    select * into v_parent from agentcorp.task t where t.id = p_parent and t.shard = p_shard;
    if v_parent.depth >= 1000 then
        raise exception 'the tree is over 1000 levels deep' using errcode = 'AC007';
    end if;
    v_ids := array(select agentcorp.next_id(p_shard) from generate_series(1, v_n));
    v_queues := agentcorp.insert_bodies(p_shard, v_now, p_nodes, v_ids, array_fill(p_parent, array[v_n]), v_parent.root_id, array_fill(v_parent.depth + 1, array[v_n]));
    insert into agentcorp.dependency (needs_id, task_id, gate, shard)
        select i, p_parent, v_gate, s.shard from agentcorp.shard s cross join unnest(v_ids) i where s.shard = p_shard;
    perform agentcorp.place_free(p_shard, v_now, p_nodes, v_ids, v_queues);
    return v_ids;
end $$;
comment on function agentcorp.insert_leaves is 'Inserts subtasks of an open task that need nothing and have no subtasks themselves';

create function agentcorp.add_subtask(parent_id bigint, kind text, args jsonb default '{}', queue text default 'default', priority int default 4,
    run_at timestamptz default null, max_attempts int default 10, timeout interval default null, backoff text default null,
    needs bigint[] default null, tags text[] default null, name text default null, on_error jsonb default null,
    concurrency_key text default null, ordered_key text default null, tenant text default null) returns bigint language sql as $$
    select agentcorp.enqueue(kind, args, queue, priority, run_at, max_attempts, timeout, backoff, null, 'return', parent_id, needs, tags, name, null, on_error,
        null, concurrency_key, ordered_key, tenant)
$$;
comment on function agentcorp.add_subtask is
    'Adds a subtask to an open task, which then ends only after it. A subtask with a name is added once: a second call returns the first';

create function agentcorp.add_subtasks(parent_id bigint, subtasks jsonb) returns setof bigint language plpgsql as $$
begin
    if jsonb_typeof(subtasks) is distinct from 'array' then
        raise exception 'subtasks is not an array' using errcode = 'AC007', hint = 'Pass [{"kind": "...", ...}, ...].';
    end if;
    if subtasks = '[]' then
        return;
    end if;
    return query select unnest(agentcorp.insert_trees(array(select n from jsonb_array_elements(subtasks) n),
        array(select '/' || i from generate_series(0, jsonb_array_length(subtasks) - 1) i), parent_id));
end $$;
comment on function agentcorp.add_subtasks is 'Adds several subtasks (which may have subtasks, and need each other or earlier ones) to an open task at once. One with a name is added once: a second call returns the first';

create function agentcorp.add_complex_task(description text, subtasks jsonb, kind text default 'noop', args jsonb default '{}') returns bigint language sql as $$
    select agentcorp.enqueue_tree(jsonb_build_object('name', description, 'kind', kind, 'args', args, 'subtasks', subtasks))
$$;
comment on function agentcorp.add_complex_task is 'Adds a task that is made of subtasks, described in words; it completes when they all have';

-- Only an edge of an open gate makes anybody wait. Each task is visited once, however many ways lead to it.
create function agentcorp.refuse_cycle(p_shard smallint, p_task bigint, p_needs bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_seen bigint[] := array[p_task];
    v_before bigint[] := array[null::bigint];
    v_next bigint[];
    v_from bigint[];
    v_at bigint;
    v_path bigint[];
begin
    with recursive walk(id) as (
        select p_task
        union
        select b.task_id from walk w
        cross join lateral (select d.task_id, d.gate from agentcorp.dependency d where d.needs_id = w.id and d.shard = p_shard offset 0) d
        cross join lateral (select b.task_id from agentcorp.blocked b where b.task_id = d.task_id and b.shard = p_shard and b.gate = d.gate offset 0) b
    )
    select w.id into v_at from walk w where w.id = any (p_needs) limit 1;
    if not found then
        return;
    end if;
    while v_at <> all (v_seen) loop
        select array_agg(x.id), array_agg(x.come) into v_next, v_from from (
            select distinct on (b.task_id) b.task_id id, d.needs_id come
            from agentcorp.dependency d join agentcorp.blocked b on b.task_id = d.task_id and b.shard = p_shard and b.gate = d.gate
            where d.shard = p_shard and d.needs_id = any (v_seen) and d.task_id <> all (v_seen)) x;
        v_seen := v_seen || v_next;
        v_before := v_before || v_from;
    end loop;
    while v_at is not null loop
        v_path := v_path || v_at;
        v_at := v_before[array_position(v_seen, v_at)];
    end loop;
    raise exception 'that would be a cycle: % needs %', p_task, array_to_string(v_path, ' needs ') using errcode = 'AC003', hint = 'Nothing was changed.';
end $$;
comment on function agentcorp.refuse_cycle is 'Raises AC003 when a task would come to need itself';

-- locks: shard (so that two calls cannot close a cycle together), fence, blocked, scheduled, ready
create function agentcorp.add_dependency(task_id bigint, needs_id bigint) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_gate bigint;
    v_needs record;
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[task_id, needs_id]);
    if agentcorp.shard_of(needs_id) <> v_shard then
        raise exception 'tasks % and % are in different shards', task_id, needs_id using errcode = 'AC007',
            hint = 'Enqueue both in one tree or with the same partition_key.';
    end if;
    perform 1 from agentcorp.shard s where s.shard = v_shard for update;
    perform agentcorp.refuse_cycle(v_shard, task_id, array[needs_id]);
    if exists (select from agentcorp.dependency d join agentcorp.blocked b on b.task_id = d.task_id and b.gate = d.gate and b.shard = v_shard
        where d.needs_id = add_dependency.needs_id and d.task_id = add_dependency.task_id and d.shard = v_shard) then
        return;
    end if;
    v_gate := agentcorp.open_gate(v_shard, task_id, 0, false);
    v_needs := agentcorp.add_needs(v_shard, task_id, v_gate, array[needs_id]);
    if v_needs.failed > 0 and exists (select from agentcorp.blocked b where b.task_id = add_dependency.task_id and b.shard = v_shard and b.quorum = 0) then
        raise exception 'task % has already failed', needs_id using errcode = 'AC009', hint = 'Retry it first.';
    end if;
    update agentcorp.blocked b set remaining = b.remaining + v_needs.still_open, met = b.met + v_needs.met, failed = b.failed + v_needs.failed
        where b.task_id = add_dependency.task_id and b.shard = v_shard;
    perform agentcorp.settle_blocked(v_shard, array[task_id]);
end $$;
comment on function agentcorp.add_dependency is
    'Makes a task that has not started wait for another one. AC003 when that would be a cycle; a needed task that is just finishing is not missed';
