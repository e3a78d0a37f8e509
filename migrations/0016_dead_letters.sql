-- Dead letters: tasks that have failed for good. Grouped by what went wrong, put back to work at once or at a rate, or discarded.

create table agentcorp.discarded (
    task_id bigint not null,
    discarded_at timestamptz not null,
    attempt smallint not null,
    shard smallint not null,
    discarded_by text not null,
    reason text not null,
    primary key (task_id, attempt, shard)
);
comment on table agentcorp.discarded is
    'Failures that somebody has looked at and given up: no dead letters any more, but still history. One that is retried by hand and fails again is a new failure';

create table agentcorp.redrive (
    id bigint generated always as identity primary key,
    created_at timestamptz not null,
    next_at timestamptz not null,
    ended_at timestamptz,
    reached bigint not null default 0,
    total int not null,
    tried int not null default 0,
    retried int not null default 0,
    per_second float8 not null,
    stopped boolean not null default false,
    filter jsonb not null,
    created_by text not null
);
comment on table agentcorp.redrive is 'Failures that go back to work at a rate: the coordinator puts back those that are due, in the order of their ids';
comment on column agentcorp.redrive.reached is 'The id of the last task that it has put back';
comment on column agentcorp.redrive.total is 'How many failures matched when it began';
create index redrive_open on agentcorp.redrive (next_at) where ended_at is null;

-- What tells one occurrence from the next becomes a question mark: what is quoted, paths, uuids, hexadecimal and decimal numbers.
create function agentcorp.normal_message(p_message text) returns text language sql immutable parallel safe as $$
    select regexp_replace(left(p_message, 500),
        '(?<![[:alnum:]])("[^"]*"|''[^'']*''|`[^`]*`)|[[:alnum:]_.~-]*(/[[:alnum:]_.~%+=@:-]+)+/?|0[xX][0-9a-fA-F]+'
        '|\m[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\M|\m[0-9a-fA-F]*[0-9][0-9a-fA-F]*\M|[0-9]+', '?', 'g')
$$;
comment on function agentcorp.normal_message is 'The message of an error without what differs from one occurrence to the next';

create function agentcorp.error_hash(p_error jsonb) returns int language sql immutable parallel safe as $$
    select ('x' || left(md5(concat_ws(chr(31), coalesce(p_error ->> 'reason', ''),
        agentcorp.normal_message(coalesce(p_error ->> 'message', p_error::text, '')))), 8))::bit(32)::int
$$;
comment on function agentcorp.error_hash is 'A number that errors share which differ only in numbers, ids, paths and what is quoted';

create function agentcorp.fingerprint(kind text, error jsonb) returns text language sql immutable parallel safe as $$
    select lpad(to_hex(agentcorp.error_hash(error)), 8, '0') || left(md5(kind), 4)
$$;
comment on function agentcorp.fingerprint is 'Twelve hexadecimal digits that failures of one kind for the same reason share: eight of the error, four of the kind';

-- Written when a task fails for good and never otherwise: groups are then counted without reading one message.
-- Released together with its table, which is empty when this runs.
-- squawk-ignore require-concurrent-index-creation
create index attempt_error on agentcorp.attempt (agentcorp.error_hash(error), task_id) where outcome = 2;

create view agentcorp.failures as
select a.task_id, t.name, t.kind, q.name queue, a.attempt, a.finished_at failed_at, a.error ->> 'reason' reason, a.error ->> 'message' message,
    agentcorp.fingerprint(t.kind, a.error) fingerprint, a.error, t.args
from agentcorp.attempt a join agentcorp.task t on t.id = a.task_id and t.shard = a.shard join agentcorp.queue q on q.id = t.queue_id
where a.outcome = 2 and not exists (select from agentcorp.discarded d where d.task_id = a.task_id and d.attempt = a.attempt and d.shard = a.shard);
comment on view agentcorp.failures is 'Dead letters: tasks that have failed for good and were not discarded';

create view agentcorp.discards as
select d.task_id, t.name, t.kind, q.name queue, d.attempt, d.discarded_at, d.discarded_by, d.reason, a.error ->> 'message' message
from agentcorp.discarded d join agentcorp.task t on t.id = d.task_id and t.shard = d.shard join agentcorp.queue q on q.id = t.queue_id
join agentcorp.attempt a on a.task_id = d.task_id and a.attempt = d.attempt and a.shard = d.shard;
comment on view agentcorp.discards is 'Failures that were discarded: by whom, when and why';

