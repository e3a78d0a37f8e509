-- Plans: documents under a name, and the runs of them. A version is immutable, and a run keeps the ones that it began with, those of the
-- plans inside it too. A run is a task of kind `plan`; each task of the plan is a subtask of it, with the id as its name. What stands in
-- its args is where in which version it is described.
-- locks: plan

create table agentcorp.plan (
    removed_at timestamptz,
    version int not null,
    name text primary key
);
comment on table agentcorp.plan is 'The plans that can be run, and the version of each that new runs get';
comment on column agentcorp.plan.removed_at is 'Since when it cannot be run any more; its versions stay for the runs that have them';

create table agentcorp.plan_version (
    id bigint generated always as identity primary key,
    created_at timestamptz not null,
    version int,
    name text,
    sha256 bytea not null,
    document jsonb not null,
    check ((name is null) = (version is null))
);
comment on table agentcorp.plan_version is 'Every document that a plan has been; without a name, those that agents have made';
comment on column agentcorp.plan_version.sha256 is 'Of the text of document, as PostgreSQL prints it, in UTF-8: the same document is the same version';
create unique index plan_version_name on agentcorp.plan_version (name, version) where name is not null;
create unique index plan_version_sha256 on agentcorp.plan_version (sha256, coalesce(name, ''));

create table agentcorp.shared_task (
    task_id bigint not null,
    original_id bigint not null,
    shard smallint not null,
    name text not null,
    primary key (task_id, name, shard)
);
comment on table agentcorp.shared_task is 'What a fork has from its original instead of doing it again: the task that another one has as its subtask of that name. As long as it is here, the tree of the original is kept';
comment on column agentcorp.shared_task.name is 'Empty: the run of which task_id is the fork';
create index shared_task_original on agentcorp.shared_task (original_id);

create function agentcorp.check_plan(p_name text, p_document jsonb) returns void language plpgsql immutable as $$
begin
    if p_name is not null and p_name !~ '^[a-z0-9][a-z0-9_.-]{0,99}$' then
        raise exception 'plan name "%" is not valid', left(p_name, 100) using errcode = 'AC007',
            hint = 'Use up to 100 small letters, digits, _ . and -, with a letter or digit first.';
    elsif jsonb_typeof(p_document) is distinct from 'object' or jsonb_typeof(p_document -> 'tasks') is distinct from 'object' then
        raise exception 'plan "%": the document is not an object with "tasks"', p_name using errcode = 'AC007', hint = 'Check it with: agentcorp plan check FILE';
    elsif p_document ->> 'plan' <> p_name then
        raise exception 'plan "%": the document is that of "%"', p_name, p_document ->> 'plan' using errcode = 'AC007', hint = 'Give it the same name.';
    elsif pg_column_size(p_document) > agentcorp.max_payload() then
        raise exception 'plan "%" takes % MiB; the limit is % MiB', p_name, pg_column_size(p_document) / 1048576, agentcorp.max_payload() / 1048576 using errcode = 'AC008',
            hint = 'Split it into plans that run each other, or let it fan out over its input.';
    end if;
end $$;
comment on function agentcorp.check_plan is 'Refuses what is no plan at all; what is wrong within one, agentcorp plan check says';

create function agentcorp.put_plan(name text, document jsonb) returns table (version int, version_id bigint, changed boolean) language plpgsql as $$
#variable_conflict use_column
declare
    v_sha256 bytea := sha256(convert_to(document::text, 'UTF8'));
    v_current agentcorp.plan;
    v_same record;
begin
    perform agentcorp.check_plan(coalesce(put_plan.name, ''), put_plan.document);
    -- Version 0 is that of a plan whose first version comes below; the row is the mutex of the name.
    insert into agentcorp.plan (version, name) values (0, put_plan.name) on conflict do nothing;
    select * into v_current from agentcorp.plan p where p.name = put_plan.name for update;
    select v.id, v.version into v_same from agentcorp.plan_version v where v.sha256 = v_sha256 and coalesce(v.name, '') = put_plan.name;
    version := v_same.version;
    version_id := v_same.id;
    if version is null then
        version := (select coalesce(max(v.version), 0) + 1 from agentcorp.plan_version v where v.name = put_plan.name);
        insert into agentcorp.plan_version as v (created_at, version, name, sha256, document)
            values (agentcorp.clock(), put_plan.version, put_plan.name, v_sha256, put_plan.document) returning v.id into version_id;
    end if;
    changed := v_current.version <> version or v_current.removed_at is not null;
    if changed then
        update agentcorp.plan p set version = put_plan.version, removed_at = null where p.name = put_plan.name;
        perform agentcorp.set_plan_triggers(put_plan.name, put_plan.document);
    end if;
    return next;
end $$;
comment on function agentcorp.put_plan is
    'Makes a document the current version of a plan, for new runs, and sets its triggers; those that are under way keep theirs. The same document is the same version. agentcorp plan load checks it before';

create function agentcorp.put_fragment(document jsonb) returns bigint language plpgsql as $$
declare
    v_sha256 bytea := sha256(convert_to(document::text, 'UTF8'));
    v_id bigint;
begin
    perform agentcorp.check_plan(null, document);
    loop
        select v.id into v_id from agentcorp.plan_version v where v.sha256 = v_sha256 and coalesce(v.name, '') = '';
        exit when v_id is not null;
        insert into agentcorp.plan_version as v (created_at, sha256, document) values (agentcorp.clock(), v_sha256, put_fragment.document)
            on conflict do nothing returning v.id into v_id;
        exit when v_id is not null;
    end loop;
    return v_id;
end $$;
comment on function agentcorp.put_fragment is 'Stores a plan that has no name: one that an agent has made. The same document is stored once';

create function agentcorp.remove_plan(name text) returns void language plpgsql as $$
begin
    perform agentcorp.plan_id(remove_plan.name);
    update agentcorp.plan p set removed_at = agentcorp.clock() where p.name = remove_plan.name;
    perform agentcorp.set_plan_triggers(remove_plan.name, '{}');
end $$;
comment on function agentcorp.remove_plan is 'Takes a plan out of use, and its triggers with it; the runs that have begun go on';

create function agentcorp.plan_id(p_name text, p_version int default null) returns bigint language plpgsql stable as $$
declare
    v_plan agentcorp.plan;
    v_id bigint;
begin
    select * into v_plan from agentcorp.plan p where p.name = p_name;
    if v_plan.version is null or v_plan.removed_at is not null and p_version is null then
        raise exception 'unknown plan "%"', p_name using errcode = 'AC001',
            hint = case when v_plan.removed_at is not null then 'It was removed. Load it again with: agentcorp plan load FILE'
                else trim(concat(agentcorp.did_you_mean(p_name, array(select p.name from agentcorp.plan p where p.removed_at is null)), ' See: agentcorp plan list')) end;
    end if;
    select v.id into v_id from agentcorp.plan_version v where v.name = p_name and v.version = coalesce(p_version, v_plan.version);
    if v_id is null then
        raise exception 'plan "%" has no version %', p_name, p_version using errcode = 'AC001', hint = format('See: agentcorp plan versions %s', p_name);
    end if;
    return v_id;
end $$;
comment on function agentcorp.plan_id is 'The row of a plan''s version, by default of the current one; AC001 when there is none';

create function agentcorp.plan_document(version_id bigint) returns table (name text, version int, document jsonb) language plpgsql stable as $$
#variable_conflict use_column
begin
    return query select v.name, v.version, v.document from agentcorp.plan_version v where v.id = plan_document.version_id;
    if not found then
        raise exception 'unknown version % of a plan', version_id using errcode = 'AC001';
    end if;
end $$;
comment on function agentcorp.plan_document is 'The document of a version';

