-- Events: published facts. Waits: tasks parked until a fact. Subscriptions: rules that turn facts into tasks. Timers.
-- An event lies in the shard of its topic, a wait in that of its task. The blocked row of a task is the mutex of its waits, and there is
-- no wait without one: in phase 1 while the task runs or is to run, in phase 4 while it is parked.

create sequence agentcorp.event_id;

create table agentcorp.event (
    id bigint not null,
    created_at timestamptz not null,
    xact xid8 not null,
    shard smallint not null,
    topic text not null,
    key text,
    data jsonb not null,
    primary key (id, shard)
) with (autovacuum_vacuum_insert_scale_factor = 0.2);
comment on table agentcorp.event is 'Published facts; insert-only. Per topic and key the first one stands';
comment on column agentcorp.event.xact is 'The transaction that emitted it: tells what was not yet committed at some moment';
create unique index event_key on agentcorp.event (topic, key, shard) where key is not null;
create index event_topic on agentcorp.event (topic, xact);
create index event_xact on agentcorp.event (xact);

create table agentcorp.wait (
    task_id bigint not null,
    created_at timestamptz not null,
    timeout_at timestamptz,
    attempt smallint not null,
    shard smallint not null,
    event_shard smallint not null,
    met boolean not null default false,
    name text not null,
    topic text not null,
    key text,
    filter jsonb,
    seen pg_snapshot not null,
    primary key (task_id, name, shard)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table agentcorp.wait is 'Which task waits for which event. Its end is recorded as a step of that name';
comment on column agentcorp.wait.attempt is 'The last attempt that asked for it';
comment on column agentcorp.wait.met is 'It is over, while the task runs or is to run: the attempt need not be parked';
comment on column agentcorp.wait.filter is 'Only events whose data contain this; {}: all. What such a wait comes to may be passed over, so its step says from where it has looked, and until when it waits';
comment on column agentcorp.wait.seen is 'What was committed when it was registered: without a key, only what was not is waited for';
create index wait_topic on agentcorp.wait (topic, key, shard) where not met;
create index wait_due on agentcorp.wait (shard, timeout_at) where not met and timeout_at is not null;

create table agentcorp.subscription (
    id int generated always as identity primary key,
    created_at timestamptz not null,
    failed_at timestamptz,
    failures bigint not null default 0,
    enabled boolean not null,
    name text not null unique,
    pattern text not null,
    task jsonb not null,
    error text
);
comment on table agentcorp.subscription is 'Rules that enqueue a task for each event whose topic matches a pattern';
comment on column agentcorp.subscription.task is 'The task as an element of agentcorp.enqueue_many';
create index subscription_pattern on agentcorp.subscription (pattern) where enabled;

-- Topics and patterns

create function agentcorp.check_topic(p_topic text) returns void language plpgsql immutable as $$
begin
    if p_topic is null or octet_length(p_topic) > 250 or p_topic !~ '^[^[:space:][:cntrl:].*#]+(\.[^[:space:][:cntrl:].*#]+){0,9}$' then
        raise exception 'topic "%" is not valid', left(p_topic, 250) using errcode = 'AC007',
            hint = 'A topic is 1 to 10 words with dots between them, as in orders.created: at most 250 bytes, no spaces, no "*", no "#".';
    end if;
end $$;
comment on function agentcorp.check_topic is 'Refuses what is no topic';

create function agentcorp.check_pattern(p_pattern text) returns text language plpgsql immutable as $$
declare
    v_pattern text := regexp_replace(p_pattern, '(^|\.)#$', '\1**');
begin
    if v_pattern is null or octet_length(v_pattern) > 250
        or v_pattern !~ '^(([^[:space:][:cntrl:].*#]+|\*)\.){0,9}([^[:space:][:cntrl:].*#]+|\*\*?)$' then
        raise exception 'pattern "%" is not valid', left(p_pattern, 250) using errcode = 'AC007',
            hint = 'A pattern is a topic in which "*" stands for one word, and "**" or "#" at the end for one or more, as in orders.*.paid or orders.**.';
    end if;
    return v_pattern;
end $$;
comment on function agentcorp.check_pattern is 'A pattern in the form in which it is compared; refuses what is none';

-- A topic of n words is matched by at most 2^(n+1) - 1 patterns. So patterns are found by their index, however many there are.
create function agentcorp.patterns_of(p_topic text) returns text[] language plpgsql immutable parallel safe as $$
declare
    v_word text;
    v_heads text[] := array[''];
    v_patterns text[] := '{}';
begin
    foreach v_word in array string_to_array(p_topic, '.') loop
        v_patterns := v_patterns || array(select h || '**' from unnest(v_heads) h);
        v_heads := array(select h || w || '.' from unnest(v_heads) h cross join unnest(array[v_word, '*']) w);
    end loop;
    return v_patterns || array(select left(h, -1) from unnest(v_heads) h);
end $$;
comment on function agentcorp.patterns_of is 'All patterns that match a topic';

-- No lost wake-up: who emits holds these locks shared, who registers a wait holds the one that it needs alone. So either the wait is
-- committed before the event looks for waits, or the event before the wait looks for events. They are of a fixed number, so that a
-- transaction that emits a million events does not fill the lock table; that two topics share one costs a moment.
create function agentcorp.topic_lock(p_topic text, p_key text) returns int language sql immutable parallel safe as $$
    select hashtext(case when p_key is null then p_topic else p_topic || chr(31) || p_key end) & 1023
$$;
comment on function agentcorp.topic_lock is 'The number of the advisory lock of a topic, or of a topic and a key';

-- A transaction that has emitted and is left open must not hold up those who begin to wait: they go on without the lock, and what is
-- missed for that is found by agentcorp.sweep_waits.
create function agentcorp.lock_topic(p_topic text, p_key text) returns void language plpgsql set lock_timeout = '2s' as $$
begin
    perform pg_advisory_xact_lock(case when p_key is null then 20262 else 20263 end, agentcorp.topic_lock(p_topic, p_key));
exception when lock_not_available then
    null;
end $$;
comment on function agentcorp.lock_topic is 'Keeps others from emitting to a topic, or to a topic with a key, until the transaction ends';

-- To be called early by who holds other locks when it emits: one who begins to wait takes the topic first, and the task after it.
create function agentcorp.share_topic(p_topic text, p_key text) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared(20262, agentcorp.topic_lock(p_topic, null));
    if p_key is not null then
        perform pg_advisory_xact_lock_shared(20263, agentcorp.topic_lock(p_topic, p_key));
    end if;
end $$;
comment on function agentcorp.share_topic is 'Takes the locks of one who emits to a topic, until the transaction ends';

create function agentcorp.event_json(p_event agentcorp.event) returns jsonb language sql immutable as $$
    select jsonb_build_object('id', p_event.id, 'topic', p_event.topic, 'key', p_event.key, 'data', p_event.data, 'created_at', p_event.created_at)
$$;
comment on function agentcorp.event_json is 'An event as waits record it and as tasks of subscriptions get it';

create function agentcorp.wait_end(p_wait agentcorp.wait, p_value jsonb) returns jsonb language sql immutable as $$
    select case when p_wait.filter is null or p_value ? 'timed_out' then p_value
        else p_value || jsonb_build_object('since', p_wait.seen, 'timeout_at', p_wait.timeout_at) end
$$;
comment on function agentcorp.wait_end is 'What the step of a wait records: the event, and for one that may pass it over, from where to go on';

create function agentcorp.position(p_text text) returns pg_snapshot language plpgsql immutable as $$
declare
    v_position pg_snapshot;
begin
    v_position := p_text;
    return v_position;
exception when invalid_text_representation then
    raise exception 'position "%" is not valid', left(p_text, 100) using errcode = 'AC007', hint = 'Pass what an earlier call has returned.';
end $$;
comment on function agentcorp.position is 'A place in the stream of events, from its text';

-- Emitting

-- locks: topic and key (shared), then what meet_waits and enqueue lock
create function agentcorp.emit_event(topic text, data jsonb default '{}', key text default null) returns bigint language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_event agentcorp.event;
    v_shard smallint;
begin
    perform agentcorp.check_topic(topic);
    if key = '' or octet_length(key) > 1000 then
        raise exception 'the key of an event is empty or over 1000 bytes' using errcode = 'AC007', hint = 'Leave it out for an event that may come again.';
    end if;
    -- Less than the arguments of a task may have, because those of a subscription's task hold it with more around it.
    if pg_column_size(data) > 245760 then
        raise exception 'the data of an event are % KiB; the limit is 240 KiB', pg_column_size(data) / 1024 using errcode = 'AC008',
            hint = 'Store large data elsewhere and pass a reference to it.';
    end if;
    perform agentcorp.share_topic(topic, key);
    v_event.shard := agentcorp.choose_shard(topic);
    v_event.id := (v_event.shard::bigint << 53) | nextval('agentcorp.event_id');
    v_event.created_at := agentcorp.clock();
    v_event.xact := pg_current_xact_id();
    v_event.topic := topic;
    v_event.key := key;
    v_event.data := coalesce(data, 'null');
    insert into agentcorp.event (id, created_at, xact, shard, topic, key, data)
        values (v_event.id, v_event.created_at, v_event.xact, v_event.shard, v_event.topic, v_event.key, v_event.data) on conflict do nothing;
    if not found then
        return (select e.id from agentcorp.event e where e.topic = emit_event.topic and e.key = emit_event.key and e.shard = v_event.shard);
    end if;
    for v_shard in select s.shard from agentcorp.shard s order by 1 loop
        perform agentcorp.wake_waits(v_shard, v_event);
    end loop;
    perform agentcorp.deliver(v_event);
    return v_event.id;
end $$;
comment on function agentcorp.emit_event is
    'Publishes a fact, in the caller''s transaction: wakes the tasks that wait for it and enqueues the tasks of matching subscriptions. With a key the first one stands: another changes nothing and returns the id of the first';

create function agentcorp.wake_waits(p_shard smallint, p_event agentcorp.event) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
begin
    select array_agg(q.task_id) tasks, array_agg(q.name) names into v from (
        select w.task_id, w.name from agentcorp.wait w where w.topic = p_event.topic and w.key = p_event.key and w.shard = p_shard and not w.met
        union all
        select w.task_id, w.name from agentcorp.wait w where w.topic = p_event.topic and w.key is null and w.shard = p_shard and not w.met
            and (w.filter is null or w.filter = '{}' or p_event.data @> w.filter)) q;
    if v.tasks is not null then
        perform agentcorp.meet_waits(p_shard, v.tasks, v.names, agentcorp.event_json(p_event));
    end if;
end $$;
comment on function agentcorp.wake_waits is 'Gives an event to those who wait for it in a shard';

-- locks: blocked (task id ascending), then what make_ready locks
create function agentcorp.meet_waits(p_shard smallint, p_tasks bigint[], p_names text[], p_value jsonb) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_open record;
    v_parked record;
begin
    perform 1 from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_tasks) order by b.task_id for update;
    -- Looked up again: while we waited for the locks, another may have met them, or their tasks have ended.
    select array_agg(w.ctid) ctids, array_agg(u.t) tasks, array_agg(u.n) names, array_agg(w.attempt) attempts, array_agg(agentcorp.wait_end(w.w, p_value)) ends into v_open
        from unnest(p_tasks, p_names) u(t, n)
        cross join lateral (select w.ctid, w.attempt, w from agentcorp.wait w where w.task_id = u.t and w.name = u.n and w.shard = p_shard and not w.met offset 0) w;
    if v_open.tasks is null then
        return 0;
    end if;
    insert into agentcorp.step (task_id, created_at, attempt, shard, name, value)
        select u.t, v_now, u.a, s.shard, u.n, u.e
        from agentcorp.shard s cross join unnest(v_open.tasks, v_open.names, v_open.attempts, v_open.ends) u(t, n, a, e) where s.shard = p_shard
        on conflict do nothing;
    select array_agg(b.task_id) ids, array_agg(b.attempt) attempts into v_parked from (
        select b.task_id, b.attempt from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_open.tasks) and b.phase = 4 order by b.task_id) b;
    update agentcorp.wait w set met = true where w.shard = p_shard and w.ctid = any (v_open.ctids);
    if v_parked.ids is not null then
        delete from agentcorp.wait w where w.shard = p_shard and w.task_id = any (v_parked.ids) and w.met;
        update agentcorp.blocked b set phase = 1, wake_at = null where b.shard = p_shard and b.task_id = any (v_parked.ids);
        perform agentcorp.make_ready(p_shard, v_parked.ids, v_parked.attempts);
        perform agentcorp.move_counts(p_shard, v_parked.ids, 'blocked', 'ready');
    end if;
    return cardinality(v_open.tasks);
