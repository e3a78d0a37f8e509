-- Evaluations: a plan over a set of examples, with scores. An evaluation is a task tree: the root, of kind `evaluation`, has a subtask of
-- kind `evaluation_example` for each example, which has the run of the plan below it. So workers do it, and whoever started it may go.
-- What came of it stands in rows that stay when the trees have been pruned.

create table agentcorp.evaluation (
    id bigint not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    version int not null,
    shard smallint not null,
    name text not null,
    plan text not null,
    set_sha256 bytea not null,
    scorers jsonb not null,
    primary key (id, shard)
);
comment on table agentcorp.evaluation is 'A plan that is run over a set of examples. It has the id of its task';
comment on column agentcorp.evaluation.set_sha256 is 'Of the examples: what is compared and resumed is over the same set';
create index evaluation_by_name on agentcorp.evaluation (name, id);

create table agentcorp.evaluation_result (
    evaluation_id bigint not null,
    run_id bigint,
    tokens bigint,
    finished_at timestamptz,
    idx int not null,
    shard smallint not null,
    passed boolean,
    latency interval,
    cost_usd numeric,
    example text not null,
    tags text[],
    input jsonb not null,
    expected jsonb,
    output jsonb,
    scores jsonb,
    error text,
    primary key (evaluation_id, idx, shard)
) with (fillfactor = 70);
comment on table agentcorp.evaluation_result is 'An example of an evaluation, and what came of it';
comment on column agentcorp.evaluation_result.scores is '{scorer: {"score": 0 to 1, "passed", "why"}}; null: it is not over';
comment on column agentcorp.evaluation_result.error is 'Why there is no output, or no score';

create function agentcorp.check_scorers(p_scorers jsonb) returns void language plpgsql immutable as $$
declare
    v jsonb;
    v_need text;
begin
    if jsonb_typeof(p_scorers) is distinct from 'array' or jsonb_array_length(p_scorers) not between 1 and 20 then
        raise exception 'scorers is no array of 1 to 20 scorers' using errcode = 'AC007', hint = 'Pass [{"type": "exact"}], for example.';
    end if;
    for v in select s from jsonb_array_elements(p_scorers) s loop
        if jsonb_typeof(v) <> 'object' or coalesce(v ->> 'type', '') not in ('exact', 'contains', 'regex', 'schema', 'numeric', 'expression', 'judge') then
            raise exception 'unknown scorer %', left(coalesce(v ->> 'type', v::text), 100) using errcode = 'AC007',
                hint = trim(concat(agentcorp.did_you_mean(coalesce(v ->> 'type', ''), '{exact,contains,regex,schema,numeric,expression,judge}'), ' There are exact, contains, regex, schema, numeric, expression and judge.'));
        end if;
        perform agentcorp.refuse_unknown_fields('scorer ' || (v ->> 'type'), v, '{name,type,value,pattern,schema,tolerance,expression,agent,rubric,pass}');
        v_need := case v ->> 'type' when 'regex' then 'pattern' when 'schema' then 'schema' when 'expression' then 'expression' when 'judge' then 'agent' end;
        if v_need is not null and not v ? v_need then
            raise exception 'scorer % needs "%"', v ->> 'type', v_need using errcode = 'AC007';
        end if;
    end loop;
    if (select count(distinct coalesce(s ->> 'name', s ->> 'type')) from jsonb_array_elements(p_scorers) s) < jsonb_array_length(p_scorers) then
        raise exception 'two scorers have the same name' using errcode = 'AC007', hint = 'Give each a "name" of its own.';
    end if;
end $$;
comment on function agentcorp.check_scorers is 'Refuses what are no scorers of an evaluation';

create function agentcorp.run_evaluation(plan text, examples jsonb, scorers jsonb default '[{"type": "exact"}]', version int default null, name text default null, parallel int default 4,
    queue text default 'default', priority int default 6) returns bigint language plpgsql as $$
declare
    v_shard smallint;
    v_now timestamptz := agentcorp.clock();
    v_version record;
    v_id bigint;
    v_name text := coalesce(name, plan);
    v_bad record;