-- What can be told at once is told to the caller. The worker checks the input by the whole of the schema.
create function agentcorp.check_input(p_schema jsonb, p_input jsonb, p_at text default '') returns void language plpgsql immutable as $$
declare
    v_type text := case when jsonb_typeof(p_input) = 'number' and p_input::numeric % 1 = 0 then 'integer' else jsonb_typeof(p_input) end;
    v_types jsonb := case when jsonb_typeof(p_schema -> 'type') = 'array' then p_schema -> 'type' when p_schema ? 'type' then jsonb_build_array(p_schema -> 'type') end;
    v_name text;
begin
    if jsonb_typeof(p_schema) is distinct from 'object' then
        return;
    elsif v_types is not null and not (v_types ? v_type or v_types ? 'number' and v_type = 'integer') then
        raise exception 'input%: is %, not %', p_at, v_type, array_to_string(agentcorp.text_array(v_types), ' or ') using errcode = 'AC007';
    elsif jsonb_typeof(p_schema -> 'enum') = 'array' and not exists (select from jsonb_array_elements(p_schema -> 'enum') e where e = p_input) then
        raise exception 'input%: % is not one of %', p_at, left(p_input::text, 100), left(p_schema ->> 'enum', 500) using errcode = 'AC007';
    end if;
    if v_type = 'object' then
        if jsonb_typeof(p_schema -> 'required') = 'array' then
            select r into v_name from jsonb_array_elements_text(p_schema -> 'required') r where not p_input ? r limit 1;
            if v_name is not null then
                raise exception 'input%: "%" is missing', p_at, v_name using errcode = 'AC007',
                    hint = trim(concat(agentcorp.did_you_mean(v_name, array(select k from jsonb_object_keys(p_input) k)), ' See what the plan wants under "input" in its document.'));
            end if;
        end if;
        if jsonb_typeof(p_schema -> 'properties') = 'object' then
            perform agentcorp.check_input(p.value, p_input -> p.key, p_at || '/' || replace(replace(p.key, '~', '~0'), '/', '~1'))
                from jsonb_each(p_schema -> 'properties') p where p_input ? p.key;
        end if;
    end if;
end $$;
comment on function agentcorp.check_input is 'Refuses an input of which it is plain that it does not fit its schema: by type, required, enum and properties';

create function agentcorp.run_plan(name text, input jsonb default '{}', version int default null, unique_key text default null, on_conflict text default 'return',
    queue text default 'default', priority int default 4, run_at timestamptz default null, tags text[] default null, tenant text default null, budget jsonb default null)
returns bigint language plpgsql as $$
declare
    v_version record;
begin
    select v.version, v.document into v_version from agentcorp.plan_version v where v.id = agentcorp.plan_id(run_plan.name, run_plan.version);
    perform agentcorp.check_input(v_version.document -> 'input', coalesce(run_plan.input, 'null'));
    return agentcorp.enqueue('plan', jsonb_strip_nulls(jsonb_build_object('plan', run_plan.name, 'version', v_version.version, 'budget', run_plan.budget))
        || jsonb_build_object('input', coalesce(run_plan.input, 'null')),
        run_plan.queue, run_plan.priority, run_plan.run_at, name => run_plan.name, unique_key => run_plan.unique_key, on_conflict => run_plan.on_conflict,
        tags => run_plan.tags, tenant => run_plan.tenant);
end $$;
comment on function agentcorp.run_plan is
    'Starts a run of a plan and returns the id of its task; its output is agentcorp.output_of(id) in the end. Without a version, the current one. With a unique_key a second call returns the first run until that has ended';

-- The plans inside are pinned with the outermost: all that their documents name, whether it will be reached or not.
create function agentcorp.pin_plan(task_id bigint, attempt int, name text, version int default null, version_id bigint default null) returns jsonb language plpgsql as $$
declare
    v_pins jsonb := '{}';
    v_new jsonb;
    v_id bigint;
    v_open bigint[];
begin
    v_new := agentcorp.step_get(task_id, 'plan');
    if v_new is not null then
        return v_new;
    end if;
    v_id := coalesce(version_id, agentcorp.plan_id(pin_plan.name, pin_plan.version));
    v_open := array[v_id];
    while v_open <> '{}' loop
        select coalesce(jsonb_object_agg(p.name, v.id), '{}'), coalesce(array_agg(v.id), '{}') into v_new, v_open
            from (select distinct n #>> '{}' used from unnest(v_open) o join agentcorp.plan_version x on x.id = o
                cross join lateral jsonb_path_query(x.document, 'strict $.tasks.**.plan ? (@.type() == "string")') n) u
            join agentcorp.plan p on p.name = u.used and p.removed_at is null join agentcorp.plan_version v on v.name = p.name and v.version = p.version
            where not v_pins ? p.name;
        v_pins := v_pins || v_new;
    end loop;
    return agentcorp.step_put(task_id, attempt, 'plan', (select jsonb_build_object('id', v_id, 'name', v.name, 'version', v.version, 'plans', v_pins) from agentcorp.plan_version v where v.id = v_id));
end $$;
comment on function agentcorp.pin_plan is 'Records which version of which plan a task runs, and of those inside it: by name, or by the row of the version';

-- locks: fence, then what add_subtasks locks
create function agentcorp.expand(task_id bigint, attempt int, subtasks jsonb, steps jsonb default '{}', usd numeric default null, tokens bigint default null,
    turns int default null, time_limit interval default null, shared jsonb default '{}') returns int language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_step record;
    v_count int := 0;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    for v_step in select s.key, s.value from jsonb_each(steps) s order by s.key loop
        perform agentcorp.step_put(task_id, attempt, v_step.key, v_step.value);
    end loop;
    if num_nonnulls(usd, tokens, turns, time_limit) > 0 then
        perform agentcorp.set_budget(task_id, usd, tokens, turns, time_limit);
    end if;
    if shared <> '{}' then
        insert into agentcorp.shared_task (task_id, original_id, shard, name)
            select expand.task_id, o.value::bigint, s.shard, o.key from agentcorp.shard s cross join jsonb_each_text(shared) o where s.shard = v_shard on conflict do nothing;
    end if;
    if subtasks <> '[]' then
        select count(*) into v_count from agentcorp.hand_on(task_id, subtasks);
    end if;
    return v_count;
end $$;
comment on function agentcorp.expand is 'Adds the subtasks of a running task, each with a name and so once, together with the steps that say why, a budget for them all, and what a fork shares, {name: task}. What has no queue or priority of its own has those of the task';

-- A task of a plan sees the tasks that it names by their parent, which is the task of the plan; what a fork shares with its original
-- counts as if it stood there.
create function agentcorp.require_same_tenant(p_task bigint, p_other bigint) returns void language plpgsql stable as $$
begin
    if not exists (select from agentcorp.task t join agentcorp.task o on o.id = p_other and o.shard = agentcorp.shard_of(p_other) and o.tenant is not distinct from t.tenant
        where t.id = p_task and t.shard = agentcorp.shard_of(p_task)) then
        raise exception 'unknown task %', p_other using errcode = 'AC001', hint = 'It is gone, or belongs to another tenant.';
    end if;
end $$;
comment on function agentcorp.require_same_tenant is 'Refuses a task that is not of the tenant of another';