end $$;
comment on function agentcorp.meet_waits is 'Ends waits: records their step, and makes the tasks ready that are parked. Returns how many it ended';

-- The tasks of an event are enqueued together; one by one only when one of them fails, so that a bad rule spoils neither the others
-- nor the emitter's transaction. Its row is skipped while another notes a failure in it: emitters never wait for each other there.
create function agentcorp.deliver(p_event agentcorp.event) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_event jsonb;
    v_nodes jsonb[];
    v_ids int[];
    v_state text;
    v_message text;
begin
    select array_agg(s.id order by s.id), array_agg(s.task order by s.id) into v_ids, v_nodes
        from agentcorp.subscription s where s.pattern = any (agentcorp.patterns_of(p_event.topic)) and s.enabled;
    if v_ids is null then
        return;
    end if;
    v_event := jsonb_build_object('event', agentcorp.event_json(p_event));
    v_nodes := array(select u.n || jsonb_build_object('args', (u.n -> 'args') || v_event, 'unique_key', format('subscription:%s:%s', u.i, p_event.id))
        from unnest(v_ids, v_nodes) with ordinality u(i, n, o) order by u.o);
    begin
        for i in 1 .. cardinality(v_ids) loop
            perform agentcorp.enqueue_node(v_nodes[i]);
        end loop;
        return;
    exception when others then
        -- What hits the whole transaction (a deadlock, a cancel, no memory) is not the rule's fault.
        if left(sqlstate, 2) in ('40', '53', '57', '58', 'XX') then
            raise;
        end if;
    end;
    for i in 1 .. cardinality(v_ids) loop
        begin
            perform agentcorp.enqueue_node(v_nodes[i]);
        exception when others then
            get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
            if left(v_state, 2) in ('40', '53', '57', '58', 'XX') then
                raise;
            end if;
            update agentcorp.subscription s set failed_at = p_event.created_at, failures = s.failures + 1,
                    error = left(format('event %s: %s', p_event.id, v_message), 1000)
                where s.id = (select x.id from agentcorp.subscription x where x.id = v_ids[i] for update skip locked);
        end;
    end loop;
