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
    v_own jsonb;
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
        select jsonb_strip_nulls(jsonb_build_object('queue', nullif(q.name, 'default'), 'priority', nullif(t.priority, 4))) into v_own
            from agentcorp.task t join agentcorp.queue q on q.id = t.queue_id where t.id = expand.task_id and t.shard = v_shard;
        if v_own <> '{}' then
            subtasks := (select jsonb_agg(v_own || n order by i) from jsonb_array_elements(subtasks) with ordinality x(n, i));
        end if;
        select count(*) into v_count from agentcorp.add_subtasks(task_id, subtasks);
    end if;
    return v_count;
end $$;
comment on function agentcorp.expand is 'Adds the subtasks of a running task, each with a name and so once, together with the steps that say why, a budget for them all, and what a fork shares, {name: task}. What has no queue or priority of its own has those of the task';

-- A task of a plan sees the tasks that it names by their parent, which is the task of the plan; what a fork shares with its original
-- counts as if it stood there.
create function agentcorp.plan_scope(task_id bigint, scope bigint, names text[] default '{}', previous bigint default null, wants text[] default '{}')
returns table (what text, name text, id bigint, outcome smallint, value jsonb, error jsonb) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_ids bigint[] := '{}';
    v_names text[] := '{}';
    v record;
begin
    if names <> '{}' then
        select array_agg(t.id), array_agg(t.name) into v_ids, v_names from unnest(names) n
            cross join lateral (select t.id, t.name from agentcorp.task t where t.parent_id = scope and t.name = n and t.shard = v_shard offset 0) t;
        if coalesce(cardinality(v_ids), 0) < cardinality(names) then
            for v in select s.original_id, s.name from agentcorp.shared_task s where s.task_id = scope and s.name = any (names) and s.shard = v_shard order by s.name loop
                v_ids := v_ids || v.original_id;
                v_names := v_names || v.name;
            end loop;
        end if;
    end if;
    if previous is not null then
        v_ids := v_ids || previous;
        v_names := v_names || null::text;
    end if;
    return query select case when u.n is null then 'previous' else 'task' end, u.n, u.i, a.outcome, agentcorp.payload(o.result, v_shard), a.error
        from unnest(v_ids, v_names) u(i, n)
        left join lateral (select a.outcome, a.error from agentcorp.attempt a where a.task_id = u.i and a.shard = v_shard order by a.attempt desc limit 1) a on true
        left join lateral (select o.result from agentcorp.output o where o.task_id = u.i and o.shard = v_shard offset 0) o on true;
    if 'input' = any (wants) then
        return query select 'input', null::text, scope, null::smallint, agentcorp.payload(s.value, v_shard), null::jsonb from agentcorp.step s where s.task_id = scope and s.name = 'input' and s.shard = v_shard;
        if not found then
            return query select 'args', null::text, t.id, null::smallint, agentcorp.payload(t.args, v_shard), null::jsonb from agentcorp.task t where t.id = scope and t.shard = v_shard;
        end if;
    end if;
    if 'trigger' = any (wants) then
        return query select 'root', null::text, r.id, null::smallint, agentcorp.payload(r.args, v_shard), null::jsonb
            from agentcorp.task t join agentcorp.task r on r.id = t.root_id and r.shard = t.shard where t.id = plan_scope.task_id and t.shard = v_shard;
    end if;
end $$;
comment on function agentcorp.plan_scope is
    'What the expressions of a task of a plan may speak of: tasks of the plan by name, with output and error; the round before; the input (input, or args of a run); the args of the root, for what started it';

create function agentcorp.plan_children(task_id bigint, with_outputs text[] default null)
returns table (id bigint, name text, kind text, outcome smallint, error jsonb, output jsonb, handled boolean, shared boolean) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    return query select t.id, t.name, t.kind, a.outcome, a.error, agentcorp.payload(o.result, v_shard), coalesce(t.policy ? 'on_error', false), false
        from agentcorp.task t
        left join lateral (select a.outcome, a.error from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard order by a.attempt desc limit 1) a on a.outcome between 1 and 4
        left join lateral (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard and (with_outputs is null or t.name = any (with_outputs)) offset 0) o on true
        where t.parent_id = plan_children.task_id and t.shard = v_shard
        union all select t.id, s.name, t.kind, a.outcome, a.error, agentcorp.payload(o.result, v_shard), coalesce(t.policy ? 'on_error', false), true
        from agentcorp.shared_task s
        cross join lateral (select t.id, t.kind, t.policy from agentcorp.task t where t.id = s.original_id and t.shard = v_shard offset 0) t
        -- One that was shared as not needed may be back at work in its own run: here it stays as it was.
        cross join lateral (select case when a.outcome between 1 and 4 then a.outcome else 3::smallint end outcome, case when a.outcome between 1 and 4 then a.error else '{"reason": "not needed"}' end error
            from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard order by a.attempt desc limit 1) a
        left join lateral (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard and (with_outputs is null or s.name = any (with_outputs)) offset 0) o on true
        where s.task_id = plan_children.task_id and s.name <> '' and s.shard = v_shard order by 1;
end $$;
comment on function agentcorp.plan_children is
    'The subtasks of a task in the order in which they were added, what a fork shares included: how each ended (null: it is open), and the outputs of those that are named, by default of all. handled: its failure counts as met';

create view agentcorp.plans as
select p.name, p.version, v.id version_id, v.document ->> 'description' description, v.created_at,
    (select count(*) from jsonb_object_keys(v.document -> 'tasks'))::int tasks
from agentcorp.plan p join agentcorp.plan_version v on v.name = p.name and v.version = p.version where p.removed_at is null;
comment on view agentcorp.plans is 'The plans that can be run, in their current versions';

create view agentcorp.plan_versions as
select v.name, v.version, v.id version_id, p.version = v.version and p.removed_at is null is_current, v.created_at, encode(v.sha256, 'hex') sha256, v.document
from agentcorp.plan_version v left join agentcorp.plan p on p.name = v.name;
comment on view agentcorp.plan_versions is 'Every version of every plan; without a name, the plans that agents have made';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('manage', 'put_plan remove_plan'), ('enqueue', 'run_plan'), ('work', 'put_fragment plan_document pin_plan expand plan_scope plan_children'),
    ('internal', 'check_plan plan_id check_input')) x(c, f);
select agentcorp.grant_roles();