begin
    perform agentcorp.check_scorers(scorers);
    if jsonb_typeof(examples) is distinct from 'array' or jsonb_array_length(examples) not between 1 and 100000 then
        raise exception 'examples is no array of 1 to 100000 examples' using errcode = 'AC007', hint = 'Each is {"input": ..., "expected": ..., "id": "...", "tags": []}.';
    elsif parallel not between 1 and 1000 then
        raise exception 'parallel is %, not 1 to 1000', parallel using errcode = 'AC007';
    elsif v_name = '' or length(v_name) > 200 or v_name ~ '[[:cntrl:]]' then
        raise exception 'the name of an evaluation is empty, over 200 characters, or has control characters' using errcode = 'AC007';
    end if;
    select e.i, e.x into v_bad from jsonb_array_elements(examples) with ordinality e(x, i)
        where jsonb_typeof(e.x) <> 'object' or not e.x ? 'input' or e.x - '{input,expected,id,tags}'::text[] <> '{}'
            or coalesce(jsonb_typeof(e.x -> 'id'), 'string') not in ('string', 'number') or coalesce(jsonb_typeof(e.x -> 'tags'), 'array') <> 'array' limit 1;
    if found then
        raise exception 'example % is not {"input", "expected"?, "id"?, "tags"?}: %', v_bad.i, left(v_bad.x::text, 200) using errcode = 'AC007';
    end if;
    select coalesce(e.x ->> 'id', e.i::text) id into v_bad from jsonb_array_elements(examples) with ordinality e(x, i) group by 1 having count(*) > 1 limit 1;
    if found then
        raise exception 'two examples have the id "%"', v_bad.id using errcode = 'AC007', hint = 'Give each an id of its own, or none.';
    end if;
    select v.version, v.document into v_version from agentcorp.plan_version v where v.id = agentcorp.plan_id(run_evaluation.plan, run_evaluation.version);
    -- The first one says what is wrong with all of them; the others are looked at by their runs.
    perform agentcorp.check_input(v_version.document -> 'input', examples -> 0 -> 'input');
    v_id := agentcorp.enqueue_tree(jsonb_build_object('kind', 'evaluation', 'name', v_name, 'queue', queue, 'priority', priority, 'join', 'settled',
        'args', jsonb_build_object('plan', run_evaluation.plan, 'version', v_version.version, 'scorers', scorers),
        'subtasks', (select jsonb_agg(jsonb_build_object('kind', 'evaluation_example', 'name', '[' || i || ']', 'queue', run_evaluation.queue, 'priority', run_evaluation.priority,
            'args', jsonb_build_object('idx', i), 'join', 'settled') || case when i >= parallel then jsonb_build_object('needs', jsonb_build_array('[' || i - parallel || ']')) else '{}' end order by i)
            from generate_series(0, jsonb_array_length(examples) - 1) i)));
    v_shard := agentcorp.shard_of(v_id);
    insert into agentcorp.evaluation (id, created_at, version, shard, name, plan, set_sha256, scorers)
        select v_id, v_now, v_version.version, s.shard, v_name, run_evaluation.plan, sha256(convert_to(examples::text, 'UTF8')), run_evaluation.scorers from agentcorp.shard s where s.shard = v_shard;
    insert into agentcorp.evaluation_result (evaluation_id, idx, shard, example, tags, input, expected)
        select v_id, e.i - 1, s.shard, coalesce(e.x ->> 'id', e.i::text), agentcorp.text_array(e.x -> 'tags'), e.x -> 'input', e.x -> 'expected'
        from agentcorp.shard s cross join jsonb_array_elements(examples) with ordinality e(x, i) where s.shard = v_shard;
    return v_id;
end $$;
comment on function agentcorp.run_evaluation is
    'Runs a plan over examples, [{"input", "expected", "id", "tags"}, ...], so many at once, and scores what comes of each; returns the task. scorers: [{"type": exact, contains, regex, schema, numeric, expression or judge, ...}]. See agentcorp.evaluations and agentcorp.evaluation_results';

create function agentcorp.find_evaluation(reference text) returns bigint language plpgsql stable as $$
declare
    v_id bigint;