end $$;
comment on function agentcorp.deliver is 'Enqueues the tasks of the subscriptions that match an event';

-- The task's hold comes after the topic and before those who are woken: so it can end in the same transaction.
-- locks: topic and key (shared), fence, then what emit_event locks
create function agentcorp.emit_from(task_id bigint, attempt int, topic text, data jsonb default '{}', key text default null) returns bigint language plpgsql as $$
begin
    perform agentcorp.check_topic(topic);
    key := coalesce(key, task_id::text);
    perform agentcorp.share_topic(topic, key);
    perform agentcorp.require_hold(agentcorp.shard_of(task_id), task_id, attempt);
    return agentcorp.emit_event(topic, data, key);
end $$;
comment on function agentcorp.emit_from is
    'Publishes a fact in the name of a running task, in the transaction in which agentcorp.finish ends it. The key is the id of the task unless it is given, so it is published once';

-- Waiting

-- Called by the worker that runs the task. The snapshot is taken before the lock: an event whose emitter is just about to commit is
-- then one that comes after.
-- locks: topic or key (alone), fence, blocked
create function agentcorp.await_event(task_id bigint, attempt int, name text, topic text, key text default null, timeout interval default null,
    filter jsonb default null, passed text default null) returns jsonb language plpgsql set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_shard smallint := agentcorp.shard_of(task_id);
    v_seen pg_snapshot := pg_current_snapshot();
    v_wait agentcorp.wait;
    v_value jsonb;
    v_passes boolean;
    v_phase smallint;
