-- What every other family stands on: the clock, ids, errors, durations, waking.

create function agentcorp.caller() returns name language sql stable parallel safe as $$
    select coalesce(nullif(current_setting('role'), 'none'), session_user)::name
$$;
comment on function agentcorp.caller is
    'Who calls: the role that was set, else the one that logged in. Also in functions that run with the rights of their owner';

-- A worker that could shift its clock could seem alive for years, or push its tasks in front of all others.
create function agentcorp.clock_offset() returns interval language plpgsql stable parallel safe as $$
begin
    if not pg_has_role(agentcorp.caller(), (select n.nspowner from pg_namespace n where n.nspname = 'agentcorp'), 'usage') then
        raise exception 'role "%" may not shift the clock', agentcorp.caller() using errcode = 'insufficient_privilege',
            hint = 'Only the owner of the schema may; undo it with: reset agentcorp.clock_offset';
    end if;
    return current_setting('agentcorp.clock_offset')::interval;
end $$;
comment on function agentcorp.clock_offset is 'How far the session has shifted the clock; refused to all but the owner of the schema';

create function agentcorp.clock() returns timestamptz language sql volatile parallel safe as $$
    select case when coalesce(current_setting('agentcorp.clock_offset', true), '') = '' then clock_timestamp()
           else clock_timestamp() + agentcorp.clock_offset() end
$$;
comment on function agentcorp.clock is
    'The only clock of the engine. The owner of the schema may shift it for a session: set agentcorp.clock_offset = ''1 hour''';

create function agentcorp.shard_of(id bigint) returns smallint language sql immutable parallel safe as $$
    select (id >> 53)::smallint
$$;
comment on function agentcorp.shard_of is
    'The shard of a task id: bits 53 to 62. Bits 45 to 52 are the server node, 0 to 44 the counter; on a single server ids are 1, 2, 3';

create function agentcorp.next_id(p_shard smallint) returns bigint language sql volatile as $$
    select (p_shard::bigint << 53) | nextval('agentcorp.task_id')
$$;
comment on function agentcorp.next_id is 'A new task id in a shard';

create function agentcorp.micros(at timestamptz) returns bigint language sql stable parallel safe as $$
    select (extract(epoch from at) * 1000000)::bigint
$$;
comment on function agentcorp.micros is 'A moment in microseconds since 1970: the unit of ready.seq';

create function agentcorp.outcome_name(outcome smallint) returns text language sql immutable parallel safe as $$
    select case outcome when 1 then 'completed' when 2 then 'failed' when 3 then 'cancelled' when 4 then 'skipped'
        when 10 then 'errored' when 11 then 'lost' when 12 then 'suspended' when 13 then 'snoozed' when 14 then 'reopened' end
$$;
comment on function agentcorp.outcome_name is 'The word for an outcome code of agentcorp.attempt';

create function agentcorp.until(p_from timestamptz, p_moment timestamptz) returns bigint language sql immutable as $$
    select case when p_moment is not null then greatest(ceil(extract(epoch from p_moment - p_from) * 1000), 0) end::bigint
$$;
comment on function agentcorp.until is 'Whole milliseconds until a moment: 0 when it has passed, null when there is none';

create function agentcorp.outcome_code(p_outcome text) returns smallint language plpgsql immutable as $$
begin
    if p_outcome <> all ('{completed,failed,cancelled,skipped}') then
        raise exception 'unknown outcome "%"', p_outcome using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(p_outcome, '{completed,failed,cancelled,skipped}'), ' Use completed, failed, cancelled or skipped, or leave it out for all.'));
    end if;
    return coalesce(array_position('{completed,failed,cancelled,skipped}'::text[], p_outcome), 0);
end $$;
comment on function agentcorp.outcome_code is 'The code of a final outcome; 0 for null, which stands for all';

-- A word one typing error away from another: Levenshtein distance without an extension, for short words. Two letters in the wrong
-- order are one error.
create function agentcorp.distance(a text, b text) returns int language plpgsql immutable parallel safe as $$
declare
    v_previous int[] := array(select generate_series(0, length(b)));
    v_before int[];
    v_current int[];