create view agentcorp.redrives as
select r.id, case when r.stopped then 'stopped' when r.ended_at is not null then 'ended' else 'running' end state, r.total, r.tried, r.retried, r.per_second,
    r.created_at, r.created_by, r.ended_at, case when r.ended_at is null then r.next_at + make_interval(secs => greatest(r.total - r.tried - 1, 0) / r.per_second) end ends_at, r.filter
from agentcorp.redrive r;
comment on view agentcorp.redrives is 'Failures that go back to work at a rate, and how far that has come';

-- Goes from hash to hash through the index, and counts each without computing it again.
create function agentcorp.failure_groups(only_queue text default null, only_kind text default null, limit_to int default 50)
returns table (fingerprint text, kind text, queue text, failures bigint, first_at timestamptz, last_at timestamptz, reason text, message text, task_id bigint)
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_queue int := case when only_queue is not null then agentcorp.queue_id(only_queue) end;
begin
    return query
    with recursive hash(h) as (
        (select agentcorp.error_hash(a.error) from agentcorp.attempt a where a.outcome = 2 order by agentcorp.error_hash(a.error) limit 1)
        union all
        select (select agentcorp.error_hash(a.error) from agentcorp.attempt a where a.outcome = 2 and agentcorp.error_hash(a.error) > hash.h
            order by agentcorp.error_hash(a.error) limit 1) from hash where hash.h is not null
    ), grouped as (
        select hash.h, x.kind, x.queue_id, count(*) n, min(x.finished_at) first_at, max(x.finished_at) last_at, max(x.task_id) task_id
        from hash cross join lateral (
            select t.kind, t.queue_id, a.finished_at, a.task_id from agentcorp.attempt a
            cross join lateral (select t.kind, t.queue_id from agentcorp.task t where t.id = a.task_id and t.shard = a.shard offset 0) t
            where a.outcome = 2 and agentcorp.error_hash(a.error) = hash.h and (only_kind is null or t.kind = only_kind) and (v_queue is null or t.queue_id = v_queue)
            and not exists (select from agentcorp.discarded d where d.task_id = a.task_id and d.attempt = a.attempt and d.shard = a.shard offset 0) offset 0) x
        group by 1, 2, 3 order by n desc, last_at desc limit limit_to
    )
    select agentcorp.fingerprint(g.kind, a.error), g.kind, q.name, g.n, g.first_at, g.last_at, a.error ->> 'reason', a.error ->> 'message', g.task_id
        from grouped g join agentcorp.queue q on q.id = g.queue_id
        cross join lateral (select a.error from agentcorp.attempt a where a.task_id = g.task_id and a.shard = agentcorp.shard_of(g.task_id) and a.outcome = 2 offset 0) a
        order by g.n desc, g.last_at desc;
end $$;
comment on function agentcorp.failure_groups is 'Dead letters by fingerprint, kind and queue, the most frequent first; message and task_id are of the newest task';