begin
    perform agentcorp.check_topic(topic);
    if coalesce(name, '') = '' or octet_length(name) > 1500 or key = '' or octet_length(key) > 1000 then
        raise exception 'the name of the wait or the key is empty or too long' using errcode = 'AC007',
            hint = 'A name has at most 1500 bytes, a key at most 1000; leave the key out to wait for the next event of the topic.';
    end if;
    if timeout < interval '0' then
        raise exception 'timeout % is negative', timeout using errcode = 'AC007', hint = 'Leave it out to wait for ever.';
    end if;
    if filter is null and passed is not null or filter is not null and key is not null then
        raise exception 'a wait for a key has no filter, and one without a filter passes nothing over' using errcode = 'AC007',
            hint = 'Leave out the key; as a filter, {} takes every event of the topic.';
    end if;
    perform agentcorp.require_lease(v_shard, task_id, attempt);
    v_value := agentcorp.step_get(task_id, name);
    v_passes := v_value ->> 'since' <> passed;
    if v_value is not null and v_passes is not true then
        return v_value;
    end if;
    perform agentcorp.lock_topic(topic, key);
    if agentcorp.hold(v_shard, task_id) is distinct from attempt then
        raise exception 'attempt % of task % has ended', attempt, task_id using errcode = 'AC002', hint = 'Stop: the task was cancelled, or another worker has it.';
    end if;
    insert into agentcorp.blocked as b (task_id, gate, remaining, quorum, attempt, phase, shard)
        select t.id, nextval('agentcorp.gate'), 0, agentcorp.parse_join(t.policy -> 'join'), await_event.attempt, 1, v_shard
        from agentcorp.task t where t.id = await_event.task_id and t.shard = v_shard on conflict do nothing;
    select b.phase into v_phase from agentcorp.blocked b where b.task_id = await_event.task_id and b.shard = v_shard for update;
    if v_phase <> 1 then
        raise exception 'task % does not run', task_id using errcode = 'AC009', hint = 'Only the worker that has claimed a task can make it wait.';
    end if;
    -- An earlier attempt that was lost may have registered it: from then on it has waited, and its time runs.
    select w.* into v_wait from agentcorp.wait w where w.task_id = await_event.task_id and w.name = await_event.name and w.shard = v_shard;
    if v_passes or (v_wait.topic, v_wait.key, v_wait.filter) is distinct from (topic, key, filter) then
        v_wait.topic := topic;
        v_wait.key := key;
        v_wait.filter := filter;
        v_wait.event_shard := agentcorp.choose_shard(topic);
        v_wait.created_at := v_now;
        v_wait.timeout_at := case when v_passes then (v_value ->> 'timeout_at')::timestamptz else v_now + timeout end;
        v_wait.seen := case when v_passes then agentcorp.position(passed) else v_seen end;
    end if;
    if v_passes then
        delete from agentcorp.step s where s.task_id = await_event.task_id and s.name = await_event.name and s.shard = v_shard;
    end if;
    v_value := agentcorp.wait_end(v_wait, agentcorp.find_event(v_wait));
    if v_value is null and v_wait.timeout_at <= v_now then
        v_value := '{"timed_out": true}';
    end if;
    if v_value is not null then
        insert into agentcorp.step as s (task_id, created_at, attempt, shard, name, value)
            values (await_event.task_id, v_now, await_event.attempt, v_shard, await_event.name, v_value) on conflict do nothing;
        delete from agentcorp.wait w where w.task_id = await_event.task_id and w.name = await_event.name and w.shard = v_shard;
        return agentcorp.step_get(task_id, name);
    end if;
    insert into agentcorp.wait as w (task_id, created_at, timeout_at, attempt, shard, event_shard, name, topic, key, filter, seen)
        values (await_event.task_id, v_wait.created_at, v_wait.timeout_at, await_event.attempt, v_shard, v_wait.event_shard,
            await_event.name, v_wait.topic, v_wait.key, v_wait.filter, v_wait.seen)
        on conflict on constraint wait_pkey do update set created_at = excluded.created_at, timeout_at = excluded.timeout_at, attempt = excluded.attempt,
            event_shard = excluded.event_shard, met = false, topic = excluded.topic, key = excluded.key, filter = excluded.filter,
            seen = excluded.seen;
    if v_wait.timeout_at < v_now + interval '1 second' then
        perform agentcorp.wake_coordinator(v_shard);
    end if;
    return null;