begin
    select e.id into v_id from agentcorp.evaluation e where e.name = reference order by e.created_at desc, e.id desc limit 1;
    if v_id is null and reference ~ '^\d{1,18}$' then
        select e.id into v_id from agentcorp.evaluation e where e.id = reference::bigint and e.shard = agentcorp.shard_of(reference::bigint);
    end if;
    if v_id is null then
        raise exception 'unknown evaluation "%"', reference using errcode = 'AC001',
            hint = trim(concat(agentcorp.did_you_mean(reference, array(select distinct e.name from agentcorp.evaluation e limit 1000)), ' See: agentcorp eval list'));
    end if;
    return v_id;
end $$;
comment on function agentcorp.find_evaluation is 'The latest evaluation of that name, or the one with that id; AC001 when there is none';

create function agentcorp.resume_evaluation(name text, plan text, examples jsonb, scorers jsonb) returns bigint language plpgsql as $$
declare
    v_evaluation agentcorp.evaluation;
begin
    select e.* into v_evaluation from agentcorp.evaluation e
        where e.name = coalesce(resume_evaluation.name, resume_evaluation.plan) and e.plan = resume_evaluation.plan and e.set_sha256 = sha256(convert_to(examples::text, 'UTF8'))
            and e.scorers = resume_evaluation.scorers order by e.created_at desc, e.id desc limit 1;
    if not found then
        return null;
    end if;
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[v_evaluation.id]);
    -- One that was cancelled goes on; one that has completed is as it is.
    if (select l.outcome in (2, 3) from agentcorp.last_outcome(v_evaluation.shard, v_evaluation.id) l) then
        perform agentcorp.retry(v_evaluation.id);
    end if;
    return v_evaluation.id;
end $$;
comment on function agentcorp.resume_evaluation is 'The latest evaluation of that name with the same examples and scorers, put back to work if it was cancelled; null when there is none';

create function agentcorp.evaluation_example(task_id bigint, out evaluation_id bigint, out idx int, out plan text, out version int, out scorers jsonb, out input jsonb, out expected jsonb)
language plpgsql stable set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    select e.id, r.idx, e.plan, e.version, e.scorers, r.input, r.expected into evaluation_id, idx, plan, version, scorers, input, expected
        from agentcorp.task t join agentcorp.evaluation e on e.id = t.parent_id and e.shard = t.shard
        join agentcorp.evaluation_result r on r.evaluation_id = e.id and r.idx = (t.args ->> 'idx')::int and r.shard = t.shard
        where t.id = evaluation_example.task_id and t.shard = v_shard;
    if not found then
        raise exception 'task % is no example of an evaluation', task_id using errcode = 'AC001', hint = 'It may have been removed.';
    end if;
end $$;
comment on function agentcorp.evaluation_example is 'What the worker must know of an example';

create function agentcorp.score_example(task_id bigint, attempt int, output jsonb, scores jsonb, passed boolean, error text default null) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_example record;
    v_run record;
    v_ids bigint[];
    v_cost record;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    select e.evaluation_id, e.idx into v_example from agentcorp.evaluation_example(score_example.task_id) e;
    select t.id, a.finished_at - t.created_at took into v_run from agentcorp.task t
        left join lateral (select a.finished_at from agentcorp.attempt a where a.task_id = t.id and a.shard = v_shard and a.outcome between 1 and 4) a on true
        where t.parent_id = score_example.task_id and t.name = 'run' and t.shard = v_shard;
    if v_run.id is not null then
        select m.ids into v_ids from agentcorp.tree_members(v_shard, array[v_run.id]) m;
        select sum(u.cost_usd) usd, sum(coalesce(u.input_tokens, 0) + coalesce(u.output_tokens, 0)) tokens into v_cost from agentcorp.turn u where u.task_id = any (v_ids) and u.shard = v_shard;
    end if;
    update agentcorp.evaluation_result r set run_id = v_run.id, latency = v_run.took, cost_usd = v_cost.usd, tokens = v_cost.tokens, finished_at = agentcorp.clock(),
            output = score_example.output, scores = score_example.scores, passed = score_example.passed, error = left(score_example.error, 2000)
        where r.evaluation_id = v_example.evaluation_id and r.idx = v_example.idx and r.shard = v_shard;
end $$;
comment on function agentcorp.score_example is 'Records what came of an example, with what its run has cost and how long it took';

