-- What starts plans by itself, and who is told what becomes of tasks.
-- A trigger of a plan is an element of "on" in its document. Topics are subscriptions and crons are schedules, under names of their own;
-- webhooks stand only here, and a server outside asks for them. That a run is started once for each key, plan_start keeps.
-- Hooks follow what is written anyway: bodies of tasks, claims, attempts. Where there are none, nobody looks.

create table agentcorp.plan_trigger (
    created_at timestamptz not null,
    paused_at timestamptz,
    number int not null,
    plan text not null,
    name text primary key,
    kind text not null check (kind in ('topic', 'cron', 'webhook')),
    spec jsonb not null
);
comment on table agentcorp.plan_trigger is 'When the current versions of plans start by themselves';
comment on column agentcorp.plan_trigger.number is 'Its place in "on", from 0';
comment on column agentcorp.plan_trigger.name is 'Of plan and spec: the same trigger of the next version is the same. Also the name of the subscription or of the schedule';
create index plan_trigger_plan on agentcorp.plan_trigger (plan);
create unique index plan_trigger_webhook on agentcorp.plan_trigger ((spec ->> 'webhook')) where kind = 'webhook';

create table agentcorp.plan_start (
    started_at timestamptz not null,
    run_id bigint,
    event_id bigint,
    shard smallint not null,
    plan text not null,
    key text not null,
    primary key (plan, key, shard)
);
comment on table agentcorp.plan_start is 'Which run was started for which key: a key starts one, also after that has ended. Kept for a year';
comment on column agentcorp.plan_start.event_id is 'The last event of a burst';
create index plan_start_time on agentcorp.plan_start (started_at);

create table agentcorp.hook (
    id int generated always as identity primary key,
    created_at timestamptz not null,
    paused_at timestamptz,
    due_at timestamptz,
    failed_at timestamptz,
    failures bigint not null default 0,
    name text not null unique,
    events text[] not null,
    filter jsonb not null,
    action jsonb not null,
    position pg_snapshot,
    error text
);
comment on table agentcorp.hook is 'Who is told what becomes of tasks';
comment on column agentcorp.hook.due_at is 'After a failure: when to try again';
comment on column agentcorp.hook.position is 'How far agentcorp.read_hook has been acknowledged';

create table agentcorp.hook_cursor (
    low_at timestamptz not null,
    low_id bigint not null,
    mark_at timestamptz not null,
    mark_id bigint not null,
    hook_id int not null,
    shard smallint not null,
    mark_running text[] not null,
    primary key (hook_id, shard)
) with (fillfactor = 50);
comment on table agentcorp.hook_cursor is
    'How far a hook has come. What is older than low is dealt with. The mark is where low goes once all transactions have ended that ran when it was made: none of them can commit anything older any more';

create table agentcorp.hook_seen (
    task_id bigint not null,
    seen_at timestamptz not null,
    hook_id int not null,
    attempt smallint not null,
    shard smallint not null,
    event text not null,
    primary key (task_id, hook_id, attempt, event, shard)
);
comment on table agentcorp.hook_seen is 'What hooks have dealt with that is not older than their low';
create index hook_seen_age on agentcorp.hook_seen (hook_id, shard, seen_at);

-- Triggers of plans

create function agentcorp.check_trigger(p_plan text, p_number int, p_spec jsonb) returns text language plpgsql immutable as $$
declare
    v_what text := format('plan "%s", on/%s', p_plan, p_number);
    v_kinds text[];
    v_field text;