begin
    for i in 1 .. length(a) loop
        v_current := array[i];
        for j in 1 .. length(b) loop
            v_current := v_current || least(
                v_current[j] + 1, v_previous[j + 1] + 1,
                v_previous[j] + case when substr(a, i, 1) = substr(b, j, 1) then 0 else 1 end,
                case when i > 1 and j > 1 and substr(a, i, 1) = substr(b, j - 1, 1) and substr(a, i - 1, 1) = substr(b, j, 1)
                    then v_before[j - 1] + 1 end);
        end loop;
        v_before := v_previous;
        v_previous := v_current;
    end loop;
    return v_previous[length(b) + 1];
end $$;
comment on function agentcorp.distance is 'The edit distance of two short words';

create function agentcorp.did_you_mean(word text, among text[]) returns text language sql immutable parallel safe as $$
    select coalesce((select format('did you mean "%s"?', w) from unnest(among) w
        where length(word) <= 64 and length(w) <= 64 and agentcorp.distance(lower(word), lower(w)) <= greatest(1, length(word) / 3)
        order by agentcorp.distance(lower(word), lower(w)), w limit 1), '')
$$;
comment on function agentcorp.did_you_mean is 'A suggestion for a mistyped word, or an empty string';

create function agentcorp.refuse_unknown_fields(p_what text, p_given jsonb, p_known text[]) returns void language plpgsql immutable as $$
declare
    v_field text;
begin
    select k into v_field from jsonb_object_keys(p_given) k where k <> all (p_known) limit 1;
    if found then
        raise exception '%: unknown field "%"', p_what, v_field using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(v_field, p_known), ' Known fields: ', array_to_string(p_known, ', '), '.'));
    end if;
end $$;
comment on function agentcorp.refuse_unknown_fields is 'Refuses a JSON object that has other fields than the known ones';

create function agentcorp.queue_id(queue text) returns int language plpgsql stable as $$
declare
    v_id int;
begin
    select q.id into v_id from agentcorp.queue q where q.name = queue_id.queue;
    if v_id is null then
        raise exception 'unknown queue "%"', queue using errcode = 'AC006',
            hint = trim(concat(agentcorp.did_you_mean(queue, array(select q.name from agentcorp.queue q)),
                format(' Create it with: select agentcorp.create_queue(%L)', queue)));
    end if;
    return v_id;
end $$;
comment on function agentcorp.queue_id is 'The id of a queue; AC006 with a suggestion when there is none of that name';

create function agentcorp.create_queue(name text) returns int language plpgsql as $$
declare
    v_id int;
begin
    if name is null or name !~ '^[a-z0-9][a-z0-9_.-]{0,62}$' then
        raise exception 'queue name "%" is not valid', name using errcode = 'AC007',
            hint = 'Use 1 to 63 lower-case letters, digits, "_", "." or "-", beginning with a letter or a digit.';
    end if;
    select q.id into v_id from agentcorp.queue q where q.name = create_queue.name;
    if v_id is null then
        insert into agentcorp.queue as q (name) values (create_queue.name) on conflict do nothing;
        select q.id into v_id from agentcorp.queue q where q.name = create_queue.name;
    end if;
    return v_id;
end $$;
comment on function agentcorp.create_queue is 'Makes sure that a queue exists; returns its id. Workers do this for the queues they serve';

create function agentcorp.pause_queue(queue text) returns void language plpgsql as $$
begin
    update agentcorp.queue q set paused_at = coalesce(q.paused_at, agentcorp.clock()) where q.id = agentcorp.queue_id(pause_queue.queue);
end $$;
comment on function agentcorp.pause_queue is 'No task of the queue is claimed until it is resumed; what runs goes on';

create function agentcorp.resume_queue(queue text) returns void language plpgsql as $$
declare
    v_id int := agentcorp.queue_id(queue);
    v_shard smallint;
begin
    update agentcorp.queue q set paused_at = null where q.id = v_id;
    for v_shard in select s.shard from agentcorp.shard s loop
        perform agentcorp.wake(v_shard, v_id);
    end loop;
end $$;
comment on function agentcorp.resume_queue is 'Ends a pause and wakes the workers';

-- At most one notification per queue is in flight: whoever holds the lock notifies, the rest skip. A skipped one costs at
-- most one poll. Never one per task: NOTIFY takes a lock that all commits of a server share.
create function agentcorp.wake(p_shard smallint, p_queue int) returns void language plpgsql as $$
begin
    if pg_try_advisory_xact_lock(20260, p_queue) then
        perform pg_notify('agentcorp', p_shard || ':' || p_queue);
    end if;