create function agentcorp.check_filter(p_filter jsonb) returns void language plpgsql stable as $$
begin
    if jsonb_typeof(p_filter) is distinct from 'object' then
        raise exception 'filter is not an object' using errcode = 'AC007', hint = 'Pass {"state": "failed", ...}; {} means all that have failed.';
    end if;
    perform agentcorp.refuse_unknown_fields('filter', p_filter, '{state,kind,queue,tag,since,until,error,fingerprint,limit}');
    if coalesce(p_filter ->> 'state', 'failed') not in ('failed', 'cancelled', 'skipped') then
        raise exception 'filter: state "%" cannot be retried', p_filter ->> 'state' using errcode = 'AC007', hint = 'Use failed, cancelled or skipped.';
    end if;
    if p_filter ->> 'fingerprint' !~ '^[0-9a-f]{12}$' then
        raise exception 'filter: "%" is not a fingerprint', p_filter ->> 'fingerprint' using errcode = 'AC007',
            hint = 'A fingerprint is twelve hexadecimal digits, as agentcorp.failure_groups() shows them.';
    elsif p_filter ? 'fingerprint' and coalesce(p_filter ->> 'state', 'failed') <> 'failed' then
        raise exception 'filter: only failed tasks have a fingerprint' using errcode = 'AC007', hint = 'Leave out "state" or "fingerprint".';
    end if;
    begin
        perform (p_filter ->> 'since')::timestamptz, (p_filter ->> 'until')::timestamptz, (p_filter ->> 'limit')::int;
    exception when invalid_datetime_format or datetime_field_overflow or invalid_text_representation or numeric_value_out_of_range then
        raise exception 'filter: %', sqlerrm using errcode = 'AC007', hint = '"since" and "until" are moments, "limit" is a whole number.';
    end;
    if (p_filter ->> 'limit')::int < 0 then
        raise exception 'filter: limit % is negative', p_filter ->> 'limit' using errcode = 'AC007';
    end if;
    perform agentcorp.queue_id(p_filter ->> 'queue') where p_filter ->> 'queue' is not null;
end $$;
comment on function agentcorp.check_filter is 'Refuses a filter of ended tasks that is not understood';

-- A plan for each filter: with a fingerprint the index by error leads, otherwise the one by outcome, and neither sorts.
create function agentcorp.matching_tasks(p_filter jsonb, p_from bigint, p_limit int, p_newest_first boolean default false) returns bigint[] language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_outcome int := agentcorp.outcome_code(coalesce(p_filter ->> 'state', 'failed'));
    v_ids bigint[];
begin
    p_filter := jsonb_strip_nulls(p_filter);
    execute 'select array(select a.task_id from agentcorp.attempt a'
        || case when p_filter ?| '{kind,queue,tag,fingerprint}' then '
            cross join lateral (select from agentcorp.task t where t.id = a.task_id and t.shard = a.shard
                and ($3 is null or t.kind = $3) and ($4 is null or t.queue_id = $4) and ($5 is null or $5 = any (t.tags))
                and ($9 is null or left(md5(t.kind), 4) = right($9, 4)) offset 0) t' else '' end
        || format(' where a.outcome = %s and a.task_id %s $1', v_outcome, case when p_newest_first then '<' else '>' end)
        || case when p_filter ? 'fingerprint' then ' and agentcorp.error_hash(a.error) = (''x'' || left($9, 8))::bit(32)::int' else '' end
        || case when p_filter ?| '{since,until,error}' then ' and ($6 is null or a.finished_at >= $6) and ($7 is null or a.finished_at < $7)
            and ($8 is null or strpos(a.error ->> ''message'', $8) > 0)' else '' end
        || case when v_outcome = 2 then ' and not exists (select from agentcorp.discarded d
            where d.task_id = a.task_id and d.attempt = a.attempt and d.shard = a.shard offset 0)' else '' end
        || format(' order by a.task_id %s limit $2)', case when p_newest_first then 'desc' else '' end)
        into v_ids
        using p_from, p_limit, p_filter ->> 'kind', case when p_filter ->> 'queue' is not null then agentcorp.queue_id(p_filter ->> 'queue') end,
            p_filter ->> 'tag', (p_filter ->> 'since')::timestamptz, (p_filter ->> 'until')::timestamptz, p_filter ->> 'error', p_filter ->> 'fingerprint';
    return v_ids;
end $$;
comment on function agentcorp.matching_tasks is 'The ended tasks that match a checked filter, in the order of their ids, beyond a given one';

create function agentcorp.list_failures(filter jsonb default '{}', before bigint default null, limit_to int default 50)
returns table (task_id bigint, name text, kind text, queue text, attempt smallint, failed_at timestamptz, reason text, message text, fingerprint text)
language plpgsql stable set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
begin
    perform agentcorp.check_filter(filter);
    return query select f.task_id, f.name, f.kind, f.queue, f.attempt, f.failed_at, f.reason, f.message, f.fingerprint
        from unnest(agentcorp.matching_tasks(filter || '{"state": "failed"}', coalesce(before, 9223372036854775807), limit_to, true)) with ordinality u(id, i)
        cross join lateral (select f.* from agentcorp.failures f where f.task_id = u.id) f order by u.i;