begin
    if jsonb_typeof(p_spec) is distinct from 'object' then
        raise exception '% is not an object', v_what using errcode = 'AC007', hint = 'Write {"topic": ...}, {"cron": ...} or {"webhook": ..., "secret": {"env": ...}}.';
    end if;
    v_kinds := array(select k from unnest('{topic,cron,webhook}'::text[]) k where p_spec ? k);
    if cardinality(v_kinds) <> 1 then
        raise exception '%: one of topic, cron and webhook is needed, there are %', v_what, cardinality(v_kinds) using errcode = 'AC007', hint = 'Make an element of each.';
    end if;
    perform agentcorp.refuse_unknown_fields(v_what, p_spec, case v_kinds[1] when 'topic' then '{topic,where,key,debounce}' when 'cron' then '{cron,timezone}'
        else '{webhook,secret}' end::text[]);
    select f.key into v_field from jsonb_each(p_spec) f where f.key <> 'secret' and jsonb_typeof(f.value) <> 'string' limit 1;
    if v_field is not null then
        raise exception '%: "%" is not a string', v_what, v_field using errcode = 'AC007';
    end if;
    if p_spec ? 'debounce' and agentcorp.milliseconds(p_spec ->> 'debounce', v_what || ': debounce') not between 1 and 604800000 then
        raise exception '%: debounce is not between 1 ms and a week', v_what using errcode = 'AC007';
    end if;
    if v_kinds[1] = 'webhook' then
        if p_spec ->> 'webhook' !~ '^[a-z0-9][a-z0-9_.-]{0,99}$' then
            raise exception '%: webhook name "%" is not valid', v_what, left(p_spec ->> 'webhook', 100) using errcode = 'AC007',
                hint = 'Use up to 100 small letters, digits, _ . and -, with a letter or digit first.';
        elsif coalesce(p_spec #>> '{secret,env}', '') !~ '^[A-Za-z_][A-Za-z0-9_]{0,199}$' or (p_spec -> 'secret') - 'env' <> '{}' then
            raise exception '%: secret is not {"env": NAME}', v_what using errcode = 'AC007', hint = 'Name the environment variable of the server that holds it, never the secret itself.';
        end if;
    end if;
    return v_kinds[1];
end $$;
comment on function agentcorp.check_trigger is 'The kind of a trigger; refuses what is none. Its expressions are not read here';

-- Called with the row of the plan locked. What has not changed stays as it is, paused or not, whatever its place.
-- locks: plan (the caller's), subscription, schedule
create function agentcorp.set_plan_triggers(p_plan text, p_document jsonb) returns void language plpgsql as $$
declare
    v_specs jsonb := coalesce(p_document -> 'on', '[]');
    v_spec jsonb;
    v_kind text;
    v_name text;
    v_names text[] := '{}';
    v_other text;
begin
    if jsonb_typeof(v_specs) <> 'array' or jsonb_array_length(v_specs) > 100 then
        raise exception 'plan "%": "on" is not an array of at most 100 triggers', p_plan using errcode = 'AC007';
    end if;
    if v_specs <> '[]' then
        begin
            perform agentcorp.check_input(p_document -> 'input', '{}');
        exception when sqlstate 'AC007' then
            raise exception 'plan "%" cannot start by itself: its % without one', p_plan, sqlerrm using errcode = 'AC007',
                hint = 'What starts it is `trigger`, not `input`. Require nothing of the input of such a plan.';
        end;
    end if;
    for v_i in 0 .. jsonb_array_length(v_specs) - 1 loop
        v_kind := agentcorp.check_trigger(p_plan, v_i, v_specs -> v_i);
        v_name := format('plan/%s/%s', left(p_plan, 80), left(md5(p_plan || (v_specs -> v_i)::text), 10));
        if v_name = any (v_names) then
            raise exception 'plan "%": on/% stands there twice', p_plan, v_i using errcode = 'AC007', hint = 'Leave one of them out.';
        end if;
        v_names := v_names || v_name;
    end loop;
    for v_name, v_kind in select t.name, t.kind from agentcorp.plan_trigger t where t.plan = p_plan and t.name <> all (v_names) order by 1 loop
        delete from agentcorp.plan_trigger t where t.name = v_name;
        if v_kind = 'topic' then
            perform agentcorp.unsubscribe(v_name);
        elsif v_kind = 'cron' then
            perform agentcorp.remove_schedule(s.name) from agentcorp.schedule s where s.name = v_name;
        end if;
    end loop;
    for v_i in 1 .. cardinality(v_names) loop
        v_name := v_names[v_i];
        v_spec := v_specs -> (v_i - 1);
        update agentcorp.plan_trigger t set number = v_i - 1 where t.name = v_name;
        continue when found;
        v_kind := agentcorp.check_trigger(p_plan, v_i - 1, v_spec);
        begin
            if v_kind = 'topic' then
                perform agentcorp.subscribe(v_name, v_spec ->> 'topic', 'plan_trigger', jsonb_build_object('plan', p_plan, 'trigger', v_name, 'on', v_spec));
            elsif v_kind = 'cron' then
                perform agentcorp.set_schedule(v_name, v_spec ->> 'cron', 'plan', jsonb_build_object('plan', p_plan, 'input', '{}'::jsonb,
                    'trigger', jsonb_build_object('cron', v_spec -> 'cron')), time_zone => coalesce(v_spec ->> 'timezone', 'UTC'), description => format('Starts plan %s', p_plan));
            end if;
            insert into agentcorp.plan_trigger (created_at, number, plan, name, kind, spec) values (agentcorp.clock(), v_i - 1, p_plan, v_name, v_kind, v_spec);
        exception when unique_violation then
            select t.plan into v_other from agentcorp.plan_trigger t where t.kind = 'webhook' and t.spec ->> 'webhook' = v_spec ->> 'webhook';
            raise exception 'plan "%", on/%: webhook "%" is that of plan "%"', p_plan, v_i - 1, v_spec ->> 'webhook', v_other using errcode = 'AC007',
                hint = 'Give it a name of its own.';
        end;
    end loop;
end $$;
comment on function agentcorp.set_plan_triggers is 'Makes the triggers of a plan those of a document, for agentcorp.put_plan and agentcorp.remove_plan';

create function agentcorp.pause_plan_trigger(plan text, number int, paused boolean default true) returns void language plpgsql as $$
declare
    v agentcorp.plan_trigger;
begin
    perform agentcorp.plan_id(pause_plan_trigger.plan);
    select * into v from agentcorp.plan_trigger t where t.plan = pause_plan_trigger.plan and t.number = pause_plan_trigger.number for update;
    if v.name is null then
        raise exception 'plan "%" has no trigger %', plan, number using errcode = 'AC001', hint = format('See: agentcorp plan triggers %s', plan);
    end if;
    update agentcorp.plan_trigger t set paused_at = case when paused then coalesce(t.paused_at, agentcorp.clock()) end where t.name = v.name;
    if v.kind = 'topic' then
        update agentcorp.subscription s set enabled = not paused where s.name = v.name;
    elsif v.kind = 'cron' and paused then
        perform agentcorp.pause_schedule(v.name);
    elsif v.kind = 'cron' then
        perform agentcorp.resume_schedule(v.name);
    end if;
end $$;
comment on function agentcorp.pause_plan_trigger is
    'A trigger of a plan starts nothing until it is resumed, also after a new version of the plan that has the same one. Events that come meanwhile are passed over, webhooks are answered with 503, crons are not made up for. paused => false resumes it';

-- Starting

-- Once for each key. Within a burst, the run that has not begun makes room for the next.
-- locks: plan_start, then what withdraw and enqueue lock
create function agentcorp.begin_plan(p_plan text, p_key text, p_input jsonb, p_trigger jsonb, p_origin jsonb, p_debounce interval default null, p_burst text default null,
    p_event bigint default null, out run_id bigint, out is_new boolean) language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_version record;
    v_shard smallint := agentcorp.choose_shard(p_plan || ' ' || p_key);
    v_start agentcorp.plan_start;
begin
    if octet_length(p_key) not between 1 and 1100 then
        raise exception 'the key of a run is empty or over 1000 bytes' using errcode = 'AC007', hint = 'Use an id, or a hash of something longer.';
    end if;
    select v.version, v.document into v_version from agentcorp.plan_version v where v.id = agentcorp.plan_id(p_plan);
    perform agentcorp.check_input(v_version.document -> 'input', p_input);
    loop
        insert into agentcorp.plan_start (started_at, event_id, shard, plan, key) values (v_now, p_event, v_shard, p_plan, p_key) on conflict do nothing;
        is_new := found;
        exit when is_new;
        select * into v_start from agentcorp.plan_start s where s.plan = p_plan and s.key = p_key and s.shard = v_shard for update;
        exit when v_start.plan is not null;
    end loop;
    if not is_new then
        run_id := v_start.run_id;
        if p_debounce is null or p_burst is not null or p_event <= v_start.event_id then
            return;
        elsif not (select w.withdrawn from agentcorp.withdraw(agentcorp.shard_of(run_id), run_id, '{"reason": "replaced", "message": "another event of its burst came"}') w) then
            return;
        end if;
    end if;
    run_id := agentcorp.enqueue('plan', jsonb_strip_nulls(jsonb_build_object('plan', p_plan, 'version', v_version.version, 'origin', p_origin))
            || jsonb_build_object('input', p_input, 'trigger', coalesce(p_trigger, 'null')),
        run_at => v_now + p_debounce, name => p_plan, unique_key => p_burst, on_conflict => 'debounce');
    update agentcorp.plan_start s set run_id = begin_plan.run_id, event_id = p_event, started_at = v_now where s.plan = p_plan and s.key = p_key and s.shard = v_shard;
end $$;
comment on function agentcorp.begin_plan is 'Starts a run, unless that key of the plan has had one';

create function agentcorp.start_plan(name text, key text, input jsonb default '{}', trigger jsonb default null, out run_id bigint, out is_new boolean) language plpgsql as $$
begin
    select b.run_id, b.is_new into run_id, is_new
        from agentcorp.begin_plan(start_plan.name, 'key ' || start_plan.key, coalesce(input, 'null'), start_plan.trigger, null) b;
end $$;
comment on function agentcorp.start_plan is
    'Starts a run of the current version of a plan, once for each key, also when that run has ended; is_new is false when it was started before. A key is remembered for a year';

create function agentcorp.start_by_event(trigger text, plan text, event jsonb, key text default null, debounce interval default null, out run_id bigint, out is_new boolean)
language plpgsql as $$
begin
    select b.run_id, b.is_new into run_id, is_new from agentcorp.begin_plan(start_by_event.plan, coalesce('key ' || nullif(start_by_event.key, ''), 'event ' || (event ->> 'id')),
        '{}', event -> 'data', event - 'data', debounce, case when debounce is not null and coalesce(start_by_event.key, '') = '' then trigger end, (event ->> 'id')::bigint) b;
end $$;
comment on function agentcorp.start_by_event is 'Starts the run of a plan for an event, for the worker that has evaluated its trigger. Without a key, each event is one, and debounce counts all of the trigger together';

create view agentcorp.webhooks as
select t.spec ->> 'webhook' name, t.plan, t.spec #>> '{secret,env}' secret_variable, t.paused_at from agentcorp.plan_trigger t where t.kind = 'webhook';
comment on view agentcorp.webhooks is 'The webhooks of plans: which environment variable of the server holds the secret';

create function agentcorp.webhooks_served() returns table (name text, plan text, secret_variable text, paused boolean) language sql stable as $$
    select w.name, w.plan, w.secret_variable, w.paused_at is not null from agentcorp.webhooks w
$$;
comment on function agentcorp.webhooks_served is 'The webhooks of plans, for the server that receives them';

create function agentcorp.start_by_webhook(webhook text, delivery text, body jsonb, proof text default null, out run_id bigint, out is_new boolean) language plpgsql
set enable_seqscan = off set jit = off as $$
declare
    v agentcorp.plan_trigger;
    v_proof text := format('proof %s %s', webhook, proof);
    v_shard smallint;
begin
    select * into v from agentcorp.plan_trigger t where t.kind = 'webhook' and t.spec ->> 'webhook' = webhook;
    if v.name is null then
        raise exception 'unknown webhook "%"', left(webhook, 100) using errcode = 'AC001';
    elsif v.paused_at is not null then
        raise exception 'webhook "%" is paused', webhook using errcode = 'AC009', hint = 'Resume it with: agentcorp plan triggers --resume';
    elsif coalesce(delivery, '') = '' or octet_length(delivery) > 500 or octet_length(proof) > 200 then
        raise exception 'the id of a delivery is empty or over 500 bytes' using errcode = 'AC007';
    end if;
    v_shard := agentcorp.choose_shard(v.plan || ' ' || v_proof);
    if proof is not null then
        select s.run_id into run_id from agentcorp.plan_start s where s.plan = v.plan and s.key = v_proof and s.shard = v_shard;
        if run_id is not null then
            is_new := false;
            return;
        end if;
    end if;
    select b.run_id, b.is_new into run_id, is_new from agentcorp.begin_plan(v.plan, format('webhook %s %s', webhook, delivery), '{}', body,
        jsonb_build_object('webhook', webhook, 'delivery', delivery)) b;
    if is_new and proof is not null then
        insert into agentcorp.plan_start as s (started_at, run_id, shard, plan, key) values (agentcorp.clock(), start_by_webhook.run_id, v_shard, v.plan, v_proof) on conflict do nothing;
        if not found then
            raise exception 'the same request was received under another id at the same time' using errcode = 'serialization_failure';
        end if;
    end if;
end $$;
comment on function agentcorp.start_by_webhook is
    'Starts the run of a plan for a request whose signature has been verified, once for each delivery. proof: a signature over a time and the body; again under another id, it is a replay, and starts nothing';

create function agentcorp.prune_starts(p_shard smallint, p_limit int default 1000) returns boolean language plpgsql
set enable_seqscan = off set jit = off as $$
declare
    v_n int;
begin
    delete from agentcorp.plan_start s where s.shard = p_shard and (s.plan, s.key) in (select x.plan, x.key from agentcorp.plan_start x
        where x.shard = p_shard and x.started_at < agentcorp.clock() - interval '365 days' order by x.started_at limit p_limit for update skip locked);
    get diagnostics v_n = row_count;
    return v_n = p_limit;
end $$;
comment on function agentcorp.prune_starts is 'Forgets the keys of runs that were started a year ago; says whether there may be more';

create view agentcorp.plan_triggers as
select t.plan, t.number, t.kind, t.spec ->> t.kind what, t.paused_at, case when t.paused_at is null then c.next_fire_at end next_fire_at, c.last_fire_at,
    coalesce(s.error, c.error) error, coalesce(s.failed_at, c.failed_at) failed_at, t.name, t.spec, t.created_at
from agentcorp.plan_trigger t left join agentcorp.subscription s on s.name = t.name and t.kind = 'topic'
left join agentcorp.schedule c on c.name = t.name and t.kind = 'cron';
comment on view agentcorp.plan_triggers is 'When plans start by themselves, and why one could not';

create view agentcorp.plan_starts as
select s.plan, s.key, s.run_id, s.started_at from agentcorp.plan_start s;
comment on view agentcorp.plan_starts is 'Which run was started for which key, event or delivery';

-- Hooks

create function agentcorp.check_hook(p_name text, p_events text[], p_filter jsonb, p_action jsonb) returns void language plpgsql as $$
declare
    v_known text[] := '{created,started,waiting,completed,failed,cancelled,skipped}';
    v_bad text;
begin
    if coalesce(p_name, '') = '' or length(p_name) > 200 then
        raise exception 'the name of a hook has 1 to 200 characters' using errcode = 'AC007';
    end if;
    select e into v_bad from unnest(p_events) e where (e <> all (v_known)) is not false limit 1;
    if v_bad is not null or coalesce(cardinality(p_events), 0) = 0 then
        raise exception 'hook "%": event "%" is not understood', p_name, v_bad using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(v_bad, v_known), ' Use some of ', array_to_string(v_known, ', '), '.'));
    end if;
    if jsonb_typeof(p_filter) is distinct from 'object' then
        raise exception 'hook "%": filter is not an object', p_name using errcode = 'AC007', hint = 'Write {"kind": "agent"}, or {} for all tasks.';
    end if;
    perform agentcorp.refuse_unknown_fields(format('hook "%s", filter', p_name), p_filter, '{kind,queue,plan,name,tag}');
    select f.key into v_bad from jsonb_each(p_filter) f where case jsonb_typeof(f.value) when 'string' then false
        when 'array' then f.value = '[]' or jsonb_path_exists(f.value, '$[*] ? (@.type() != "string")') else true end limit 1;
    if v_bad is not null then
        raise exception 'hook "%", filter: "%" is neither a string nor an array of strings', p_name, v_bad using errcode = 'AC007';
    end if;
    if jsonb_typeof(p_action) is distinct from 'object' or (p_action ? 'emit') = (p_action ? 'enqueue') then
        raise exception 'hook "%": action is neither {"emit": TOPIC} nor {"enqueue": TASK}', p_name using errcode = 'AC007',
            hint = 'A task has the fields of agentcorp.enqueue_many.';
    end if;
    perform agentcorp.refuse_unknown_fields(format('hook "%s", action', p_name), p_action, '{emit,enqueue}');
    if p_action ? 'emit' then
        perform agentcorp.check_topic(p_action ->> 'emit');
    else
        perform agentcorp.check_nodes(array[p_action -> 'enqueue'], array[format('hook "%s", action', p_name)], false);
        perform agentcorp.refuse_unknown_fields(format('hook "%s", action', p_name), p_action -> 'enqueue',
            '{kind,name,args,queue,priority,max_attempts,timeout,backoff,tags,on_error,concurrency_key,ordered_key,tenant}');
        if jsonb_typeof(coalesce(p_action #> '{enqueue,args}', '{}')) <> 'object' or pg_column_size(p_action) > 8192 then
            raise exception 'hook "%": the args of its task are no object, or over 8 KiB', p_name using errcode = 'AC007', hint = 'What has happened becomes the field "event" of args.';
        end if;
    end if;
end $$;
comment on function agentcorp.check_hook is 'Refuses what is no hook';

create function agentcorp.add_hook(name text, events text[], filter jsonb default '{}', action jsonb default null) returns void language plpgsql as $$
declare
    v_id int;
    v_action jsonb := coalesce(action, '{"emit": "tasks"}');
begin
    perform agentcorp.check_hook(name, events, filter, v_action);
    insert into agentcorp.hook as h (created_at, name, events, filter, action, position)
        values (agentcorp.clock(), add_hook.name, add_hook.events, add_hook.filter, v_action, pg_current_snapshot())
        on conflict on constraint hook_name_key do update set events = excluded.events, filter = excluded.filter, action = excluded.action,
            due_at = null, failed_at = null, failures = 0, error = null
        where (h.events, h.filter, h.action) is distinct from (excluded.events, excluded.filter, excluded.action) or h.error is not null
        returning h.id into v_id;
    insert into agentcorp.hook_cursor (low_at, low_id, mark_at, mark_id, hook_id, shard, mark_running)
        select m.at, m.id, m.at, m.id, v_id, s.shard, m.running from agentcorp.shard s cross join agentcorp.mark() m where v_id is not null on conflict do nothing;
end $$;
comment on function agentcorp.add_hook is
    'From now on, what becomes of tasks (created, started, waiting, completed, failed, cancelled, skipped) emits an event or enqueues a task, with args.event. filter: kind, queue, plan, name, tag, each a string or several. action: {"emit": topic} or {"enqueue": task}. Again with the same name: changes it';

create function agentcorp.hold_hook(p_name text) returns agentcorp.hook language plpgsql as $$
declare
    v agentcorp.hook;
begin
    select * into v from agentcorp.hook h where h.name = p_name for update;
    if v.id is null then
        raise exception 'unknown hook "%"', left(p_name, 200) using errcode = 'AC001',
            hint = trim(concat(agentcorp.did_you_mean(p_name, array(select h.name from agentcorp.hook h)), ' They are in agentcorp.hooks.'));
    end if;
    return v;
end $$;
comment on function agentcorp.hold_hook is 'Locks a hook; AC001 with a suggestion when there is none of that name';

create function agentcorp.remove_hook(name text) returns void language plpgsql as $$
declare
    v agentcorp.hook := agentcorp.hold_hook(name);
begin
    delete from agentcorp.hook h where h.id = v.id;
    delete from agentcorp.hook_cursor c where c.hook_id = v.id;
    delete from agentcorp.hook_seen s where s.hook_id = v.id;
end $$;
comment on function agentcorp.remove_hook is 'Removes a hook; what it has emitted and enqueued stays';

create function agentcorp.pause_hook(name text, paused boolean default true) returns void language plpgsql as $$
declare
    v agentcorp.hook := agentcorp.hold_hook(name);
begin
    update agentcorp.hook h set paused_at = case when paused then coalesce(h.paused_at, agentcorp.clock()) end, due_at = null where h.id = v.id;
end $$;
comment on function agentcorp.pause_hook is 'A hook tells nothing until it is resumed (paused => false); then it goes on where it was, with what has not been pruned meanwhile';

-- The clock and the last id come first: whoever has read the clock before, or been given an id, is among those that run, or has ended.
-- A transaction is known by its virtual id, since it may have none else before it writes.
create function agentcorp.mark(out at timestamptz, out id bigint, out running text[]) language plpgsql as $$
begin
    at := agentcorp.clock();
    id := (select case when s.is_called then s.last_value else s.last_value - 1 end from agentcorp.task_id s);
    running := array(select l.virtualtransaction from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.locktype = 'virtualxid' and l.granted and a.usesysid is not null and a.pid <> pg_backend_pid()
        and a.datid = (select d.oid from pg_database d where d.datname = current_database()));
end $$;
comment on function agentcorp.mark is 'A moment, the last id of a task that was given out, and the transactions that run';

create function agentcorp.hook_words(p_filter jsonb, p_field text) returns text[] language sql immutable as $$
    select case jsonb_typeof(p_filter -> p_field) when 'string' then array[p_filter ->> p_field] when 'array' then agentcorp.text_array(p_filter -> p_field) end
$$;
comment on function agentcorp.hook_words is 'The values that a field of a filter lets pass; null: all';

-- One statement, and so one snapshot, looks at all sources: who sees the end of a task sees its beginning. Tasks that hooks have enqueued
-- are told to none, with all below them: no hook feeds itself.
create function agentcorp.hook_news(p_shard smallint, p_hook agentcorp.hook, p_low_at timestamptz, p_low_id bigint, p_limit int)
returns table (task_id bigint, attempt smallint, event text, at timestamptz, news jsonb) language plpgsql stable
set enable_seqscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_base bigint := p_shard::bigint << 53;
    v_started boolean := 'started' = any (p_hook.events);
    v_outcomes smallint[] := array(select o.code from (values ('waiting', 12), ('completed', 1), ('failed', 2), ('cancelled', 3), ('skipped', 4)) o(event, code)
        where o.event = any (p_hook.events));
    v_kinds text[] := agentcorp.hook_words(p_hook.filter, 'kind');
    v_queues text[] := agentcorp.hook_words(p_hook.filter, 'queue');
    v_plans text[] := agentcorp.hook_words(p_hook.filter, 'plan');
    v_names text[] := agentcorp.hook_words(p_hook.filter, 'name');
    v_tags text[] := agentcorp.hook_words(p_hook.filter, 'tag');
begin
    return query
    select n.task_id, n.attempt, n.event, n.at, jsonb_build_object('hook', p_hook.name, 'event', n.event, 'task', n.task_id, 'attempt', nullif(n.attempt, 0), 'kind', t.kind,
            'name', t.name, 'queue', q.name, 'tags', coalesce(to_jsonb(t.tags), '[]'), 'parent', t.parent_id, 'root', t.root_id, 'plan', case when r.kind = 'plan' then r.name end,
            'at', n.at, 'error', case when n.error is not null then jsonb_build_object('reason', n.error ->> 'reason', 'message', left(n.error ->> 'message', 2000)) end)
        from (
            select distinct on (u.task_id, u.attempt, u.place) u.* from (
                select t.id task_id, 0::smallint attempt, 'created' event, 0 place, t.created_at at, null::jsonb error from agentcorp.task t
                    where 'created' = any (p_hook.events) and t.shard = p_shard and t.id > (v_base | p_low_id) and t.id <= (v_base | (1::bigint << 53) - 1)
                union all
                select c.task, c.attempt, 'started', 1, l.claimed_at, null from agentcorp.claim l cross join lateral unnest(l.task_ids, l.attempts) c(task, attempt)
                    where v_started and l.shard = p_shard and l.claimed_at >= p_low_at
                union all
                select a.task_id, a.attempt, 'started', 1, a.finished_at - coalesce(a.ran_ms, 0) * interval '1 millisecond', null from agentcorp.attempt a
                    where v_started and a.shard = p_shard and a.finished_at >= p_low_at and a.worker_id is not null
                union all
                select a.task_id, a.attempt, case a.outcome when 12 then 'waiting' else agentcorp.outcome_name(a.outcome) end, 2, a.finished_at, a.error from agentcorp.attempt a
                    where v_outcomes <> '{}' and a.shard = p_shard and a.finished_at >= p_low_at and a.outcome = any (v_outcomes)) u
            order by u.task_id, u.attempt, u.place) n
        cross join lateral (select t.* from agentcorp.task t where t.id = n.task_id and t.shard = p_shard offset 0) t
        cross join lateral (select r.kind, r.name, r.tags from agentcorp.task r where r.id = t.root_id and r.shard = p_shard offset 0) r
        join agentcorp.queue q on q.id = t.queue_id
        where (n.place = 0 or n.at >= p_hook.created_at)
        and (v_kinds is null or t.kind = any (v_kinds)) and (v_names is null or t.name = any (v_names)) and (v_tags is null or t.tags && v_tags)
        and (v_queues is null or q.name = any (v_queues)) and (v_plans is null or r.kind = 'plan' and r.name = any (v_plans))
        and not exists (select from unnest(r.tags) g where g like 'hook:%')
        and not exists (select from agentcorp.hook_seen s where s.task_id = n.task_id and s.hook_id = p_hook.id and s.attempt = n.attempt and s.event = n.event and s.shard = p_shard)
        order by n.task_id, n.attempt, n.place limit p_limit;
end $$;
comment on function agentcorp.hook_news is 'What has become of tasks since, that a hook has not been told';

-- What is told, what is remembered of it and how far the hook has come are committed together.
-- locks: hook_cursor, then what emit_event and enqueue lock
create function agentcorp.follow_hook(p_shard smallint, p_hook agentcorp.hook, p_limit int, out told int, out more boolean) language plpgsql
set enable_seqscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_cursor agentcorp.hook_cursor;
    v_mark record;
    v_passed boolean;
    v record;
begin
    told := 0;
    more := false;
    select * into v_cursor from agentcorp.hook_cursor c where c.hook_id = p_hook.id and c.shard = p_shard for update skip locked;
    if not found then
        return;
    end if;
    v_mark := agentcorp.mark();
    v_passed := not v_cursor.mark_running && v_mark.running;
    -- The clock of a server may be set back a little.
    select array_agg(n.task_id) tasks, array_agg(n.attempt) attempts, array_agg(n.event) events, array_agg(n.at) ats, array_agg(n.news) news into v
        from agentcorp.hook_news(p_shard, p_hook, v_cursor.low_at - interval '5 seconds', v_cursor.low_id, p_limit) n;
    if v.tasks is not null then
        told := cardinality(v.tasks);
        more := told = p_limit;
        if p_hook.action ? 'emit' then
            for i in 1 .. told loop
                perform agentcorp.emit_event(p_hook.action ->> 'emit', v.news[i], format('%s %s %s %s', p_hook.id, v.tasks[i], v.attempts[i], v.events[i]));
            end loop;
        else
            perform agentcorp.enqueue_many((select jsonb_agg((p_hook.action -> 'enqueue') || jsonb_build_object(
                'args', coalesce(p_hook.action #> '{enqueue,args}', '{}') || jsonb_build_object('event', u.n),
                'tags', coalesce(p_hook.action #> '{enqueue,tags}', '[]') || to_jsonb('hook:' || p_hook.name)) order by u.i) from unnest(v.news) with ordinality u(n, i)));
        end if;
        insert into agentcorp.hook_seen (task_id, seen_at, hook_id, attempt, shard, event)
            select u.t, u.s, p_hook.id, u.a, s.shard, u.e from agentcorp.shard s cross join unnest(v.tasks, v.ats, v.attempts, v.events) u(t, s, a, e) where s.shard = p_shard;
    end if;
    if not v_passed or more then
        return;
    end if;
    update agentcorp.hook_cursor c set low_at = v_cursor.mark_at, low_id = v_cursor.mark_id, mark_at = v_mark.at, mark_id = v_mark.id, mark_running = v_mark.running
        where c.hook_id = p_hook.id and c.shard = p_shard;
    -- What comes no more. A start may come again as long as its attempt has not ended: with that end.
    delete from agentcorp.hook_seen s where s.hook_id = p_hook.id and s.shard = p_shard and s.seen_at < v_cursor.mark_at - interval '5 seconds'
        and case s.event when 'created' then s.task_id <= (p_shard::bigint << 53 | v_cursor.mark_id)
        when 'started' then exists (select from agentcorp.attempt a where a.task_id = s.task_id and a.attempt = s.attempt and a.shard = p_shard
            and a.finished_at < v_cursor.mark_at - interval '5 seconds' offset 0) else true end;
end $$;
comment on function agentcorp.follow_hook is 'Tells a hook what has become of tasks of a shard: each thing once, those of a task in their order';

create function agentcorp.follow_hooks(p_shard smallint, p_limit int default 1000, out told int, out failed int, out next_in_ms bigint) language plpgsql as $$
declare
    v agentcorp.hook;
    v_done record;
    v_message text;
begin
    told := 0;
    failed := 0;
    for v in select h.* from agentcorp.hook h where h.paused_at is null order by h.id loop
        next_in_ms := coalesce(next_in_ms, 1000);
        continue when v.due_at > agentcorp.clock();
        begin
            v_done := agentcorp.follow_hook(p_shard, v, p_limit);
            told := told + v_done.told;
            if v_done.more then
                next_in_ms := 0;
            end if;
            if v.error is not null then
                update agentcorp.hook h set error = null, due_at = null where h.id = v.id;
            end if;
        exception when others then
            if left(sqlstate, 2) in ('40', '53', '57', '58', 'XX') then
                raise;
            end if;
            get stacked diagnostics v_message = message_text;
            failed := failed + 1;
            update agentcorp.hook h set failures = h.failures + 1, failed_at = agentcorp.clock(), due_at = agentcorp.clock() + interval '10 seconds', error = left(v_message, 1000)
                where h.id = v.id;
        end;
    end loop;
end $$;
comment on function agentcorp.follow_hooks is
    'Tells all hooks what has become of tasks of a shard, for the coordinator. Says how much it told, how many hooks failed (they try again after 10 seconds; nothing is lost), and in how many milliseconds to look again; null: there are no hooks';

create function agentcorp.read_hook(name text, out reached text, out events jsonb) language plpgsql stable as $$
declare
    v agentcorp.hook;
begin
    select * into v from agentcorp.hook h where h.name = read_hook.name;
    if v.id is null or not v.action ? 'emit' then
        raise exception 'there is no hook "%" that emits', left(name, 200) using errcode = 'AC001', hint = 'Add it with agentcorp.add_hook.';
    end if;
    select f.reached, coalesce((select jsonb_agg(e order by (e ->> 'id')::bigint) from jsonb_array_elements(f.events) e where e #>> '{data,hook}' = v.name), '[]')
        into reached, events from agentcorp.follow_events(v.position::text, v.action ->> 'emit') f;
end $$;
comment on function agentcorp.read_hook is 'What a hook has emitted and nobody has acknowledged, and the position to acknowledge then';

create function agentcorp.acknowledge_hook(name text, reached text) returns void language plpgsql as $$
declare
    v agentcorp.hook := agentcorp.hold_hook(name);
begin
    update agentcorp.hook h set position = reached::pg_snapshot where h.id = v.id;
end $$;
comment on function agentcorp.acknowledge_hook is 'What agentcorp.read_hook has returned with this position has been dealt with';

create view agentcorp.hooks as
select h.name, h.events, h.filter, h.action, h.paused_at, (select min(c.low_at) from agentcorp.hook_cursor c where c.hook_id = h.id) reached_at,
    h.failures, h.failed_at, h.error, h.created_at
from agentcorp.hook h;
comment on view agentcorp.hooks is 'Who is told what becomes of tasks, how far each has come, and why it cannot go on';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('manage', 'pause_plan_trigger add_hook remove_hook pause_hook'), ('enqueue', 'start_plan'),
    ('work', 'start_by_event start_by_webhook webhooks_served read_hook acknowledge_hook'), ('coordinate', 'follow_hooks'),
    ('internal', 'check_trigger set_plan_triggers begin_plan prune_starts check_hook hold_hook mark hook_words hook_news follow_hook')) x(c, f);
select agentcorp.grant_roles();