end $$;
comment on function agentcorp.wake is 'Tells the workers of a queue that there may be work: NOTIFY agentcorp, ''shard:queue id''';

create function agentcorp.wake_coordinator(p_shard smallint) returns void language plpgsql as $$
begin
    if pg_try_advisory_xact_lock(20261, p_shard) then
        perform pg_notify('agentcorp_coordinator', p_shard::text);
    end if;
end $$;
comment on function agentcorp.wake_coordinator is 'Tells the coordinator that there is something to resolve or promote';

create function agentcorp.milliseconds(duration text, what text) returns bigint language plpgsql immutable as $$
declare
    v_interval interval;
begin
    begin
        v_interval := duration::interval;
    exception when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
        raise exception '%: "%" is not a duration', what, duration using errcode = 'AC007', hint = 'Write 500ms, 30s, 5m, 2h or 1d.';
    end;
    if v_interval < interval '0' then
        raise exception '%: "%" is negative', what, duration using errcode = 'AC007', hint = 'Use a duration of zero or more.';
    end if;
    return (extract(epoch from v_interval) * 1000)::bigint;
end $$;
comment on function agentcorp.milliseconds is 'A duration such as 500ms, 30s, 5m, 2h or 1d, in milliseconds';

create function agentcorp.parse_backoff(backoff text) returns jsonb language plpgsql immutable as $$
declare
    v_part text[] := regexp_match(trim(backoff), '^(?:(exponential|linear|fixed)\s+)?([0-9.]+\s*[a-z]+)(?:\s*\.\.\s*([0-9.]+\s*[a-z]+))?(?:\s+jitter\s+([0-9]*\.?[0-9]+))?$');
    v_base bigint;
    v_cap bigint;
    v_jitter numeric;
begin
    if backoff is null then
        return null;
    end if;
    if trim(backoff) in ('exponential', 'linear', 'fixed') then
        return jsonb_build_object('strategy', trim(backoff));
    end if;
    if v_part is null then
        raise exception 'backoff: "%" is not understood', backoff using errcode = 'AC007',
            hint = 'Write [exponential|linear|fixed] BASE[..CAP] [jitter FRACTION], as in "1s..60s" or "linear 5s..10m jitter 0.1".';
    end if;
    v_base := agentcorp.milliseconds(v_part[2], 'backoff');
    v_cap := agentcorp.milliseconds(v_part[3], 'backoff');
    v_jitter := v_part[4]::numeric;
    if v_cap < v_base then
        raise exception 'backoff: the cap in "%" is smaller than the base', backoff using errcode = 'AC007', hint = 'Write the smaller duration first.';
    end if;
    if v_jitter > 1 then
        raise exception 'backoff: jitter % is over 1', v_jitter using errcode = 'AC007', hint = 'Jitter is a fraction of the delay, from 0 to 1.';
    end if;
    return jsonb_strip_nulls(jsonb_build_object('strategy', v_part[1], 'base_ms', v_base, 'cap_ms', v_cap, 'jitter', v_jitter));
end $$;
comment on function agentcorp.parse_backoff is
    'Reads "[exponential|linear|fixed] BASE[..CAP] [jitter FRACTION]"; the defaults are exponential 1s..1h jitter 0.2, and a base over 1h is its own cap';