create function agentcorp.plan_scope(roots bigint[], scopes bigint[], sources text[], names text[])
returns table (n bigint, source text, id bigint, outcome smallint, value jsonb, error jsonb) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if sources && '{task,previous}' then
        return query select w.n, w.source, i.id, a.outcome, agentcorp.payload(o.result, r.shard), a.error
            from unnest(roots, scopes, sources, names) with ordinality w(root, scope, source, name, n)
            cross join lateral (select r.shard, r.tenant from agentcorp.task r where r.id = w.root and r.shard = agentcorp.shard_of(w.root) offset 0) r
            cross join lateral (select coalesce(
                (select t.id from agentcorp.task t where w.source = 'task' and t.parent_id = w.scope and t.name = w.name and t.shard = r.shard and t.tenant is not distinct from r.tenant),
                (select t.id from agentcorp.task t where t.shard = r.shard and t.tenant is not distinct from r.tenant and t.id = case w.source when 'previous' then w.name::bigint else
                    (select s.original_id from agentcorp.shared_task s where s.task_id = w.scope and s.name = w.name and s.shard = r.shard) end)) id offset 0) i
            left join lateral (select a.outcome, a.error from agentcorp.attempt a where a.task_id = i.id and a.shard = r.shard order by a.attempt desc limit 1) a on true
            left join lateral (select o.result from agentcorp.output o where o.task_id = i.id and o.shard = r.shard offset 0) o on true
            where w.source in ('task', 'previous') and i.id is not null;
    end if;
    if 'input' = any (sources) then
        return query select w.n, case when s.value is null then 'args' else 'input' end, w.scope, null::smallint, agentcorp.payload(coalesce(s.value, t.args), r.shard), null::jsonb
            from unnest(roots, scopes, sources) with ordinality w(root, scope, source, n)
            cross join lateral (select r.shard, r.tenant from agentcorp.task r where r.id = w.root and r.shard = agentcorp.shard_of(w.root) offset 0) r
            cross join lateral (select t.args from agentcorp.task t where t.id = w.scope and t.shard = r.shard and t.tenant is not distinct from r.tenant offset 0) t
            left join lateral (select s.value from agentcorp.step s where s.task_id = w.scope and s.name = 'input' and s.shard = r.shard offset 0) s on true
            where w.source = 'input';
    end if;
    if 'trigger' = any (sources) then
        return query select w.n, 'trigger', r.id, null::smallint, agentcorp.payload(r.args, r.shard), null::jsonb
            from unnest(roots, sources) with ordinality w(root, source, n)
            cross join lateral (select r.id, r.shard, r.args from agentcorp.task r where r.id = w.root and r.shard = agentcorp.shard_of(w.root) offset 0) r
            where w.source = 'trigger';
    end if;
end $$;
comment on function agentcorp.plan_scope is
    'What the expressions of tasks of plans may speak of, by its place (n, from 1) in the lists, each with the root of the run that reads, whose tenant it must be, and the task of the plan: task (by name, with output and error), previous (the same by id, as text), input (which comes from args where the plan is a run), trigger (the args of the root)';

create function agentcorp.plan_children(task_id bigint, with_outputs text[] default null, reader bigint default null)
returns table (id bigint, name text, kind text, outcome smallint, error jsonb, output jsonb, handled boolean, shared boolean, ended_us bigint) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    if reader <> task_id then
        perform agentcorp.require_same_tenant(reader, task_id);
    end if;
    return query select t.id, t.name, t.kind, a.outcome, a.error, agentcorp.payload(o.result, v_shard), coalesce(t.policy ? 'on_error', false), false, agentcorp.micros(a.finished_at)
        from agentcorp.task t
        left join lateral (select a.outcome, a.error, a.finished_at from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard order by a.attempt desc limit 1) a on a.outcome between 1 and 4
        left join lateral (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard and (with_outputs is null or t.name = any (with_outputs)) offset 0) o on true
        where t.parent_id = plan_children.task_id and t.shard = v_shard
        union all select t.id, s.name, t.kind, a.outcome, a.error, agentcorp.payload(o.result, v_shard), coalesce(t.policy ? 'on_error', false), true, null::bigint
        from agentcorp.shared_task s
        cross join lateral (select t.id, t.kind, t.policy from agentcorp.task t where t.id = s.original_id and t.shard = v_shard offset 0) t
        -- One that was shared as not needed may be back at work in its own run: here it stays as it was.
        cross join lateral (select case when a.outcome between 1 and 4 then a.outcome else 3::smallint end outcome, case when a.outcome between 1 and 4 then a.error else '{"reason": "not needed"}' end error
            from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard order by a.attempt desc limit 1) a
        left join lateral (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard and (with_outputs is null or s.name = any (with_outputs)) offset 0) o on true
        where s.task_id = plan_children.task_id and s.name <> '' and s.shard = v_shard order by 1;
end $$;
comment on function agentcorp.plan_children is
    'The subtasks of a task in the order in which they were added, what a fork shares included: how each ended (null: it is open) and when, and the outputs of those that are named, by default of all. handled: its failure counts as met';

create view agentcorp.plans as
select p.name, p.version, v.id version_id, v.document ->> 'description' description, v.created_at,
    (select count(*) from jsonb_object_keys(v.document -> 'tasks'))::int tasks
from agentcorp.plan p join agentcorp.plan_version v on v.name = p.name and v.version = p.version where p.removed_at is null;
comment on view agentcorp.plans is 'The plans that can be run, in their current versions';

create view agentcorp.plan_versions as
select v.name, v.version, v.id version_id, p.version = v.version and p.removed_at is null is_current, v.created_at, encode(v.sha256, 'hex') sha256, v.document
from agentcorp.plan_version v left join agentcorp.plan p on p.name = v.name;
comment on view agentcorp.plan_versions is 'Every version of every plan; without a name, the plans that agents have made';

-- Looking at runs

-- What stands in it for long waits for its tasks: to a person it runs.
create function agentcorp.run_state_name(p_state text, p_attempt int) returns text language sql immutable parallel safe as $$
    select case when p_state = 'waiting' or p_attempt > 1 and p_state in ('ready', 'queued', 'scheduled', 'running') then 'running' else p_state end
$$;
comment on function agentcorp.run_state_name is 'The state of a run, from that of its task: it runs from its first attempt to its end';

create function agentcorp.tree_usage(task_id bigint, out tasks bigint, out turns bigint, out tokens bigint, out usd numeric, out unpriced bigint) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    with recursive node(id) as (
        select tree_usage.task_id
        union all select t.id from node cross join lateral (select t.id, t.shard from agentcorp.task t where t.parent_id = node.id offset 0) t where t.shard = v_shard)
    select count(*), coalesce(sum(u.turns), 0), coalesce(sum(u.tokens), 0), coalesce(sum(u.usd), 0), coalesce(sum(u.unpriced), 0) into tasks, turns, tokens, usd, unpriced
        from node left join lateral (select count(*) turns, sum(coalesce(x.input_tokens, 0) + coalesce(x.output_tokens, 0)) tokens, sum(x.cost_usd) usd,
            count(*) filter (where x.cost_usd is null) unpriced
            from agentcorp.turn x where x.task_id = node.id and x.shard = v_shard) u on true;
end $$;
comment on function agentcorp.tree_usage is
    'What a task and all below it have used: how many tasks there are, turns of models, tokens, US dollars, and how many turns have no known price';

create view agentcorp.runs as
select t.id, coalesce(t.args ->> 'plan', p.value ->> 'name', t.name) plan, coalesce((p.value ->> 'version')::int, (t.args ->> 'version')::int) version,
    agentcorp.run_state_name(s.state, s.attempt) state, t.created_at, p.created_at started_at, s.finished_at, q.name queue, t.tags, t.tenant,
    case when s.state in ('failed', 'cancelled') then s.error ->> 'message' end error,
    (select u.usd from agentcorp.tree_usage(t.id) u) usd
from agentcorp.task t join agentcorp.queue q on q.id = t.queue_id
cross join lateral agentcorp.states(t.shard, array[t.id]) s
left join agentcorp.step p on p.task_id = t.id and p.name = 'plan' and p.shard = t.shard
where t.kind = 'plan' and t.parent_id is null;
comment on view agentcorp.runs is
    'Runs of plans, with what their models have cost. Fast for a few of a million, by id or the newest; by plan or state, see agentcorp.list_runs';

create function agentcorp.list_runs(only_plan text default null, state text default null, before bigint default null, limit_to int default 50)
returns setof agentcorp.runs language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_states text[] := '{scheduled,blocked,queued,ready,running,completed,failed,cancelled,skipped}';
    v_outcome smallint := case list_runs.state when 'completed' then 1 when 'failed' then 2 when 'cancelled' then 3 when 'skipped' then 4 end;
    v_ids bigint[];