end $$;
comment on function agentcorp.await_event is
    'Waits for an event, as the step of that name. With a key: for the event of topic and key, whenever it comes or came; without: for the next one of the topic, or with a filter the next whose data contain that. Returns the event, {"timed_out": true}, or null: then end the attempt as suspended, and the task is claimed again when the wait is over. With passed, a position that agentcorp.read_events has reached, the events up to there are not what it waits for: it goes on from there, within the same time';

-- The numbers of transactions mean nothing in another cluster: after a restore, events that are there may seem to be of the future, or of
-- the time since the wait began.
create function agentcorp.find_event(p_wait agentcorp.wait) returns jsonb language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_event agentcorp.event;
begin
    if p_wait.key is not null then
        select e.* into v_event from agentcorp.event e where e.topic = p_wait.topic and e.key = p_wait.key and e.shard = p_wait.event_shard;
    else
        select e.* into v_event from agentcorp.event e where e.topic = p_wait.topic and e.shard = p_wait.event_shard
            and e.xact >= pg_snapshot_xmin(p_wait.seen) and not pg_visible_in_snapshot(e.xact, p_wait.seen)
            and e.xact < pg_snapshot_xmax(pg_current_snapshot()) and e.created_at > p_wait.created_at - interval '1 day'
            and (p_wait.filter is null or p_wait.filter = '{}' or e.data @> p_wait.filter) order by e.id limit 1;
    end if;
    return case when v_event.id is not null then agentcorp.event_json(v_event) end;
end $$;
comment on function agentcorp.find_event is 'The event that a wait is for, or null';

-- In the order of the index, so that a page costs what is on it.
create function agentcorp.read_events(topic text, since text, filter jsonb default '{}', limit_to int default 1000,
    inout reached text default null, inout after_xact text default '0', inout after_id bigint default 0, out events jsonb, out at timestamptz) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_since pg_snapshot := agentcorp.position(since);
    v_to pg_snapshot := coalesce(agentcorp.position(reached), pg_current_snapshot());
    v_shard smallint := agentcorp.choose_shard(topic);
    v_last agentcorp.event;