end $$;
comment on function agentcorp.list_failures is 'Dead letters that match a filter as of retry_many, newest tasks first; before is the id to go on from';

-- Tasks that stand alone (no batches; no parent, subtasks, needs, dependants or unique key) go back as a set; the others by retry, one by one.
-- locks: fence (task id ascending, what others hold is left alone), scheduled, ready
create function agentcorp.retry_alone(p_shard smallint, p_ids bigint[], p_outcome smallint, p_run_at timestamptz) returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_alone bigint[];
    v record;
    v_later bigint[];
begin
    v_alone := array(select u.id from unnest(p_ids) u(id)
        cross join lateral (select from agentcorp.task t where t.id = u.id and t.shard = p_shard and t.parent_id is null and not coalesce(t.policy ?| '{unique_key,batch}', false) offset 0) t
        where not exists (select from agentcorp.task c where c.parent_id = u.id and c.shard = p_shard offset 0)
        and not exists (select from agentcorp.dependency d where d.needs_id = u.id and d.shard = p_shard offset 0)
        and not exists (select from agentcorp.dependency d where d.task_id = u.id and d.shard = p_shard offset 0));
    select array_agg(q.c) ctids, array_agg(q.task_id) ids, array_agg((q.attempt + 1)::smallint) attempts, array_agg(q.run_at) run_ats into v from (
        select a.ctid c, a.task_id, a.attempt, coalesce(p_run_at, case when a.worker_id is null then (a.error ->> 'run_at')::timestamptz end) run_at from agentcorp.attempt a
        where a.shard = p_shard and a.task_id = any (v_alone) and a.outcome = p_outcome order by a.task_id for update skip locked) q;
    if v.ids is null then
        return '{}';
    end if;
    update agentcorp.attempt a set outcome = 14 where a.shard = p_shard and a.ctid = any (v.ctids);
    perform agentcorp.make_ready(p_shard, v.ids, v.attempts, v.run_ats);
    v_later := array(select u.i from unnest(v.ids, v.run_ats) u(i, r) where u.r > v_now);
    perform agentcorp.move_counts(p_shard, array(select i from unnest(v.ids) i where i <> all (v_later)), agentcorp.outcome_name(p_outcome), 'ready');
    perform agentcorp.move_counts(p_shard, v_later, agentcorp.outcome_name(p_outcome), 'scheduled');
    return v.ids;
end $$;
comment on function agentcorp.retry_alone is 'Retries those of the tasks that hang together with no others; returns which';

create function agentcorp.retry_ids(p_ids bigint[], p_outcome smallint, p_run_at timestamptz default null) returns int language plpgsql as $$
declare
    v_n int := 0;
    v record;
    v_done bigint[];
    v_id bigint;
begin
    for v in select agentcorp.shard_of(i) shard, array_agg(i order by i) ids from unnest(p_ids) i group by 1 order by 1 loop
        v_done := agentcorp.retry_alone(v.shard, v.ids, p_outcome, p_run_at);
        v_n := v_n + cardinality(v_done);
        for v_id in select i from unnest(v.ids) i except select unnest(v_done) order by 1 loop
            -- An earlier retry of this call may have put it back to work already.
            if (select l.outcome from agentcorp.last_outcome(v.shard, v_id) l) = p_outcome then
                begin
                    v_n := v_n + agentcorp.retry(v_id, p_run_at);
                exception when sqlstate 'AC001' or sqlstate 'AC004' or sqlstate 'AC009' then
                    -- Its parent has ended, a newer task holds its key, or it was pruned: it stays as it is and holds up no other.
                    null;
                end;
            end if;
        end loop;
    end loop;
    return v_n;
end $$;
comment on function agentcorp.retry_ids is 'Retries ended tasks with what hangs together with them; those that cannot be retried stay as they are';

create function agentcorp.retry_many(filter jsonb default '{}', run_at timestamptz default null) returns int language plpgsql as $$
declare
    v_outcome smallint;
    v_left int;
    v_ids bigint[];
    v_from bigint := 0;
    v_n int := 0;