begin
    if list_runs.state <> all (v_states) then
        raise exception 'unknown state "%"', list_runs.state using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(list_runs.state, v_states), ' States of runs: ', array_to_string(v_states, ', '), '.'));
    end if;
    if v_outcome in (2, 3, 4) then
        v_ids := array(select t.id from agentcorp.attempt a
            cross join lateral (select t.id from agentcorp.task t where t.id = a.task_id and t.shard = a.shard and t.kind = 'plan' and t.parent_id is null
                and (only_plan is null or coalesce(t.args ->> 'plan', t.name) = only_plan) offset 0) t
            where a.outcome = v_outcome and (before is null or a.task_id < before) order by a.task_id desc limit limit_to);
    else
        v_ids := array(select t.id from agentcorp.task t
            left join lateral (select a.outcome from agentcorp.attempt a where list_runs.state is not null and a.task_id = t.id and a.shard = t.shard
                order by a.attempt desc limit 1) l on true
            left join lateral (select agentcorp.run_state_name(s.state, s.attempt) state from agentcorp.states(t.shard, array[t.id]) s
                where list_runs.state is not null and v_outcome is null and l.outcome not between 1 and 4 is not false) s on true
            where t.kind = 'plan' and t.parent_id is null and (before is null or t.id < before)
            and (only_plan is null or coalesce(t.args ->> 'plan', t.name) = only_plan)
            and (list_runs.state is null or l.outcome = v_outcome or s.state = list_runs.state)
            order by t.id desc limit limit_to);
    end if;
    return query select r.* from unnest(v_ids) i cross join lateral (select r.* from agentcorp.runs r where r.id = i offset 0) r order by i desc;
end $$;
comment on function agentcorp.list_runs is 'Runs, newest first, by plan and state; before is the id to go on from';

-- One statement however large the run: where a task has more subtasks than are wanted, those come that have failed, that run, or that
-- have something below them that does, and counts stand for the others. Nested loops are left for the look-ups of a row by its key: those
-- over whole sets would take minutes where the planner thinks a large run small.
create function agentcorp.run_tree(run_id bigint, siblings int default 50)
returns table (id bigint, parent_id bigint, depth int, name text, kind text, agent text, state text, attempt smallint, started_at timestamptz, run_at timestamptz, ran_ms float8,
    usd numeric, tokens bigint, unpriced bigint, children jsonb, below jsonb, progress text, asks jsonb, reason text, error text) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_nestloop = off set jit = off set work_mem = '32MB' as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(run_id);
    v_now timestamptz := agentcorp.clock();
begin
    perform 1 from agentcorp.task t where t.id = run_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', run_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp runs list';
    end if;
    return query
    with recursive held as materialized (
        select u.t task_id, u.a attempt, c.claimed_at from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a) where c.shard = v_shard
    ), node as (
        select t.id, t.parent_id, t.name, t.kind, 0 depth, array[t.id] path from agentcorp.task t where t.id = run_id and t.shard = v_shard
        union all
        select t.id, t.parent_id, t.name, t.kind, n.depth + 1, n.path || t.id from node n
        cross join lateral (select t.id, t.parent_id, t.name, t.kind, t.shard from agentcorp.task t where t.parent_id = n.id offset 0) t where t.shard = v_shard
    ), standing as materialized (
        select n.*, l.attempt last, l.outcome, l.ran_ms, l.error, h.claimed_at, coalesce(s.run_at, b.run_at) run_at, u.usd, u.tokens, u.unpriced,
            case when l.outcome between 1 and 4 then agentcorp.outcome_name(l.outcome) when b.phase >= 2 then 'waiting' when b.phase = 0 then 'blocked'
                when s.run_at is not null then 'scheduled' when h.task_id is not null then 'running' when q.seq is not null then 'queued' else 'ready' end state
        from node n
        left join lateral (select a.* from agentcorp.attempt a where a.task_id = n.id and a.shard = v_shard order by a.attempt desc limit 1) l on true
        left join lateral (select b.phase, b.run_at from agentcorp.blocked b where b.task_id = n.id and b.shard = v_shard and (l.outcome between 1 and 4) is not true offset 0) b on true
        left join lateral (select s.run_at from agentcorp.scheduled s where s.task_id = n.id and s.shard = v_shard and (l.outcome between 1 and 4) is not true offset 0) s on true
        left join lateral (select q.seq from agentcorp.queued q where q.task_id = n.id and q.shard = v_shard and (l.outcome between 1 and 4) is not true offset 0) q on true
        left join held h on h.task_id = n.id and h.attempt = coalesce(l.attempt, 0) + 1
        left join lateral (select sum(x.cost_usd) usd, sum(coalesce(x.input_tokens, 0) + coalesce(x.output_tokens, 0)) tokens, count(*) filter (where x.cost_usd is null) unpriced
            from agentcorp.turn x where x.task_id = n.id and x.shard = v_shard) u on true
    ), sums as (
        select p.id, sum(s.usd) usd, sum(s.tokens)::bigint tokens, sum(s.unpriced)::bigint unpriced,
            max(case s.state when 'failed' then 4 when 'running' then 3 when 'waiting' then 2 when 'completed' then 0 when 'skipped' then 0 when 'cancelled' then 0 else 1 end) interest
        from standing s cross join lateral unnest(s.path) p(id) group by p.id
    ), ranked as materialized (
        select s.id, s.parent_id, x.usd, x.tokens, x.unpriced, row_number() over (partition by s.parent_id order by x.interest desc, s.id) rank
        from standing s join sums x on x.id = s.id
    ), shown as (
        select r.* from ranked r where r.id = run_id
        union all select r.* from shown n join ranked r on r.parent_id = n.id where r.rank <= siblings
    ), counted as (
        select g.parent_id, jsonb_object_agg(g.state, g.n) children from (select s.parent_id, s.state, count(*) n from standing s where s.parent_id is not null group by 1, 2) g group by 1
    ), everything as (
        select jsonb_object_agg(g.state, g.n) below from (select s.state, count(*) n from standing s group by 1) g
    )
    select s.id, s.parent_id, s.depth, s.name, s.kind, g.agent, s.state, case when s.outcome between 1 and 4 then s.last else (coalesce(s.last, 0) + 1)::smallint end,
        s.claimed_at, s.run_at,
        case when s.claimed_at is not null then extract(epoch from v_now - s.claimed_at) * 1000
            when s.outcome between 1 and 4 and agentcorp.is_container(s.kind) then extract(epoch from e.finished_at - f.began) * 1000
            when s.outcome between 1 and 4 then s.ran_ms
            when agentcorp.is_container(s.kind) then extract(epoch from v_now - f.began) * 1000 end::float8,
        n.usd, n.tokens, n.unpriced, c.children, case when s.id = run_id then (select y.below from everything y) end,
        case when s.state = 'running' then coalesce(
            (select right(regexp_replace(rtrim(right(p.text, 2000)), '^.*[\n\r]', ''), 300) from agentcorp.partial p where p.task_id = s.id and p.attempt = coalesce(s.last, 0) + 1 and p.shard = v_shard),
            (select concat_ws(' ', round(p.fraction * 100)::text || '%', p.message) from agentcorp.progress p where p.task_id = s.id and p.attempt = coalesce(s.last, 0) + 1 and p.shard = v_shard)) end,
        case when s.state = 'waiting' then agentcorp.open_waits(s.id) end,
        s.error ->> 'reason', case when s.outcome <> 14 then s.error ->> 'message' end
    from shown n join standing s on s.id = n.id
    left join counted c on c.parent_id = n.id
    left join lateral (select r.agent from agentcorp.agent_run r where r.task_id = s.id and r.shard = v_shard offset 0) g on true
    left join lateral (select a.finished_at - coalesce(a.ran_ms, 0) * interval '1 millisecond' began from agentcorp.attempt a
        where a.task_id = s.id and a.shard = v_shard order by a.attempt limit 1) f on true
    left join lateral (select a.finished_at from agentcorp.attempt a where a.task_id = s.id and a.attempt = s.last and a.shard = v_shard offset 0) e on true
    order by s.path;