begin
    at := agentcorp.clock();
    reached := v_to;
    events := '[]';
    for v_last in
        select e.* from agentcorp.event e where e.topic = read_events.topic and (e.xact, e.id) > (after_xact::xid8, after_id) and e.xact >= pg_snapshot_xmin(v_since)
            and not pg_visible_in_snapshot(e.xact, v_since) and pg_visible_in_snapshot(e.xact, v_to) and (filter = '{}' or e.data @> filter)
            and e.shard = v_shard
        order by e.xact, e.id limit limit_to
    loop
        events := events || agentcorp.event_json(v_last);
        after_xact := v_last.xact;
        after_id := v_last.id;
    end loop;
end $$;
comment on function agentcorp.read_events is
    'The events of a topic that were committed after a position, limit_to of them whose data contain the filter, and the position to go on from. For the next page pass reached, after_xact and after_id on; at is the time';

-- Called with the blocked row locked.
create function agentcorp.park(p_shard smallint, p_task bigint, p_attempt smallint, p_for_subtasks boolean) returns boolean language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_met boolean;
begin
    select bool_or(w.met) into v_met from agentcorp.wait w where w.task_id = p_task and w.shard = p_shard and w.attempt = p_attempt and not p_for_subtasks;
    if v_met is null then
        delete from agentcorp.wait w where w.task_id = p_task and w.shard = p_shard;
        return false;
    end if;
    -- Those that are over, of this attempt or an earlier one, have their steps.
    delete from agentcorp.wait w where w.task_id = p_task and w.shard = p_shard and w.met;
    if v_met then
        perform agentcorp.make_ready(p_shard, array[p_task], array[p_attempt + 1]::smallint[]);
        perform agentcorp.move_counts(p_shard, array[p_task], 'running', 'ready');
    else
        update agentcorp.blocked b set phase = 4, attempt = p_attempt + 1 where b.task_id = p_task and b.shard = p_shard;
        perform agentcorp.move_counts(p_shard, array[p_task], 'running', 'blocked');
    end if;
    return true;
end $$;
comment on function agentcorp.park is 'Parks a task that has suspended itself for the events that this attempt waits for; ready at once when one has come. False: it waits for its subtasks';

-- Both skip tasks that others hold: a transaction that has emitted and is left open must not stop the coordinator.

-- locks: blocked (skipping), then what make_ready locks
create function agentcorp.expire_waits(p_shard smallint, p_limit int default 1000, out expired int, out next_in_ms bigint) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
    v record;
begin
    expired := 0;
    select array_agg(q.task_id) tasks, array_agg(q.name) names into v from (
        select w.task_id, w.name from agentcorp.wait w
        cross join lateral (select from agentcorp.blocked b where b.task_id = w.task_id and b.shard = p_shard for update skip locked) b
        where w.shard = p_shard and w.timeout_at <= v_now and not w.met order by w.timeout_at limit p_limit) q;
    if v.tasks is not null then
        expired := agentcorp.meet_waits(p_shard, v.tasks, v.names, '{"timed_out": true}');
    end if;
    -- Whatever they wait for goes on: what becomes of it they say themselves.
    select array_agg(q.task_id) tasks, array_agg(q.attempt) attempts into v from (
        select b.task_id, b.attempt from agentcorp.blocked b where b.shard = p_shard and b.wake_at <= v_now
        order by b.wake_at limit p_limit for update skip locked) q;
    if v.tasks is not null then
        update agentcorp.blocked b set phase = 1, wake_at = null where b.shard = p_shard and b.task_id = any (v.tasks);
        perform agentcorp.make_ready(p_shard, v.tasks, v.attempts);
        perform agentcorp.move_counts(p_shard, v.tasks, 'blocked', 'ready');
        expired := expired + cardinality(v.tasks);
    end if;
    next_in_ms := agentcorp.until(v_now, least(
        (select w.timeout_at from agentcorp.wait w where w.shard = p_shard and w.timeout_at > v_now and not w.met order by w.timeout_at limit 1),
        (select b.wake_at from agentcorp.blocked b where b.shard = p_shard and b.wake_at > v_now order by b.wake_at limit 1)));
end $$;
comment on function agentcorp.expire_waits is 'Ends waits whose time is over, and wakes suspended tasks whose time is; says in how many milliseconds the next one is due, null when there is none';