create function agentcorp.finish_evaluation(task_id bigint, attempt int) returns jsonb language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    update agentcorp.evaluation_result r set error = 'it was cancelled, or its task failed', finished_at = agentcorp.clock()
        where r.evaluation_id = finish_evaluation.task_id and r.shard = v_shard and r.finished_at is null;
    update agentcorp.evaluation e set finished_at = agentcorp.clock() where e.id = finish_evaluation.task_id and e.shard = v_shard;
    return (select jsonb_build_object('examples', count(*), 'passed', count(*) filter (where r.passed), 'failed', count(*) filter (where r.passed is not true), 'errors', count(r.error),
            'cost_usd', sum(r.cost_usd)) from agentcorp.evaluation_result r where r.evaluation_id = finish_evaluation.task_id and r.shard = v_shard);
end $$;
comment on function agentcorp.finish_evaluation is 'Ends an evaluation whose examples have ended; returns how many passed';

create function agentcorp.remove_evaluation(reference text) returns void language plpgsql as $$
declare
    v_id bigint := agentcorp.find_evaluation(reference);
    v_shard smallint := agentcorp.shard_of(v_id);
begin
    if agentcorp.hold(v_shard, v_id) is not null then
        raise exception 'evaluation % is not over', v_id using errcode = 'AC009', hint = format('Cancel it with: agentcorp tasks cancel %s', v_id);
    end if;
    delete from agentcorp.evaluation_result r where r.evaluation_id = v_id and r.shard = v_shard;
    delete from agentcorp.evaluation e where e.id = v_id and e.shard = v_shard;
end $$;
comment on function agentcorp.remove_evaluation is 'Removes an evaluation and its results; its tasks go as retention says';

create function agentcorp.compare_evaluations(a text, b text) returns table (example text, scorer text, score_a float8, score_b float8, passed_a boolean, passed_b boolean,
    run_a bigint, run_b bigint, output_a jsonb, output_b jsonb) language plpgsql stable as $$
#variable_conflict use_column
declare
    v_a bigint := agentcorp.find_evaluation(compare_evaluations.a);
    v_b bigint := agentcorp.find_evaluation(compare_evaluations.b);
begin
    return query select x.example, k.scorer, (x.scores #>> array[k.scorer, 'score'])::float8, (y.scores #>> array[k.scorer, 'score'])::float8,
            (x.scores #>> array[k.scorer, 'passed'])::boolean, (y.scores #>> array[k.scorer, 'passed'])::boolean, x.run_id, y.run_id, x.output, y.output
        from agentcorp.evaluation_result x join agentcorp.evaluation_result y on y.evaluation_id = v_b and y.shard = agentcorp.shard_of(v_b) and y.example = x.example and y.input = x.input
        cross join lateral (select s.scorer from (select jsonb_object_keys(coalesce(x.scores, '{}')) union select jsonb_object_keys(coalesce(y.scores, '{}'))) s(scorer)) k
        where x.evaluation_id = v_a and x.shard = agentcorp.shard_of(v_a) order by x.idx, k.scorer;
end $$;
comment on function agentcorp.compare_evaluations is 'Two evaluations example by example, those with the same id and input, and scorer by scorer';

create view agentcorp.evaluations as
select e.id, e.name, e.plan, e.version, e.scorers, e.created_at, e.finished_at, r.examples, r.done, r.passed, r.errors, r.cost_usd
from agentcorp.evaluation e cross join lateral (
    select count(*)::int examples, count(r.finished_at)::int done, (count(*) filter (where r.passed))::int passed, count(r.error)::int errors, sum(r.cost_usd) cost_usd
    from agentcorp.evaluation_result r where r.evaluation_id = e.id and r.shard = e.shard) r;
comment on view agentcorp.evaluations is 'Evaluations, how far they are, and how many examples passed all scorers';

create view agentcorp.evaluation_results as
select r.evaluation_id, r.idx, r.example, r.tags, r.input, r.expected, r.run_id, r.output, r.scores, r.passed, r.error, r.cost_usd, r.tokens, r.latency, r.finished_at
from agentcorp.evaluation_result r;
comment on view agentcorp.evaluation_results is 'The examples of evaluations, and what came of each';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('enqueue', 'run_evaluation resume_evaluation'), ('manage', 'remove_evaluation'), ('read', 'compare_evaluations'), ('work', 'evaluation_example score_example finish_evaluation'),
    ('read', 'find_evaluation'), ('internal', 'check_scorers')) x(c, f);
select agentcorp.grant_roles();