end $$;
comment on function agentcorp.run_tree is
    'A run as people watch it: of each task at most so many subtasks, those that matter first, with what it and all below it have used. children counts its subtasks by state, below (of the run) all tasks; progress is the last line that a running agent has said; asks says for whom or what it waits';

create function agentcorp.open_waits(p_task bigint) returns jsonb language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(p_task);
begin
    return (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('topic', w.topic, 'key', w.key, 'timeout_at', w.timeout_at, 'since', w.created_at,
            'approval', a.id, 'title', a.title, 'decisions', a.decisions)) order by w.created_at, w.name)
        from agentcorp.wait w
        left join lateral (select a.id, a.title, a.decisions from agentcorp.approval a
            where w.topic = 'approval.decided' and w.key ~ '^[0-9]{1,18}$' and a.id = w.key::bigint and a.shard = v_shard and a.decided_at is null offset 0) a on true
        where w.task_id = p_task and w.shard = v_shard and not w.met);
end $$;
comment on function agentcorp.open_waits is 'What a parked task waits for: events, times, and the decisions of people';

-- Explaining

create function agentcorp.short(p_value jsonb, p_length int default 200) returns text language sql immutable parallel safe as $$
    select case when agentcorp.payload_key(p_value) is not null then '(encrypted)' when p_value #> '{$blob,preview}' is not null then left(p_value #>> '{$blob,preview}', p_length) || '...'
        when length(p_value::text) > p_length then left(p_value::text, p_length) || '...' else p_value::text end
$$;
comment on function agentcorp.short is 'A value as people want to see it in a line';

create function agentcorp.why_steps(p_shard smallint, p_task bigint) returns table (what text, detail text) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
begin
    return query select regexp_replace(s.name, '[ #].*$', ''), case
            when s.value ? '$enc' then format('%s was decided; the expression, its operands and its value are encrypted', s.name)
            when s.value ? 'expression' then format('%s: %s  is  %s%s', s.name, s.value ->> 'expression', agentcorp.short(s.value -> 'value'),
                coalesce('  where ' || (select string_agg(format('%s = %s', o.key, agentcorp.short(o.value, 80)), ', ' order by o.key) from jsonb_each(s.value -> 'operands') o), ''))
            else format('%s: %s', s.name, agentcorp.short(s.value, 300)) end
        -- A handler's step stands in an array, as a value of any kind may.
        from (select s.name, s.created_at, case when jsonb_typeof(s.value) = 'array' then s.value -> 0 else s.value end as value
            from (select s.name, s.created_at, agentcorp.payload(s.value, s.shard) as value from agentcorp.step s where s.task_id = p_task and s.shard = p_shard
                and (s.name in ('when', 'each') or s.name ~ '^(until|route|tally)[ #]?[0-9]*$') order by s.created_at desc, s.name limit 5) s) s
        where jsonb_typeof(s.value) = 'object' order by s.created_at desc, s.name;
end $$;
comment on function agentcorp.why_steps is 'The conditions, loops, choices and tallies that were evaluated for a task, the latest first';

create function agentcorp.why_budgets(p_shard smallint, p_task bigint) returns table (what text, detail text) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    with recursive up(id) as (
        select p_task union all select t.parent_id from up cross join lateral (select t.parent_id from agentcorp.task t where t.id = up.id and t.shard = p_shard offset 0) t
            where t.parent_id is not null)
    select 'budget', format('the budget of task %s is used up: %s. Raise it: agentcorp budgets set %s ...', b.task_id, concat_ws(', ',
            case when b.usd_spent + b.usd_reserved >= b.usd then format('$%s of $%s%s', trim_scale(b.usd_spent), trim_scale(b.usd),
                case when b.usd_reserved > 0 then format(' and $%s reserved', trim_scale(b.usd_reserved)) else '' end) end,
            case when b.tokens_spent + b.tokens_reserved >= b.tokens then format('%s of %s tokens', b.tokens_spent, b.tokens) end,
            case when b.turns_spent + b.turns_reserved >= b.turns then format('%s of %s turns', b.turns_spent, b.turns) end,
            case when v_now >= b.created_at + b.time_limit then format('its time of %s was over at %s', agentcorp.spell(b.time_limit), agentcorp.spell(b.created_at + b.time_limit)) end), b.task_id)
        from up cross join lateral (select b.* from agentcorp.budget b where b.task_id = up.id and b.shard = p_shard offset 0) b
        where b.usd_spent + b.usd_reserved >= b.usd or b.tokens_spent + b.tokens_reserved >= b.tokens or b.turns_spent + b.turns_reserved >= b.turns
            or v_now >= b.created_at + b.time_limit;
end $$;
comment on function agentcorp.why_budgets is 'The budgets of a task and of those above it that allow nothing more';