begin
    perform agentcorp.check_filter(filter);
    v_outcome := agentcorp.outcome_code(coalesce(filter ->> 'state', 'failed'));
    v_left := coalesce((filter ->> 'limit')::int, 2147483647);
    loop
        v_ids := agentcorp.matching_tasks(filter, v_from, least(v_left, 1000));
        exit when v_ids = '{}';
        v_n := v_n + agentcorp.retry_ids(v_ids, v_outcome, run_at);
        v_from := v_ids[cardinality(v_ids)];
        v_left := v_left - cardinality(v_ids);
    end loop;
    return v_n;
end $$;
comment on function agentcorp.retry_many is
    'Retries all tasks that match: {"state": "failed", "kind", "queue", "tag", "since", "until", "error": text in the message, "fingerprint", "limit"}. Returns how many tasks went back to work; those that retry refuses stay as they are';

create function agentcorp.redrive(filter jsonb default '{}', per_second float8 default 10, start_at timestamptz default null, created_by text default session_user,
    out redrive_id bigint, out tasks int, out last_at timestamptz) language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_start timestamptz := coalesce(start_at, v_now);
begin
    perform agentcorp.check_filter(filter);
    if per_second is null or per_second not between 0.0001 and 100000 then
        raise exception 'per_second % is not between 0.0001 and 100000', per_second using errcode = 'AC007', hint = 'Use agentcorp.retry_many to put all back at once.';
    end if;
    if not isfinite(start_at) then
        raise exception 'start_at is infinite' using errcode = 'AC007', hint = 'Give a moment, or leave it out to begin at once.';
    end if;
    -- What fails again afterwards is not put back a second time.
    filter := filter || jsonb_build_object('until', least((filter ->> 'until')::timestamptz, v_now));
    tasks := cardinality(agentcorp.matching_tasks(filter, 0, (filter ->> 'limit')::int));
    last_at := v_start + make_interval(secs => greatest(tasks - 1, 0) / per_second);
    insert into agentcorp.redrive (created_at, next_at, ended_at, total, per_second, filter, created_by)
        values (v_now, v_start, case when tasks = 0 then v_now end, tasks, redrive.per_second, redrive.filter, redrive.created_by) returning id into redrive_id;
    perform pg_notify('agentcorp_coordinator', 'redrive');
end $$;
comment on function agentcorp.redrive is
    'Puts failures that match a filter as of retry_many back to work at a rate, through the coordinator; returns how many match and when the last will go. agentcorp.stop_redrive ends it early';

create function agentcorp.stop_redrive(redrive_id bigint) returns boolean language plpgsql as $$
begin
    perform 1 from agentcorp.redrive r where r.id = redrive_id;
    if not found then
        raise exception 'unknown redrive %', redrive_id using errcode = 'AC007', hint = 'Look it up with: select * from agentcorp.redrives';
    end if;
    update agentcorp.redrive r set ended_at = agentcorp.clock(), stopped = true where r.id = redrive_id and r.ended_at is null;
    return found;
end $$;
comment on function agentcorp.stop_redrive is 'Ends a redrive: what has not gone back to work stays with the dead letters. False: it had ended already';

-- After a pause of the coordinator it goes on at its rate, and does not make up for more than a second at once.
-- locks: redrive (id ascending), then what retry locks
create function agentcorp.redrive_due(p_limit int default 1000, out tasks int, out next_in_ms bigint) language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v agentcorp.redrive;
    v_since timestamptz;
    v_n int;
    v_ids bigint[];
    v_retried int;
begin
    tasks := 0;
    for v in select r.* from agentcorp.redrive r where r.ended_at is null and r.next_at <= v_now order by r.id for update skip locked loop
        v_since := greatest(v.next_at, v_now - interval '1 second');
        v_n := least(p_limit, floor(extract(epoch from v_now - v_since) * v.per_second) + 1, (v.filter ->> 'limit')::int - v.tried);
        v_ids := agentcorp.matching_tasks(v.filter, v.reached, v_n);
        v_retried := agentcorp.retry_ids(v_ids, agentcorp.outcome_code(coalesce(v.filter ->> 'state', 'failed')));
        update agentcorp.redrive r set reached = coalesce(v_ids[cardinality(v_ids)], r.reached), tried = r.tried + cardinality(v_ids), retried = r.retried + v_retried,
            next_at = v_since + make_interval(secs => v_n / v.per_second),
            ended_at = case when cardinality(v_ids) < v_n or r.tried + cardinality(v_ids) >= (v.filter ->> 'limit')::int then v_now end
            where r.id = v.id;
        tasks := tasks + v_retried;
    end loop;
    select agentcorp.until(agentcorp.clock(), r.next_at) into next_in_ms
        from agentcorp.redrive r where r.ended_at is null order by r.next_at limit 1;
