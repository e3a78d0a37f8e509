-- Forks of runs: a new run that shares with its original what is as it was, and does the rest again. And what differs between two runs.
-- What is shared the worker finds out when a plan of the fork is expanded (it can read the documents); here stands what was asked for.

create function agentcorp.child_at(p_shard smallint, p_task bigint, p_name text) returns bigint language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
begin
    return coalesce(
        (select t.id from agentcorp.task t where t.parent_id = p_task and t.name = p_name and t.shard = p_shard order by t.id limit 1),
        (select s.original_id from agentcorp.shared_task s where s.task_id = p_task and s.name = p_name and p_name <> '' and s.shard = p_shard));
end $$;
comment on function agentcorp.child_at is 'The subtask of a name, one that is shared with another run included; null when there is none';

create function agentcorp.task_at(run_id bigint, path text) returns bigint language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(run_id);
    v_at bigint := run_id;
    v_name text;
begin
    foreach v_name in array case when path = '' then '{}' else string_to_array(path, '/') end loop
        v_at := agentcorp.child_at(v_shard, v_at, v_name);
        exit when v_at is null;
    end loop;
    return v_at;
end $$;
comment on function agentcorp.task_at is 'The task of a run that stands at a path of names, such as edit/#2/code; null when there is none';

-- A place, as it is written (edit/#2/code, or code@3 for a turn of an agent), as the worker reads it. All but the last of its names must
-- be there in the original, and the last there or in the document.
create function agentcorp.fork_place(p_run bigint, p_document jsonb, p_place text) returns jsonb language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(p_run);
    v_turn int := substring(p_place from '@(\d{1,6})$')::int;
    v_path text[] := string_to_array(regexp_replace(p_place, '@\d{1,6}$', ''), '/');
    v_at bigint := p_run;
    v_kind text;
    v_child bigint;
    v_names text[];
    i int := 0;
begin
    if v_path = '{""}' then
        v_path := '{}';
    end if;
    if v_path = '{}' and v_turn is null then
        raise exception 'a place to fork at is empty' using errcode = 'AC007', hint = 'Name a task of the plan, as in edit, edit/#2/code or code@3.';
    end if;
    while i < cardinality(v_path) loop
        i := i + 1;
        select t.kind into v_kind from agentcorp.task t where t.id = v_at and t.shard = v_shard;
        if v_kind not in ('plan', 'each', 'repeat', 'route') then
            raise exception 'place "%": "%" is of kind %, what is below it cannot be done again by itself', p_place, v_path[i - 1], v_kind using errcode = 'AC007',
                hint = format('Fork at %s.', array_to_string(v_path[:i - 1], '/'));
        end if;
        v_child := agentcorp.child_at(v_shard, v_at, v_path[i]);
        if v_child is null and not (i = 1 and cardinality(v_path) = 1 and v_turn is null and p_document -> 'tasks' ? v_path[1]) then
            v_names := array(select c.name from agentcorp.plan_children(v_at, '{}') c where c.name is not null
                union select k from jsonb_object_keys(p_document -> 'tasks') k where i = 1 order by 1);
            raise exception 'place "%": there is no task "%"', p_place, v_path[i] using errcode = 'AC001',
                hint = case when v_names = '{}' then 'It had no tasks below it yet.'
                    else trim(concat(agentcorp.did_you_mean(v_path[i], v_names), ' There are: ', array_to_string(v_names[:20], ', '), case when cardinality(v_names) > 20 then ', ...' else '.' end)) end;
        end if;
        v_at := v_child;
        -- Who is given a task by role has it below.
        if i = cardinality(v_path) and v_turn is not null and exists (select from agentcorp.task t where t.id = v_at and t.kind = 'route' and t.shard = v_shard) then
            v_path := v_path || (select c.name from agentcorp.plan_children(v_at, '{}') c where c.name <> 'choose' order by c.id desc limit 1);
        end if;
    end loop;
    if v_turn is not null then
        if not exists (select from agentcorp.agent_run r where r.task_id = v_at and r.shard = v_shard) then
            raise exception 'place "%": no agent has worked there', p_place using errcode = 'AC007', hint = 'Only the tasks of agents have turns. Leave out the @, or name the task of the agent below it.';
        elsif v_turn > 0 and not exists (select from agentcorp.turn t where t.task_id = v_at and t.seq = v_turn and t.shard = v_shard) then
            raise exception 'place "%": there is no turn %', p_place, v_turn using errcode = 'AC001',
                hint = format('It has %s turns.', (select count(*) from agentcorp.turn t where t.task_id = v_at and t.shard = v_shard));
        elsif exists (select from agentcorp.tool_call c where c.task_id = v_at and c.turn = v_turn and c.shard = v_shard and c.result is null) then
            raise exception 'place "%": a tool call of turn % has no result yet', p_place, v_turn using errcode = 'AC009', hint = 'Wait for it, or fork at the turn before.';
        end if;
    end if;
    return jsonb_strip_nulls(jsonb_build_object('path', to_jsonb(v_path), 'turn', v_turn, 'task', case when v_turn is not null then v_at end));
end $$;
comment on function agentcorp.fork_place is 'A place of a run as the worker reads it: {"path", "turn", "task"}; refuses one that is not there';

create function agentcorp.rename_agents(p_document jsonb, p_agents jsonb) returns jsonb language plpgsql immutable as $$
begin
    return case jsonb_typeof(p_document)
        when 'object' then (select coalesce(jsonb_object_agg(e.key, case
                when e.key in ('agent', 'judge') and jsonb_typeof(e.value) = 'string' then coalesce(p_agents -> (e.value #>> '{}'), e.value)
                when e.key in ('agent', 'agents', 'voters') and jsonb_typeof(e.value) = 'array' then (select coalesce(jsonb_agg(
                    case when jsonb_typeof(x) = 'string' then coalesce(p_agents -> (x #>> '{}'), x) else agentcorp.rename_agents(x, p_agents) end order by i), '[]')
                    from jsonb_array_elements(e.value) with ordinality a(x, i))
                when e.key in ('args', 'schema', 'data', 'prompt') then e.value
                else agentcorp.rename_agents(e.value, p_agents) end), '{}') from jsonb_each(p_document) e)
        when 'array' then (select coalesce(jsonb_agg(agentcorp.rename_agents(x, p_agents) order by i), '[]') from jsonb_array_elements(p_document) with ordinality a(x, i))
        else p_document end;
end $$;
comment on function agentcorp.rename_agents is 'A plan''s document with other agents, {old: new}, wherever it names one';

-- locks: task (the original: it is not pruned meanwhile), ready
create function agentcorp.fork_run(run_id bigint, at text[] default null, input jsonb default null, version int default null, agents jsonb default null,
    outputs jsonb default null, message text default null, queue text default null, priority int default null) returns bigint language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(run_id);
    v_now timestamptz := agentcorp.clock();
    v_task agentcorp.task;
    v_args jsonb;
    v_input jsonb;
    v_pins jsonb;
    v_version record;
    v_cuts jsonb := '[]';
    v_cut jsonb;
    v_place text;
    v_id bigint;
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[run_id]);
    select * into v_task from agentcorp.task t where t.id = fork_run.run_id and t.shard = v_shard for key share;
    if not found then
        raise exception 'unknown task %', run_id using errcode = 'AC001', hint = 'Look it up with: agentcorp runs list';
    elsif v_task.parent_id is not null then
        raise exception 'task % is part of run %', run_id, v_task.root_id using errcode = 'AC007', hint = format('Fork that one, at this task: agentcorp runs fork %s --at %s', v_task.root_id, v_task.name);
    elsif v_task.kind not in ('plan', 'agent') then
        raise exception 'task % is of kind %, not the run of a plan or an agent', run_id, v_task.kind using errcode = 'AC007', hint = 'A single task is forked with agentcorp.fork.';
    end if;
    v_args := agentcorp.payload(v_task.args, v_shard) - 'fork';
    if v_args ? '$enc' then
        raise exception 'the arguments of run % are encrypted', run_id using errcode = 'AC009', hint = 'The database cannot read them. Start a new run with: agentcorp run';
    end if;
    v_pins := agentcorp.step_get(run_id, 'plan');
    if v_task.kind = 'plan' then
        v_version := agentcorp.fork_version(coalesce(v_pins ->> 'name', v_args ->> 'plan'), coalesce(version, case when v_pins is null then (v_args ->> 'version')::int end),
            case when version is null then coalesce(v_pins ->> 'id', v_args ->> 'fragment')::bigint end, agents);
        -- Running plans keep their versions, and so do those inside them, unless another one is asked for.
        v_pins := case when version is null then v_pins end;
        v_args := case when v_version.name is null then v_args - 'version' || jsonb_build_object('fragment', v_version.id)
            else v_args - 'fragment' || jsonb_build_object('plan', v_version.name, 'version', v_version.version) end;
        v_input := coalesce(v_args -> 'input', '{}');
        if fork_run.input is not null then
            v_input := case when jsonb_typeof(v_input) = 'object' and jsonb_typeof(fork_run.input) = 'object' then v_input || fork_run.input else fork_run.input end;
            v_args := v_args || jsonb_build_object('input', v_input);
        end if;
        perform agentcorp.check_input(v_version.document -> 'input', v_input);
    elsif fork_run.input is not null or version is not null or outputs is not null then
        raise exception 'run % is that of an agent and has no plan', run_id using errcode = 'AC007', hint = 'Fork it at a turn, such as @3, with another message or another agent.';
    end if;
    foreach v_place in array coalesce(at, '{}') loop
        v_cut := agentcorp.fork_place(run_id, v_version.document, v_place);
        if message is not null and v_cut ? 'turn' then
            v_cut := v_cut || jsonb_build_object('message', message);
        elsif v_cut ? 'turn' and (v_cut ->> 'turn')::int > 0
            and not exists (select from agentcorp.tool_call c where c.task_id = (v_cut ->> 'task')::bigint and c.turn = (v_cut ->> 'turn')::int and c.shard = v_shard) then
            raise exception 'place "%": the answer of turn % asked for no tools, so nothing comes after it', v_place, v_cut ->> 'turn' using errcode = 'AC007',
                hint = 'Say something to the agent with message (--message), or fork at the turn before.';
        end if;
        v_cuts := v_cuts || v_cut;
    end loop;
    for v_place, v_cut in select o.key, o.value from jsonb_each(coalesce(outputs, '{}')) o order by o.key loop
        v_cuts := v_cuts || (agentcorp.fork_place(run_id, v_version.document, v_place) || jsonb_build_object('output', v_cut));
    end loop;
    if message is not null and not exists (select from jsonb_array_elements(v_cuts) c where c ? 'turn') then
        raise exception 'a message needs a turn to follow' using errcode = 'AC007', hint = 'Fork at a turn of an agent, such as write@2.';
    elsif jsonb_array_length(v_cuts) > 1000 then
        raise exception '% places to fork at; at most 1000 are allowed', jsonb_array_length(v_cuts) using errcode = 'AC007';
    end if;
    if v_task.kind = 'agent' then
        if jsonb_array_length(v_cuts) <> 1 or not (v_cuts -> 0) ? 'turn' then
            raise exception 'run % is that of an agent: it is forked at one turn', run_id using errcode = 'AC007', hint = 'Name it as @3; @0 is before its first answer.';
        end if;
        v_args := v_args - 'session' || jsonb_build_object('fork', (v_cuts -> 0) - 'path');
        if agents is not null then
            v_args := v_args || jsonb_build_object('agent', coalesce(agents -> (v_args ->> 'agent'), v_args -> 'agent'));
        end if;
    else
        v_args := v_args || jsonb_build_object('fork', jsonb_build_object('of', run_id, 'at', v_cuts));
    end if;
    v_id := agentcorp.next_id(v_shard);
    insert into agentcorp.task (id, root_id, created_at, queue_id, priority, max_attempts, shard, kind, name, args, policy, tags, concurrency_key, tenant)
        values (v_id, v_id, v_now, case when fork_run.queue is null then v_task.queue_id else agentcorp.queue_id(fork_run.queue) end, coalesce(fork_run.priority, v_task.priority), v_task.max_attempts,
            v_shard, v_task.kind, v_task.name, agentcorp.store_payload(v_shard, v_id, 'args', v_args),
            coalesce(v_task.policy, '{}') - 'unique_key' || jsonb_build_object('forked_from', jsonb_build_object('task_id', run_id, 'step', null, 'at', v_task.created_at)),
            v_task.tags, v_task.concurrency_key, v_task.tenant);
    insert into agentcorp.shared_task (task_id, original_id, shard, name) select v_id, run_id, s.shard, '' from agentcorp.shard s where s.shard = v_shard;
    if v_pins is not null and v_task.kind = 'plan' then
        insert into agentcorp.step (task_id, created_at, attempt, shard, name, value)
            select v_id, v_now, 0, s.shard, 'plan', v_pins || jsonb_build_object('id', v_version.id) from agentcorp.shard s where s.shard = v_shard;
    end if;
    perform agentcorp.make_ready(v_shard, array[v_id], array[1]::smallint[]);
    perform agentcorp.move_counts(v_shard, array[v_id], null, 'ready');
    return v_id;
end $$;
comment on function agentcorp.fork_run is
    'Starts a new run that shares with another what is as it was, and does the rest again: the tasks at these places (edit, edit/#2/code, or write@3 for a turn of an agent) and all that needs them, what another input, version or agent ({old: new}) changes, what had not completed, and what needs an output that is given ({place: value}). Members of input replace those of the original''s';

create function agentcorp.fork_version(p_name text, p_version int, p_id bigint, p_agents jsonb, out id bigint, out name text, out version int, out document jsonb) language plpgsql as $$
declare
    v_agent text;
begin
    select v.id, v.name, v.version, v.document into id, name, version, document from agentcorp.plan_version v where v.id = coalesce(p_id, agentcorp.plan_id(p_name, p_version));
    if p_agents is null or p_agents = '{}' then
        return;
    elsif jsonb_typeof(p_agents) <> 'object' or exists (select from jsonb_each(p_agents) a where jsonb_typeof(a.value) <> 'string') then
        raise exception 'agents is no object of names' using errcode = 'AC007', hint = 'Pass {"old": "new"}.';
    end if;
    for v_agent in select a.value from jsonb_each_text(p_agents) a loop
        perform agentcorp.require_agent(v_agent);
    end loop;
    if agentcorp.rename_agents(document, p_agents) = document then
        raise exception 'the plan names none of the agents %', (select string_agg(k, ', ') from jsonb_object_keys(p_agents) k) using errcode = 'AC007',
            hint = 'Those that are chosen by role, and those of plans that it names, are not changed.';
    end if;
    -- A variant of its own, as one that an agent has made.
    document := agentcorp.rename_agents(document, p_agents);
    id := agentcorp.put_fragment(document - 'plan');
    name := null;
    version := null;
end $$;
comment on function agentcorp.fork_version is 'The version that a fork runs: the one asked for, or a variant of it with other agents';

create function agentcorp.fork_source(reader bigint, task_id bigint, step text default null) returns table (args jsonb, input jsonb, step_value jsonb) language plpgsql stable
set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.require_same_tenant(reader, task_id);
    return query select agentcorp.payload(t.args, v_shard), agentcorp.step_get(fork_source.task_id, 'input'), agentcorp.step_get(fork_source.task_id, fork_source.step)
        from agentcorp.task t where t.id = fork_source.task_id and t.shard = v_shard;
end $$;
comment on function agentcorp.fork_source is 'What the worker must know of the original of a plan''s task, for a task of the same tenant: its arguments, its input, and a step';

create function agentcorp.run_paths(run_id bigint) returns table (path text, id bigint, parent_path text, shared boolean) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(run_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[run_paths.run_id]);
    return query with recursive walk (path, id, parent_path, shared) as (
        select ''::text, t.id, null::text, false from agentcorp.task t where t.id = run_paths.run_id and t.shard = v_shard
        union all
        select case when w.path = '' then c.name else w.path || '/' || c.name end, c.id, w.path, w.shared or c.shared from walk w cross join lateral (
            select t.id, coalesce(t.name, t.kind || '~' || row_number() over (partition by t.name, t.kind order by t.id)) as name, false shared from agentcorp.task t where t.parent_id = w.id and t.shard = v_shard
            union all select s.original_id, s.name, true from agentcorp.shared_task s where s.task_id = w.id and s.name <> '' and s.shard = v_shard) c)
        select w.path, w.id, w.parent_path, w.shared from walk w;
    if not found then
        raise exception 'unknown task %', run_id using errcode = 'AC001', hint = 'Look it up with: agentcorp runs list';
    end if;
end $$;
comment on function agentcorp.run_paths is 'All tasks of a run with their paths, such as edit/#2/code, those that it shares with its original and what is below those included';

create function agentcorp.shared_tasks(run_id bigint) returns table (path text, id bigint, original_run bigint, state text) language plpgsql stable as $$
#variable_conflict use_column
begin
    return query select w.path, w.id, t.root_id, agentcorp.outcome_name(l.outcome)
        from agentcorp.run_paths(shared_tasks.run_id) w join agentcorp.task t on t.id = w.id and t.shard = agentcorp.shard_of(shared_tasks.run_id)
        cross join lateral agentcorp.last_outcome(t.shard, t.id) l where w.shared order by w.path;
end $$;
comment on function agentcorp.shared_tasks is 'What a run has from its original, by path, with what is below: the task, and the run that did it';

create function agentcorp.run_summary(run_id bigint) returns table (path text, id bigint, shared boolean, state text, agent text, agent_version int, plan_version bigint, cost_usd numeric,
    tokens bigint, seconds float8, output jsonb, decisions jsonb) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(run_id);
begin
    return query select w.path, w.id, w.shared, case when l.outcome between 1 and 4 then agentcorp.outcome_name(l.outcome) else 'open' end, r.agent, r.version,
            case when t.kind = 'plan' then coalesce(agentcorp.step_get(t.id, 'plan') -> 'id', t.args #> '{$plan,version}')::bigint end, u.cost, u.tokens,
            case when t.kind in ('plan', 'each', 'repeat', 'route', 'vote') then case when l.outcome between 1 and 4 then extract(epoch from l.finished_at - t.created_at)::float8 end else l.ran / 1000 end,
            agentcorp.payload(o.result, v_shard),
            (select jsonb_object_agg(s.name, agentcorp.payload(s.value, v_shard)) from agentcorp.step s
                where s.task_id = t.id and s.shard = v_shard and (s.name in ('when', 'each') or s.name ~ '^(until|route|tally) '))
        from agentcorp.run_paths(run_summary.run_id) w
        cross join lateral (select t.* from agentcorp.task t where t.id = w.id and t.shard = v_shard offset 0) t
        left join lateral (select a.outcome, a.finished_at, (sum(a.ran_ms) over ())::float8 ran
            from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard order by a.attempt desc limit 1) l on true
        left join lateral (select o.result from agentcorp.output o where o.task_id = t.id and o.shard = v_shard offset 0) o on true
        left join lateral (select r.agent, r.version from agentcorp.agent_run r where r.task_id = t.id and r.shard = v_shard offset 0) r on true
        cross join lateral (select sum(x.cost_usd) cost, sum(coalesce(x.input_tokens, 0) + coalesce(x.output_tokens, 0))::bigint tokens
            from agentcorp.turn x where x.task_id = t.id and x.shard = v_shard offset 0) u;
end $$;
comment on function agentcorp.run_summary is 'Each task of a run by its path: state, agent, cost, time that it took, output, and what was decided by which condition, choice or tally';

create function agentcorp.diff_runs(run_a bigint, run_b bigint)
returns table (path text, a jsonb, b jsonb, is_shared boolean, differs text[]) language plpgsql stable as $$
#variable_conflict use_column
declare
    v record;
begin
    for v in select t.id, t.kind, t.root_id from unnest(array[run_a, run_b]) i join agentcorp.task t on t.id = i and t.shard = agentcorp.shard_of(i)
        where t.kind <> 'plan' and (t.kind <> 'agent' or t.parent_id is not null)
    loop
        raise exception 'task % is of kind %, not the run of a plan or an agent', v.id, v.kind using errcode = 'AC007',
            hint = case when v.root_id = v.id then 'Look for runs with: agentcorp runs list' else format('It is part of run %s: compare that one.', v.root_id) end;
    end loop;
    return query select coalesce(x.path, y.path), case when x.id is not null then to_jsonb(x) - 'path' end, case when y.id is not null then to_jsonb(y) - 'path' end, coalesce(x.id = y.id, false),
            case when x.id is null or y.id is null then '{task}' else array_remove(array[
                case when x.state is distinct from y.state then 'state' end,
                case when x.output is distinct from y.output then 'output' end,
                case when x.agent is distinct from y.agent then 'agent' end,
                case when x.agent_version is distinct from y.agent_version and x.agent = y.agent then 'agent_version' end,
                case when x.plan_version is distinct from y.plan_version then 'plan_version' end,
                case when x.decisions is distinct from y.decisions then 'decisions' end], null) end
        from agentcorp.run_summary(run_a) x full join agentcorp.run_summary(run_b) y on y.path = x.path order by 1;
end $$;
comment on function agentcorp.diff_runs is 'Two runs task by task, matched by path: what agentcorp.run_summary says of each, and in what they differ; null: there is no such task';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('enqueue', 'fork_run'), ('read', 'task_at run_paths shared_tasks run_summary diff_runs'), ('work', 'fork_source'),
    ('internal', 'child_at fork_place fork_version'), ('helper', 'rename_agents')) x(c, f);
select agentcorp.grant_roles();