create function agentcorp.why_limited(p_shard smallint, p_task bigint) returns table (what text, detail text, next bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v agentcorp.queued;
    v_queue text;
    v_line agentcorp.line;
    v_rule agentcorp.limit_rule;
    v_taken int;
begin
    select q.* into v from agentcorp.queued q where q.task_id = p_task and q.shard = p_shard;
    select q.name into v_queue from agentcorp.queue q where q.id = v.queue_id;
    select l.* into v_line from agentcorp.line l where l.queue_id = v.queue_id and l.tenant = v.tenant and l.concurrency_key = v.concurrency_key
        and l.ordered_key = v.ordered_key and l.shard = p_shard;
    select count(*) into v_taken from (select from agentcorp.queued x where x.queue_id = v.queue_id and x.tenant = v.tenant and x.concurrency_key = v.concurrency_key
        and x.ordered_key = v.ordered_key and x.shard = p_shard and (x.priority, x.seq, x.task_id) < (v.priority, v.seq, v.task_id) limit 10001) x;
    if v_taken > 0 then
        return query select 'limit', format('%s%s in its line before it', case when v_taken > 10000 then 'over ' else '' end,
            case when v_taken = 1 then 'one task is' else least(v_taken, 10000) || ' tasks are' end), null::bigint;
    end if;
    if v_line.holder is not null and v_line.holder <> p_task then
        return query select 'order', format('tasks with the ordered key "%s" run one after the other, and one is under way:', v.ordered_key), v_line.holder;
        return;
    end if;
    if v.concurrency_key <> '' then
        select r.* into v_rule from agentcorp.limit_rule r where r.queue_id = 0 and (r.key = v.concurrency_key or right(r.key, 1) = '*' and starts_with(v.concurrency_key, left(r.key, -1)))
            order by (r.key = v.concurrency_key) desc, length(r.key) desc limit 1;
        select count(*) into v_taken from agentcorp.slot s where s.concurrency_key = v.concurrency_key and s.shard = p_shard;
        if v_taken >= coalesce(v_rule.concurrency, case when v_rule.key is null then 1 end) then
            return query select 'limit', format('concurrency key "%s" lets %s run at a time, and %s%s. Change it: agentcorp limits set --key %s --concurrency N', v.concurrency_key,
                coalesce(v_rule.concurrency, 1), v_taken, case when v_taken = 1 then ' does' else ' do' end, v.concurrency_key), null::bigint;
            return query select null::text, null::text, s.task_id from agentcorp.slot s where s.concurrency_key = v.concurrency_key and s.shard = p_shard order by s.task_id limit 3;
        end if;
        if v_rule.rate is not null and v_line.parked_until < 'infinity' then
            return query select 'limit', format('concurrency key "%s" starts %s per %s; its next turn is at %s', v.concurrency_key, v_rule.rate,
                agentcorp.spell(v_rule.per_ms * interval '1 millisecond'), agentcorp.spell(v_line.parked_until)), null::bigint;
        end if;
    end if;
    v_rule := null;
    select r.* into v_rule from agentcorp.limit_rule r where r.queue_id = v.queue_id and r.key = '';
    if v_rule.concurrency is not null then
        select count(*) into v_taken from agentcorp.slot s where s.queue_id = v.queue_id and s.shard = p_shard;
        if v_taken >= v_rule.concurrency then
            return query select 'limit', format('queue "%s" lets %s run at a time, and %s%s. Change it: agentcorp limits set --queue %s --concurrency N', v_queue, v_rule.concurrency,
                v_taken, case when v_taken = 1 then ' does' else ' do' end, v_queue), null::bigint;
            return query select null::text, null::text, s.task_id from agentcorp.slot s where s.queue_id = v.queue_id and s.shard = p_shard order by s.task_id limit 3;
        end if;
    end if;
    if v_rule.rate is not null then
        return query select 'limit', format('queue "%s" starts %s per %s%s', v_queue, v_rule.rate, agentcorp.spell(v_rule.per_ms * interval '1 millisecond'),
            case when v_line.parked_until < 'infinity' then '; its next turn is at ' || agentcorp.spell(v_line.parked_until) else '' end), null::bigint;
    end if;
end $$;
comment on function agentcorp.why_limited is 'Why a task of state queued is not admitted: what is before it, slots, rates, order';

create function agentcorp.why_unclaimed(p_shard smallint, p_task bigint) returns table (what text, detail text, next bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v_task agentcorp.task;
    v_queue agentcorp.queue;
    v record;
    v_ready agentcorp.ready;
    v_before int;
begin
    select t.* into v_task from agentcorp.task t where t.id = p_task and t.shard = p_shard;
    select q.* into v_queue from agentcorp.queue q where q.id = v_task.queue_id;
    if v_queue.paused_at is not null then
        return query select 'paused', format('queue "%s" is paused since %s. Go on: agentcorp queues resume %s', v_queue.name, agentcorp.spell(v_queue.paused_at), v_queue.name), null::bigint;
    end if;
    select count(*) filter (where w.is_alive) alive, count(*) filter (where w.is_alive and v_task.kind = any (w.kinds)) able, sum(w.concurrency) filter (where w.is_alive) room,
            string_agg(distinct k, ', ') filter (where w.is_alive) kinds
        into v from (select w.*, w.beat_at >= v_now - interval '15 seconds' is_alive from agentcorp.worker w where w.stopped_at is null and v_queue.name = any (w.queues)) w
        cross join lateral (select string_agg(k, ', ' order by k) k from unnest(w.kinds) k) k;
    if v.alive = 0 then
        return query select 'worker', format('no worker serves queue "%s". Start one: agentcorp worker%s', v_queue.name,
            case when v_queue.name = 'default' then '' else ' --queues ' || v_queue.name end), null::bigint;
        return;
    elsif v.able = 0 then
        return query select 'worker', format('%s queue "%s", but none handles kind "%s", only: %s', case when v.alive = 1 then 'one worker serves' else v.alive || ' workers serve' end,
            v_queue.name, v_task.kind, left(v.kinds, 300)), null::bigint;
        return;
    end if;
    select r.* into v_ready from agentcorp.ready r where r.queue_id = v_task.queue_id and r.shard = p_shard and r.priority = v_task.priority
        and r.seq >= agentcorp.micros(v_task.created_at) and r.task_id = p_task limit 1;
    if v_ready.task_id is not null and v_queue.paused_at is null then
        select count(*) into v_before from (select from generate_series(0, v_task.priority) p cross join lateral (select from agentcorp.ready r where r.queue_id = v_task.queue_id and r.shard = p_shard
            and r.priority = p and (p < v_task.priority or (r.seq, r.task_id) < (v_ready.seq, p_task)) limit 10001) r limit 10001) x;
        return query select 'worker', format('ready for %s, %s; %s', agentcorp.spell(v_now - to_timestamp(v_ready.seq / 1000000.0)),
            case when v_before = 0 then 'next in its queue' when v_before = 1 then 'with one task before it' when v_before > 10000 then 'with over 10000 tasks before it' else format('with %s tasks before it', v_before) end,
            case when v.able = 1 then 'one worker handles its kind' else format('%s workers handle its kind', v.able) end
            || format(' and take%s %s at a time', case when v.able = 1 then 's' else '' end, v.room)), null::bigint;
    end if;
end $$;
comment on function agentcorp.why_unclaimed is 'Why no worker has claimed a task that may run: a paused queue, no worker, none for its kind, others before it';

create function agentcorp.why_running(p_shard smallint, p_task bigint, p_attempt int) returns table (what text, detail text, next bigint) language plpgsql stable set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v record;
begin
    for v in select w.host, w.pid, w.beat_at, w.stopped_at from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a) join agentcorp.worker w on w.id = c.worker_id
        where c.shard = p_shard and u.t = p_task and u.a = p_attempt limit 1
    loop
        return query select 'worker', case when v.stopped_at is not null or v.beat_at < v_now - interval '15 seconds' then
                format('its worker (%s, process %s) has not been heard of for %s: a coordinator gives the task to another', v.host, v.pid, agentcorp.spell(v_now - v.beat_at))
            else format('a worker has it: %s, process %s', v.host, v.pid) end, null::bigint;
    end loop;
    return query select 'model', format('model %s of %s has been answering for %s%s', r.model, r.provider, agentcorp.spell(v_now - r.taken_at),
            coalesce(': "' || (select right(regexp_replace(p.text, '\s+', ' ', 'g'), 120) from agentcorp.partial p where p.task_id = p_task and p.attempt = p_attempt and p.shard = p_shard) || '"', '')), null::bigint
        from agentcorp.reservation r where r.task_id = p_task and r.shard = p_shard and r.attempt = p_attempt;
    return query select 'tool', format('tool %s runs for %s: %s', c.tool, agentcorp.spell(v_now - c.started_at), agentcorp.short(c.args)), null::bigint
        from agentcorp.tool_call c where c.task_id = p_task and c.shard = p_shard and c.state = 'started' order by c.turn desc, c.idx limit 3;
    return query select 'progress', concat_ws(' ', round(p.fraction * 100)::text || '%', p.message), null::bigint
        from agentcorp.progress p where p.task_id = p_task and p.shard = p_shard and p.attempt = p_attempt;
end $$;
comment on function agentcorp.why_running is 'What a running task does: its worker, the model or the tool that it waits for';

create function agentcorp.time_left(task_id bigint, attempt int, timeout interval) returns interval language sql as $$
    select agentcorp.sleep_for(task_id, attempt, concat_ws(' ', 'timeout', (select max(a.attempt) from agentcorp.attempt a
        where a.task_id = time_left.task_id and a.outcome = 14 and a.shard = agentcorp.shard_of(time_left.task_id))), timeout)
$$;
comment on function agentcorp.time_left is
    'How much is left of the time that a task of a plan has that only waits for others. It runs from the first attempt on, after a retry anew; a step keeps its end. The attempt ends as suspended with it as delay';

create function agentcorp.retry_run(task_id bigint) returns int language plpgsql as $$
declare
    v_root bigint;
    v_outcome smallint;
begin
    select t.root_id, l.outcome into v_root, v_outcome from agentcorp.task t left join lateral agentcorp.last_outcome(t.shard, t.root_id) l on true
        where t.id = retry_run.task_id and t.shard = agentcorp.shard_of(retry_run.task_id);
    if v_root is null then
        raise exception 'unknown run %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp runs list';
    elsif v_outcome is null or v_outcome not between 1 and 4 then
        raise exception 'run % is still open', v_root using errcode = 'AC009', hint = format('Watch it: agentcorp runs watch %s', v_root);
    elsif v_outcome = 1 then
        raise exception 'run % has completed', v_root using errcode = 'AC009', hint = format('Run the plan once more, or do a part of it again: agentcorp runs fork %s --at TASK', v_root);
    end if;
    return agentcorp.retry(v_root);
end $$;
comment on function agentcorp.retry_run is
    'Puts a run that has failed or was cancelled back to work, given it or any task of it: what has completed stays as it is, what failed and what was cancelled for it runs again. Returns how many tasks that are';

create function agentcorp.task_notes(ids bigint[]) returns table (task_id bigint, output text, facts text[]) language plpgsql stable set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
begin
    return query select i, (select agentcorp.short(o.result, 160) from agentcorp.output o where o.task_id = i and o.shard = agentcorp.shard_of(i)),
        array(select s.detail from agentcorp.why_steps(agentcorp.shard_of(i), i) s
            union all select format('shared with run %s: %s%s', s.root_id, string_agg(format('%s (task %s)', s.name, s.original_id), ', ' order by s.number) filter (where s.number <= 20),
                    case when count(*) > 20 then format(' and %s more', count(*) - 20) end)
                from (select t.root_id, s.name, s.original_id, row_number() over (partition by t.root_id order by s.original_id) as number
                    from agentcorp.shared_task s join agentcorp.task t on t.id = s.original_id and t.shard = s.shard
                    where s.task_id = i and s.name <> '' and s.shard = agentcorp.shard_of(i)) s group by s.root_id) from unnest(ids) i;
end $$;
comment on function agentcorp.task_notes is 'What tasks returned, in short, the conditions, loops, choices and tallies that were evaluated for them, and what they have from the run of which theirs is a fork';

-- What is said of one task, and which other ones have to be explained for it. Without words: only that one.
create function agentcorp.why_task(p_shard smallint, p_task bigint) returns table (what text, detail text, next bigint) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v_task agentcorp.task;
    v_state record;
    v_called text;
    v_gate agentcorp.blocked;
    v_total int;
    v_rule text;
    v record;
    v_lost int;
    v_errored int;
begin
    select t.* into v_task from agentcorp.task t where t.id = p_task and t.shard = p_shard;
    if not found then
        return query select 'pruned', 'it has been pruned', null::bigint;
        return;
    end if;
    select s.* into v_state from agentcorp.states(p_shard, array[p_task]) s;
    select b.* into v_gate from agentcorp.blocked b where b.task_id = p_task and b.shard = p_shard;
    v_called := case when v_task.name is null or v_task.name = v_task.kind then v_task.kind else format('%s (%s)', v_task.name, v_task.kind) end;
    select count(*) filter (where a.outcome = 11), count(*) filter (where a.outcome = 10) into v_lost, v_errored from agentcorp.attempt a where a.task_id = p_task and a.shard = p_shard
        and a.attempt > coalesce((select max(o.attempt) from agentcorp.attempt o where o.task_id = p_task and o.shard = p_shard and o.outcome = 14), 0);

    if v_state.state in ('blocked', 'waiting') and v_gate.phase in (0, 2, 3) then
        v_total := v_gate.remaining + v_gate.met + v_gate.failed;
        v_rule := case when v_gate.quorum = 0 then 'all must succeed' when v_gate.quorum < 0 then 'all must end, however'
            else format('%s must succeed, %s %s', v_gate.quorum, v_gate.met, case when v_gate.met = 1 then 'has' else 'have' end) end;
        return query select v_state.state, case v_gate.phase
            when 0 then format('%s has not begun: of %s that it needs, %s (%s)', v_called, case when v_total = 1 then 'one task' else v_total || ' tasks' end,
                case when v_gate.remaining = 1 and v_total = 1 then 'none has ended' else v_gate.remaining || case when v_gate.remaining = 1 then ' is open' else ' are open' end end, v_rule)
            when 2 then format('%s waits, without a worker, for its subtasks: of %s, %s (%s)', v_called, v_total,
                v_gate.remaining || case when v_gate.remaining = 1 then ' is open' else ' are open' end, v_rule)
            else format('%s has done its own part and ends with its subtasks: of %s, %s', v_called, v_total,
                v_gate.remaining || case when v_gate.remaining = 1 then ' is open' else ' are open' end) end, null::bigint;
        if v_gate.run_at > v_now then
            return query select 'time', format('and not before %s', agentcorp.spell(v_gate.run_at)), null::bigint;
        end if;
        return query select * from (select x.what, x.detail, null::bigint from agentcorp.why_steps(p_shard, p_task) x) y;
        -- Those that wait for others of them are explained with these.
        select array_agg(o.id order by o.rank, o.id) filter (where not o.is_blocked) free, array_agg(o.id order by o.id) filter (where o.is_blocked) behind, count(*) n into v from (
            select d.needs_id id, exists (select from agentcorp.blocked b where b.task_id = d.needs_id and b.shard = p_shard and b.phase = 0 and v_gate.phase <> 0) is_blocked,
                case when exists (select from agentcorp.wait w where w.task_id = d.needs_id and w.shard = p_shard and not w.met) then 0 else 1 end rank
            from agentcorp.dependency d where d.task_id = p_task and d.gate = v_gate.gate and d.shard = p_shard
            and (select a.outcome between 1 and 4 from agentcorp.attempt a where a.task_id = d.needs_id and a.shard = p_shard order by a.attempt desc limit 1) is not true) o;
        if v.n = 0 then
            return query select 'coordinator', 'what it needs has ended: a coordinator is about to let it go on', null::bigint;
        end if;
        return query select null::text, null::text, i from unnest(coalesce(v.free[:5], v.behind[:3])) i;
        if cardinality(v.free) > 5 then
            return query select 'more', format('and %s more that are open', cardinality(v.free) - 5), null::bigint;
        end if;
        if cardinality(v.behind) > 0 and v.free is not null then
            return query select 'more', format('%s of its tasks %s for others of them', cardinality(v.behind), case when cardinality(v.behind) = 1 then 'waits' else 'wait' end), null::bigint;
        end if;
    elsif v_state.state = 'waiting' then
        return query select 'waiting', case when v_gate.phase = 5 then format('%s is a batch that is not sealed. Seal it: agentcorp batches seal %s', v_called, p_task)
            else format('%s waits, without a worker', v_called) end, null::bigint;
        return query select case when w ? 'approval' then 'approval' when w ->> 'topic' like 'agentcorp.timer%' then 'time' else 'event' end,
            case when w ? 'approval' then format('a person has to decide: %s. Asked %s ago. Decide: agentcorp approvals decide %s %s', w ->> 'title',
                    agentcorp.spell(v_now - (w ->> 'since')::timestamptz), w ->> 'approval', (select string_agg(d, '|') from jsonb_array_elements_text(w -> 'decisions') d))
                else format('for an event of topic %s%s, since %s', w ->> 'topic', coalesce(' with key ' || (w ->> 'key'), ''), agentcorp.spell((w ->> 'since')::timestamptz)) end
            || coalesce(', until ' || agentcorp.spell((w ->> 'timeout_at')::timestamptz), ''), null::bigint
            from jsonb_array_elements(agentcorp.open_waits(p_task)) w;
    elsif v_state.state = 'scheduled' then
        select s.* into v from agentcorp.scheduled s where s.task_id = p_task and s.shard = p_shard;
        return query select 'scheduled', format('%s %s at %s%s', v_called,
            case v.why when 1 then format('is tried again (attempt %s; %s of %s have failed)', v.attempt, v_errored, v_task.max_attempts)
                when 2 then 'was put off and goes on' when 3 then 'was given back by a worker that does not know its kind, and is offered again' else 'is to run' end,
            agentcorp.spell(v.run_at), case when v.run_at > v_now then format(', in %s', agentcorp.spell(v.run_at - v_now)) else '' end), null::bigint;
        if v.run_at < v_now - interval '5 seconds' then
            return query select 'coordinator', format('that was %s ago: no coordinator has taken notice', agentcorp.spell(v_now - v.run_at)), null::bigint;
        end if;
    elsif v_state.state = 'queued' then
        return query select 'queued', format('%s may run, and waits to be admitted', v_called), null::bigint;
        return query select x.* from agentcorp.why_limited(p_shard, p_task) x;
        return query select x.* from agentcorp.why_unclaimed(p_shard, p_task) x;
    elsif v_state.state = 'ready' then
        return query select 'ready', format('%s may run, and no worker has claimed it yet', v_called), null::bigint;
        return query select x.* from agentcorp.why_unclaimed(p_shard, p_task) x;
    elsif v_state.state = 'running' then
        return query select 'running', format('%s runs for %s%s', v_called, agentcorp.spell(v_now - v_state.started_at),
            case when v_state.attempt > 1 then format(', attempt %s', v_state.attempt) else '' end), null::bigint;
        return query select x.* from agentcorp.why_running(p_shard, p_task, v_state.attempt) x;
    else
        return query select v_state.state, case v_state.state
            when 'completed' then format('%s has completed%s', v_called, coalesce(' at ' || agentcorp.spell(v_state.finished_at), ''))
            when 'failed' then format('%s failed%s: %s', v_called, case when v_errored > 0 then format(' after %s attempts', v_errored + 1) else '' end, coalesce(v_state.error ->> 'message', 'it gave no reason'))
            when 'cancelled' then case v_state.error ->> 'reason'
                when 'upstream' then format('%s was cancelled: %s', v_called, v_state.error ->> 'message')
                when 'parent' then format('%s was cancelled with what it is part of', v_called)
                when 'not needed' then format('%s was cancelled: %s', v_called, v_state.error ->> 'message')
                when 'cancelled' then format('%s was cancelled%s at %s: %s', v_called, coalesce(' by ' || (v_state.error ->> 'by'), ''), agentcorp.spell(v_state.finished_at), v_state.error ->> 'message')
                else format('%s was cancelled: %s', v_called, coalesce(v_state.error ->> 'message', 'it gave no reason')) end
            else format('%s was skipped%s', v_called, coalesce(': ' || (v_state.error ->> 'message'), '')) end, null::bigint;
    end if;

    if v_lost > 0 and v_state.state <> 'completed' then
        return query select 'lost', format('%s of its workers died or lost the connection while they had it%s', v_lost, case when v_state.state = 'failed' then '' else '; the 25th time it fails' end), null::bigint;
    end if;
    if v_state.state not in ('completed', 'skipped') then
        return query select 'attempt', format('attempt %s failed at %s: %s', a.attempt, agentcorp.spell(a.finished_at), left(coalesce(a.error ->> 'message', a.error::text, 'it gave no reason'), 500)), null::bigint
            from (select a.* from agentcorp.attempt a where a.task_id = p_task and a.shard = p_shard and a.outcome = 10 order by a.attempt desc limit 3) a order by a.attempt;
    end if;
    if v_state.state not in ('blocked', 'waiting') then
        return query select x.what, x.detail, null::bigint from agentcorp.why_steps(p_shard, p_task) x;
    end if;
    if v_task.kind = 'agent' and v_state.state in ('scheduled', 'ready', 'queued', 'running', 'failed') or v_state.error ->> 'reason' = 'budget' then
        return query select x.what, x.detail, null::bigint from agentcorp.why_budgets(p_shard, p_task) x;
    end if;
    if v_task.kind = 'agent' and v_state.state in ('scheduled', 'running') then
        return query select 'provider', format('%s is not called until %s%s', case l.model when '*' then 'provider ' || l.provider else format('model %s of %s', l.model, l.provider) end,
                agentcorp.spell(l.cooldown_until), coalesce(': ' || l.cooldown_reason, '')), null::bigint
            from agentcorp.provider_limit l where l.shard = p_shard and l.cooldown_until > v_now order by l.provider, l.model limit 5;
    end if;

    -- What brought it down.
    if v_state.state = 'cancelled' and v_state.error ->> 'reason' = 'upstream' and v_state.error ? 'task' then
        return query select null::text, null::text, (v_state.error ->> 'task')::bigint;
    elsif v_state.state = 'cancelled' and v_state.error ->> 'reason' = 'parent' then
        return query select null::text, null::text, v_task.parent_id;
    elsif v_state.state in ('failed', 'cancelled') then
        return query select null::text, null::text, x.id from (
            select t.id, a.outcome, a.finished_at from agentcorp.task t cross join lateral (select a.outcome, a.finished_at, a.error from agentcorp.attempt a where a.task_id = t.id and a.shard = p_shard order by a.attempt desc limit 1) a
            where t.parent_id = p_task and t.shard = p_shard and agentcorp.is_container(v_task.kind)
            and (a.outcome = 2 and not coalesce(t.policy ? 'on_error', false) or a.outcome = 3 and a.error ->> 'reason' in ('cancelled', 'upstream'))) x
            order by x.finished_at, x.outcome, x.id limit 1;
    end if;
end $$;
comment on function agentcorp.why_task is 'What agentcorp.why says of one task';

create function agentcorp.why(task_id bigint, most_tasks int default 50) returns table (level int, task bigint, what text, detail text) language plpgsql stable as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_todo jsonb[] := array[jsonb_build_object('task', task_id, 'level', 0)];
    v_seen bigint[] := array[task_id];
    v_item jsonb;
    v_new jsonb[];
    v record;
    v_now timestamptz := agentcorp.clock();
    v_led_until timestamptz;
begin
    perform 1 from agentcorp.task t where t.id = why.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    while cardinality(v_todo) > 0 loop
        v_item := v_todo[cardinality(v_todo)];
        v_todo := trim_array(v_todo, 1);
        if v_item ? 'what' then
            return query select (v_item ->> 'level')::int, (v_item ->> 'task')::bigint, v_item ->> 'what', v_item ->> 'detail';
            continue;
        end if;
        v_new := '{}';
        for v in select * from agentcorp.why_task(v_shard, (v_item ->> 'task')::bigint) loop
            if v.what is not null then
                v_new := v_new || jsonb_build_object('task', v_item -> 'task', 'level', v_item -> 'level', 'what', v.what, 'detail', v.detail);
            end if;
            if v.next <> all (v_seen) and cardinality(v_seen) < most_tasks then
                v_seen := v_seen || v.next;
                v_new := v_new || jsonb_build_object('task', v.next, 'level', (v_item ->> 'level')::int + 1);
            elsif v.next is not null then
                v_new := v_new || jsonb_build_object('task', v.next, 'level', (v_item ->> 'level')::int + 1, 'what', 'see',
                    'detail', case when v.next = any (v_seen) then 'as said above' else 'not looked at: this is long enough' end);
            end if;
        end loop;
        v_todo := v_todo || array(select n.item from unnest(v_new) with ordinality n(item, i) order by n.i desc);
    end loop;
    v_led_until := (select l.expires_at from agentcorp.leader l where l.name = 'coordinator');
    if coalesce(v_led_until < v_now - interval '5 seconds', true)
        and exists (select from agentcorp.states(v_shard, array[why.task_id]) s where s.state in ('blocked', 'waiting', 'scheduled', 'queued')) then
        return query select 0, why.task_id, 'coordinator', format('no coordinator leads%s: what waits stays where it is. Start one: agentcorp coordinator', coalesce(' since ' || agentcorp.spell(v_led_until), ''));
    end if;
end $$;
comment on function agentcorp.why is
    'Why a task does not run, or why it ended as it did: line by line, with the tasks that it is about, down to the one that everything waits for or that failed first. level says how far down';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('manage', 'put_plan remove_plan'), ('enqueue', 'run_plan'), ('work', 'put_fragment plan_document pin_plan expand plan_scope plan_children time_left'),
    ('internal', 'check_plan plan_id check_input require_same_tenant'), ('helper', 'run_state_name short'),
    ('read', 'tree_usage list_runs run_tree open_waits why why_task why_steps why_budgets why_limited why_unclaimed why_running task_notes'), ('manage', 'retry_run')) x(c, f);
select agentcorp.grant_roles();