end $$;
comment on function agentcorp.redrive_due is
    'Puts back to work what redrives have due; returns how many tasks, and in how many milliseconds the next is due, null when no redrive is open';

-- locks: fence
create function agentcorp.discard(task_id bigint, reason text, discarded_by text default session_user) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_last record;
begin
    perform agentcorp.check_reason(reason);
    perform 1 from agentcorp.task t where t.id = discard.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'It may have been pruned. Look it up with: agentcorp tasks list';
    end if;
    if not agentcorp.discard_ids(v_shard, array[task_id], reason, discarded_by) = 1 then
        select * into v_last from agentcorp.last_outcome(v_shard, task_id);
        if v_last.outcome = 2 then
            raise exception 'task % was discarded already', task_id using errcode = 'AC009', hint = 'See agentcorp.discards for the reason.';
        end if;
        raise exception 'task % has not failed', task_id using errcode = 'AC009', hint = 'Only failed tasks can be discarded; cancel an open one instead.';
    end if;
end $$;
comment on function agentcorp.discard is
    'Takes a failed task out of the dead letters, with a reason. It stays in history, is no longer retried by a filter, and can still be retried by its id';

create function agentcorp.check_reason(p_reason text) returns void language plpgsql immutable as $$
begin
    if coalesce(trim(p_reason), '') = '' or length(p_reason) > 1000 then
        raise exception 'reason is empty or over 1000 characters' using errcode = 'AC007', hint = 'Say why, for whoever looks at it later.';
    end if;
end $$;
comment on function agentcorp.check_reason is 'Refuses an empty reason';

create function agentcorp.discard_ids(p_shard smallint, p_ids bigint[], p_reason text, p_by text) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v record;
    v_n int;
begin
    select array_agg(q.task_id) ids, array_agg(q.attempt) attempts into v from (
        select a.task_id, a.attempt from agentcorp.attempt a where a.shard = p_shard and a.task_id = any (p_ids) and a.outcome = 2 order by a.task_id for update) q;
    insert into agentcorp.discarded (task_id, discarded_at, attempt, shard, discarded_by, reason)
        select u.t, v_now, u.a, s.shard, p_by, p_reason from agentcorp.shard s cross join unnest(v.ids, v.attempts) u(t, a) where s.shard = p_shard
        on conflict do nothing;
    get diagnostics v_n = row_count;
    return v_n;
end $$;
comment on function agentcorp.discard_ids is 'Discards those of the tasks that have failed; returns how many were not discarded before';

create function agentcorp.discard_many(filter jsonb, reason text, discarded_by text default session_user) returns int language plpgsql as $$
declare
    v_left int;
    v_ids bigint[];
    v_from bigint := 0;
    v_n int := 0;
begin
    perform agentcorp.check_filter(filter);
    perform agentcorp.check_reason(reason);
    if coalesce(filter ->> 'state', 'failed') <> 'failed' then
        raise exception 'filter: only failed tasks can be discarded' using errcode = 'AC007', hint = 'Leave out "state".';
    end if;
    v_left := coalesce((filter ->> 'limit')::int, 2147483647);
    loop
        v_ids := agentcorp.matching_tasks(filter, v_from, least(v_left, 1000));
        exit when v_ids = '{}';
        v_n := v_n + coalesce((select sum(agentcorp.discard_ids(q.shard, q.ids, reason, discarded_by)) from (
            select agentcorp.shard_of(i) shard, array_agg(i order by i) ids from unnest(v_ids) i group by 1) q), 0);
        v_from := v_ids[cardinality(v_ids)];
        v_left := v_left - cardinality(v_ids);
    end loop;
    return v_n;
end $$;
comment on function agentcorp.discard_many is 'Discards all failures that match a filter as of retry_many; returns how many';