create function agentcorp.backoff_delay(policy jsonb, failures int) returns interval language sql volatile as $$
    select interval '1 millisecond' * (d * (1 + j * (random() - 0.5))) from (
        select least(cap, case strategy when 'fixed' then base when 'linear' then base * failures
                else base * power(2::float8, least(failures, 40) - 1) end) d, j
        from (select coalesce(policy #>> '{backoff,strategy}', 'exponential') strategy,
                coalesce((policy #>> '{backoff,base_ms}')::float8, 1000) base,
                coalesce((policy #>> '{backoff,cap_ms}')::float8, greatest((policy #>> '{backoff,base_ms}')::float8, 3600000)) cap,
                coalesce((policy #>> '{backoff,jitter}')::float8, 0.2) j) p) q
$$;
comment on function agentcorp.backoff_delay is
    'How long to wait after the n-th failure. Jitter spreads the delay evenly by half its fraction to both sides';

create function agentcorp.parse_join(rule jsonb) returns int language plpgsql immutable as $$
begin
    if rule is null or rule = '"all"' then
        return 0;
    elsif rule = '"settled"' then
        return -1;
    elsif rule = '"any"' then
        return 1;
    elsif jsonb_typeof(rule) = 'object' and jsonb_typeof(rule -> 'quorum') = 'number' then
        -- On its own: an AND may be evaluated in any order, and these fail on a rule of another form.
        if rule - 'quorum' = '{}' and (rule ->> 'quorum')::numeric between 1 and 1000000 and (rule ->> 'quorum')::numeric % 1 = 0 then
            return (rule ->> 'quorum')::int;
        end if;
    end if;
    raise exception 'join: % is not understood', rule using errcode = 'AC007', hint = 'Use "all", "any", "settled" or {"quorum": n}.';
end $$;
comment on function agentcorp.parse_join is 'A join policy as the number that agentcorp.blocked.quorum holds';

create function agentcorp.make_policy(timeout_ms bigint, backoff text, join_rule jsonb, on_error jsonb) returns jsonb
language plpgsql immutable as $$
begin
    if timeout_ms <= 0 then
        raise exception 'timeout: % ms is not positive', timeout_ms using errcode = 'AC007', hint = 'Leave it out for no limit.';
    end if;
    if on_error is not null and on_error not in ('"fail"', '"skip"') and not (jsonb_typeof(on_error) = 'object' and on_error ? 'default' and on_error - 'default' = '{}') then
        raise exception 'on_error: % is not understood', on_error using errcode = 'AC007', hint = 'Use "fail", "skip" or {"default": value}.';
    end if;
    perform agentcorp.parse_join(join_rule);
    return nullif(jsonb_strip_nulls(jsonb_build_object('timeout_ms', timeout_ms, 'backoff', agentcorp.parse_backoff(backoff),
        'join', nullif(join_rule, '"all"')))
        || case when on_error <> '"fail"' then jsonb_build_object('on_error', on_error) else '{}' end, '{}');
end $$;
comment on function agentcorp.make_policy is 'The policy column of a task, checked; null when all is as by default';

-- Row-level security guards the tables that a role reads itself; functions that run with the rights of their owner ask this.
create function agentcorp.bound_tenant() returns text language plpgsql stable as $$
declare
    v_caller name;
    v_tenant text;
begin
    if not (select c.relrowsecurity from pg_class c where c.oid = 'agentcorp.task'::regclass) then
        return null;
    end if;
    v_caller := agentcorp.caller();
    if exists (select from pg_roles r where r.rolname in ('agentcorp_worker', 'agentcorp_coordinator', 'agentcorp_admin') and pg_has_role(v_caller, r.oid, 'usage'))
        or pg_has_role(v_caller, (select n.nspowner from pg_namespace n where n.nspname = 'agentcorp'), 'usage') then
        return null;
    end if;
    v_tenant := agentcorp.own_tenant();
    if v_tenant is null then
        raise exception 'role "%" belongs to no tenant', v_caller using errcode = 'insufficient_privilege',
            hint = format('Tenants are isolated here. An admin says whose it is: select agentcorp.set_tenant(%L, ...)', v_caller);
    end if;
    return v_tenant;
end $$;
comment on function agentcorp.bound_tenant is 'The tenant that the caller is confined to; null when tenants are not isolated, or the caller serves them all';

create function agentcorp.confine(p_bound text, p_tenant text, p_ids bigint[]) returns void language plpgsql stable as $$
declare
    v_foreign bigint;
begin
    if p_bound is null then
        return;
    end if;
    if p_tenant <> p_bound then
        raise exception 'role "%" may not add tasks of tenant "%"', agentcorp.caller(), p_tenant using errcode = 'insufficient_privilege',
            hint = format('Leave the tenant out: it is "%s".', p_bound);
    end if;
    select u.id into v_foreign from unnest(p_ids) u(id) where u.id is not null and not exists (
        select from agentcorp.task t where t.id = u.id and t.shard = agentcorp.shard_of(u.id) and t.tenant = p_bound) limit 1;
    if found then
        raise exception 'unknown task %', v_foreign using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    end if;
end $$;
comment on function agentcorp.confine is 'To a caller that is bound to a tenant, refuses other tenants, and their tasks as if there were none';