-- One look instead of five: an idle coordinator asks this once a second, and calls the functions only when it says so.
create function agentcorp.due(p_shard smallint, out resolve_ms bigint, out promote_ms bigint, out admit_ms bigint, out fire_ms bigint, out expire_ms bigint, out hook_ms bigint)
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    if exists (select from agentcorp.resolve r where r.shard = p_shard) then
        resolve_ms := 0;
    end if;
    promote_ms := agentcorp.until(v_now, (select s.run_at from agentcorp.scheduled s where s.shard = p_shard order by s.run_at limit 1));
    if exists (select from agentcorp.arrival a where a.shard = p_shard)
        or exists (select from agentcorp.tenant_turn t where t.shard = p_shard and t.active) then
        admit_ms := 0;
    else
        admit_ms := agentcorp.until(v_now, (select l.parked_until from agentcorp.line l
            where l.shard = p_shard and l.parked_until < 'infinity' order by l.parked_until limit 1));
    end if;
    fire_ms := agentcorp.until(v_now, (select s.due_at from agentcorp.schedule s where s.shard = p_shard and s.due_at is not null order by s.due_at limit 1));
    expire_ms := agentcorp.until(v_now, least(
        (select w.timeout_at from agentcorp.wait w where w.shard = p_shard and w.timeout_at is not null and not w.met order by w.timeout_at limit 1),
        (select b.wake_at from agentcorp.blocked b where b.shard = p_shard and b.wake_at is not null order by b.wake_at limit 1)));
    if exists (select from agentcorp.hook h where h.paused_at is null) then
        hook_ms := 0;
    end if;
end $$;
comment on function agentcorp.due is 'In how many milliseconds there is something for agentcorp.resolve_ends, promote, admit, fire_schedules, expire_waits and follow_hooks to do, as far as is known; null when there is nothing';

-- locks: blocked (skipping), then what make_ready locks
create function agentcorp.sweep_waits(p_shard smallint, p_after bigint default 0, p_limit int default 1000, out woken int, out next_after bigint) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v agentcorp.wait;
    v_n int := 0;
    v_events jsonb[] := '{}';
    v_tasks bigint[] := '{}';
    v_names text[] := '{}';
    v_event jsonb;
begin
    woken := 0;
    for v in
        select w.* from agentcorp.wait w where w.shard = p_shard and w.task_id > p_after and not w.met order by w.task_id fetch first p_limit rows with ties
    loop
        v_n := v_n + 1;
        next_after := v.task_id;
        v_event := agentcorp.find_event(v);
        if v_event is not null then
            v_tasks := v_tasks || v.task_id;
            v_names := v_names || v.name;
            v_events := v_events || v_event;
        end if;
    end loop;
    if v_n < p_limit then
        next_after := null;
    end if;
    for i in 1 .. cardinality(v_tasks) loop
        perform 1 from agentcorp.blocked b where b.task_id = v_tasks[i] and b.shard = p_shard for update skip locked;
        if found then
            woken := woken + agentcorp.meet_waits(p_shard, v_tasks[i:i], v_names[i:i], v_events[i]);
        end if;
    end loop;
end $$;
comment on function agentcorp.sweep_waits is
    'Finds waits whose event is there, should one have been missed. Looks at p_limit waits after those of task p_after; next_after is where to go on, null at the end';

-- Timers: the moment is a step, so that a later attempt neither sleeps again nor later.

create function agentcorp.sleep_until(task_id bigint, attempt int, name text, until timestamptz) returns interval language plpgsql as $$
begin
    if until is null or not isfinite(until) then
        raise exception 'the moment to sleep until is missing or infinite' using errcode = 'AC007', hint = 'To wait until something happens, use agentcorp.await_event.';
    end if;
    return greatest((agentcorp.step_put(task_id, attempt, name, jsonb_build_object('until', until)) ->> 'until')::timestamptz - agentcorp.clock(), interval '0');
end $$;
comment on function agentcorp.sleep_until is
    'Sleeps until a moment, as the step of that name: returns how long that still is. Over zero: call agentcorp.snooze with it, which ends the attempt';

create function agentcorp.sleep_for(task_id bigint, attempt int, name text, duration interval) returns interval language sql as $$
    select agentcorp.sleep_until(task_id, attempt, name, agentcorp.clock() + duration)
$$;
comment on function agentcorp.sleep_for is 'Sleeps for a while from the first call on, as agentcorp.sleep_until does';

-- Subscriptions

create function agentcorp.subscribe(name text, pattern text, kind text, args jsonb default '{}', queue text default 'default', options jsonb default '{}',
    enabled boolean default true) returns void language plpgsql as $$
declare
    v_task jsonb;
begin
    if coalesce(name, '') = '' or length(name) > 200 then
        raise exception 'the name of a subscription has 1 to 200 characters' using errcode = 'AC007';
    end if;
    if jsonb_typeof(options) is distinct from 'object' or jsonb_typeof(args) is distinct from 'object' then
        raise exception 'args or options is not an object' using errcode = 'AC007', hint = 'The event becomes the field "event" of args.';
    end if;
    perform agentcorp.refuse_unknown_fields('options', options, '{priority,max_attempts,timeout,backoff,tags,name,on_error,concurrency_key,ordered_key,tenant}');
    if pg_column_size(args) > 8192 then
        raise exception 'the args of a subscription are % KiB; the limit is 8 KiB', pg_column_size(args) / 1024 using errcode = 'AC008',
            hint = 'Store large data elsewhere and pass a reference to it.';
    end if;
    v_task := options || jsonb_strip_nulls(jsonb_build_object('kind', kind, 'queue', queue)) || jsonb_build_object('args', args);
    perform agentcorp.check_nodes(array[v_task], array[format('subscription "%s"', name)], false);
    insert into agentcorp.subscription as s (created_at, enabled, name, pattern, task)
        values (agentcorp.clock(), subscribe.enabled, subscribe.name, agentcorp.check_pattern(subscribe.pattern), v_task)
        on conflict on constraint subscription_name_key do update set enabled = excluded.enabled, pattern = excluded.pattern, task = excluded.task,
            failed_at = null, failures = 0, error = null
        where (s.enabled, s.pattern, s.task) is distinct from (excluded.enabled, excluded.pattern, excluded.task) or s.error is not null;
end $$;
comment on function agentcorp.subscribe is
    'From now on each event whose topic matches the pattern enqueues a task, with the event as args.event. options: other fields of agentcorp.enqueue_many. Again with the same name: changes it';

create function agentcorp.unsubscribe(name text) returns boolean language plpgsql as $$
begin
    delete from agentcorp.subscription s where s.name = unsubscribe.name;
    return found;
end $$;
comment on function agentcorp.unsubscribe is 'Removes a subscription; the tasks that it has enqueued stay. False: there was none of that name';

-- Looking

create view agentcorp.events as
select e.id, e.topic, e.key, e.data, e.created_at from agentcorp.event e;
comment on view agentcorp.events is 'Published facts';

create view agentcorp.waits as
select w.task_id, w.name, w.topic, w.key, w.filter, t.kind, w.attempt, b.phase = 4 as parked, w.created_at, w.timeout_at
from agentcorp.wait w join agentcorp.task t on t.id = w.task_id and t.shard = w.shard
join agentcorp.blocked b on b.task_id = w.task_id and b.shard = w.shard where not w.met;
comment on view agentcorp.waits is 'Who waits for which event';

create view agentcorp.subscriptions as
select s.name, s.pattern, s.enabled, s.task ->> 'kind' kind, s.task -> 'args' args, s.task ->> 'queue' queue,
    s.task - '{kind,args,queue}'::text[] options, s.created_at, s.failures, s.failed_at, s.error
from agentcorp.subscription s;
comment on view agentcorp.subscriptions is 'Which events enqueue which tasks; error is why the last task of it could not be enqueued';

create function agentcorp.list_events(pattern text default null, only_key text default null, before bigint default null, limit_to int default 50)
returns table (id bigint, topic text, key text, data jsonb, created_at timestamptz) language plpgsql stable set jit = off as $$
declare
    v_pattern text := case when pattern is not null then agentcorp.check_pattern(pattern) end;
begin
    return query execute 'select e.id, e.topic, e.key, e.data, e.created_at from agentcorp.event e where true'
        || case when strpos(v_pattern, '*') = 0 then ' and e.topic = $1' when v_pattern is not null then ' and $1 = any (agentcorp.patterns_of(e.topic))' else '' end
        || case when only_key is not null then ' and e.key = $2' else '' end || case when before is not null then ' and e.id < $3' else '' end
        || ' order by e.id desc limit $4' using v_pattern, only_key, before, limit_to;
end $$;
comment on function agentcorp.list_events is 'Events, newest first, by pattern of the topic and by key; before is the id to go on from';

-- Goes by what is committed, not by ids: these are given out before, so a smaller one may come later. Stable, so that the position and the
-- events are of one snapshot.
create function agentcorp.follow_events(since text default null, pattern text default null, out reached text, out events jsonb) language plpgsql stable
set enable_seqscan = off set jit = off as $$
declare
    v_since pg_snapshot := agentcorp.position(since);
    v_pattern text := case when pattern is not null then agentcorp.check_pattern(pattern) end;
begin
    reached := pg_current_snapshot();
    select coalesce(jsonb_agg(agentcorp.event_json(e) order by e.id), '[]') into events from agentcorp.event e
        where e.xact >= pg_snapshot_xmin(v_since) and e.xact < pg_snapshot_xmax(pg_current_snapshot()) and not pg_visible_in_snapshot(e.xact, v_since)
        and (v_pattern is null or v_pattern = any (agentcorp.patterns_of(e.topic)));
end $$;
comment on function agentcorp.follow_events is
    'The events that were committed since a position, and the position to go on from; without one, none and the present position';
