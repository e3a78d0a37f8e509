-- Budgets of tasks, limits of providers, and reservations, which count against both: taken before a model is called, settled after.
-- A call reserves in the budget of its task and in those of all tasks above. What is granted never exceeds a budget; a provider may bill
-- more than was estimated, then the truth is recorded and nothing more is granted. The call of an attempt that has ended without settling
-- holds its place at the provider no longer; its reservation is charged in full, for nobody knows what it cost.
-- Lock order: after that of all other families, budget (task id ascending), reservation, provider_limit (provider, model).

create table agentcorp.budget (
    task_id bigint not null,
    created_at timestamptz not null,
    tokens bigint,
    tokens_spent bigint not null default 0,
    tokens_reserved bigint not null default 0,
    tokens_over bigint not null default 0,
    time_limit interval,
    turns int,
    turns_spent int not null default 0,
    turns_reserved int not null default 0,
    turns_over int not null default 0,
    unpriced int not null default 0,
    shard smallint not null,
    usd numeric,
    usd_spent numeric not null default 0,
    usd_reserved numeric not null default 0,
    usd_over numeric not null default 0,
    primary key (task_id, shard)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table agentcorp.budget is 'What a task and all below it may use: a limit, what is spent and what is reserved for calls under way; a limit of null is none';
comment on column agentcorp.budget.time_limit is 'From created_at on';
comment on column agentcorp.budget.unpriced is 'Calls whose cost is not known; their tokens count';
comment on column agentcorp.budget.usd_over is
    'By how much spent and reserved have been let over the limit: a provider billed more than was estimated, or the limit was lowered';

create table agentcorp.reservation (
    task_id bigint not null,
    taken_at timestamptz not null,
    tokens bigint not null,
    seq int not null,
    attempt smallint not null,
    shard smallint not null,
    usd numeric,
    provider text collate "C" not null,
    model text collate "C" not null,
    budgets bigint[] not null,
    primary key (task_id, seq, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table agentcorp.reservation is 'Calls of models that are under way, or whose attempt has ended before they were settled: what each may cost at most';
comment on column agentcorp.reservation.usd is 'Null: the price is not known';
comment on column agentcorp.reservation.budgets is 'The tasks in whose budgets it is reserved';
create index reservation_provider on agentcorp.reservation (provider, model, shard);

create table agentcorp.provider_limit (
    filled_at timestamptz,
    cooldown_until timestamptz,
    requests_left float8,
    tokens_left float8,
    tokens_per_minute bigint,
    max_concurrent int,
    requests_per_minute int,
    shard smallint not null,
    provider text collate "C" not null,
    model text collate "C" not null,
    cooldown_reason text,
    primary key (provider, model, shard)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table agentcorp.provider_limit is 'Limits and cool-downs of providers (model *) and of their models, a row for each shard: each gives its part';
comment on column agentcorp.provider_limit.requests_left is 'What was in the bucket at filled_at; null: it is full. A bucket holds what a minute allows';
comment on column agentcorp.provider_limit.tokens_left is 'The same for tokens; below zero after a call that is larger than the bucket, or that took more than was estimated';

-- Reserving and settling

create function agentcorp.refilled(p_left float8, p_per_minute bigint, p_filled_at timestamptz, p_now timestamptz) returns float8 language sql immutable as $$
    select least(p_per_minute, coalesce(p_left, p_per_minute) + coalesce(greatest(extract(epoch from p_now - p_filled_at), 0), 0) * p_per_minute / 60)::float8
$$;
comment on function agentcorp.refilled is 'What is in the bucket of a provider now; null when there is no limit';

create function agentcorp.in_flight(p_shard smallint, p_provider text, p_model text) returns bigint language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    return (select count(*) from agentcorp.reservation r where r.shard = p_shard and r.provider = p_provider and (p_model = '*' or r.model = p_model)
        and not exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = r.task_id and a.attempt = r.attempt offset 0));
end $$;
comment on function agentcorp.in_flight is 'How many calls of a model, or of all models of a provider (*), are under way: those of attempts that have ended are not';

-- The room that a provider has for one more call. Called with the row locked.
create function agentcorp.provider_room(p_limit agentcorp.provider_limit, p_tokens bigint, p_now timestamptz, out reason text, out wait interval) language plpgsql stable as $$
declare
    v_rpm bigint := agentcorp.share_of(p_limit.shard, p_limit.requests_per_minute);
    v_tpm bigint := agentcorp.share_of(p_limit.shard, p_limit.tokens_per_minute);
    v_seconds float8;
begin
    if p_limit.cooldown_until > p_now then
        reason := 'cooldown';
        v_seconds := extract(epoch from p_limit.cooldown_until - p_now);
        -- Not all at the same moment when it ends.
        wait := (v_seconds + random() * least(greatest(v_seconds / 10, 0.5), 30)) * interval '1 second';
        return;
    end if;
    if agentcorp.in_flight(p_limit.shard, p_limit.provider, p_limit.model) >= agentcorp.share_of(p_limit.shard, p_limit.max_concurrent) then
        reason := 'concurrency';
        wait := (0.5 + random()) * interval '1 second';
        return;
    end if;
    -- A call that needs more than the bucket holds goes when it is full.
    v_seconds := greatest((1 - agentcorp.refilled(p_limit.requests_left, v_rpm, p_limit.filled_at, p_now)) * 60 / v_rpm,
        (least(p_tokens, v_tpm) - agentcorp.refilled(p_limit.tokens_left, v_tpm, p_limit.filled_at, p_now)) * 60 / v_tpm);
    if v_seconds > 1e-6 then
        reason := 'rate';
        wait := (v_seconds + random() * least(v_seconds / 10, 1)) * interval '1 second';
    end if;
end $$;
comment on function agentcorp.provider_room is 'Why a provider can take no further call now, and in how long it may; null when it can';

create function agentcorp.take_from_buckets(p_shard smallint, p_provider text, p_model text, p_requests int, p_tokens bigint, p_now timestamptz) returns void language plpgsql as $$
begin
    perform 1 from agentcorp.provider_limit l where l.shard = p_shard and l.provider = p_provider and l.model in (p_model, '*')
        and (l.requests_per_minute is not null or l.tokens_per_minute is not null) order by l.model for update;
    update agentcorp.provider_limit l set filled_at = p_now,
            requests_left = least(x.rpm, agentcorp.refilled(l.requests_left, x.rpm, l.filled_at, p_now) - p_requests),
            tokens_left = least(x.tpm, agentcorp.refilled(l.tokens_left, x.tpm, l.filled_at, p_now) - p_tokens)
        from (select s.model, agentcorp.share_of(p_shard, s.requests_per_minute) rpm, agentcorp.share_of(p_shard, s.tokens_per_minute) tpm
            from agentcorp.provider_limit s where s.shard = p_shard and s.provider = p_provider and s.model in (p_model, '*')
            and (s.requests_per_minute is not null or s.tokens_per_minute is not null)) x
        where l.shard = p_shard and l.provider = p_provider and l.model = x.model;
end $$;
comment on function agentcorp.take_from_buckets is 'Takes requests and tokens from the buckets of a model and of its provider, or with negative numbers gives them back';

-- For the function that begins a turn, which has made sure of the lease. Again for the same call: it is granted already.
-- locks: budget (task id ascending), reservation, provider_limit (model ascending)
create function agentcorp.reserve(p_shard smallint, p_task bigint, p_attempt int, p_seq int, p_provider text, p_model text, p_usd numeric, p_tokens bigint)
returns table (granted boolean, reason text, budget_task bigint, wait interval) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v_held agentcorp.reservation;
    v_path bigint[] := '{}';
    v_task bigint := p_task;
    v_budgets bigint[];
    v_refusal record;
    v_limit agentcorp.provider_limit;
    v_room record;
begin
    if p_usd is not null and p_usd not between 0 and 1000000000 or coalesce(p_tokens, -1) not between 0 and 1000000000000 then
        raise exception 'an estimate of % USD and % tokens is not valid', p_usd, p_tokens using errcode = 'AC007',
            hint = 'Give numbers of zero or more; null for the USD of a model without a price.';
    elsif coalesce(p_provider, '') = '' or coalesce(p_model, '') in ('', '*') then
        raise exception 'the provider or the model is missing' using errcode = 'AC007';
    end if;
    select r.* into v_held from agentcorp.reservation r where r.task_id = p_task and r.seq = p_seq and r.shard = p_shard;
    if v_held.attempt = p_attempt and v_held.provider = p_provider and v_held.model = p_model then
        return query select true, null::text, null::bigint, null::interval;
        return;
    elsif v_held.attempt >= p_attempt then
        raise exception 'call % of task % is reserved for % by attempt %', p_seq, p_task, v_held.model, v_held.attempt using errcode = 'AC009',
            hint = 'Settle it first, with agentcorp.settle or agentcorp.unreserve.';
    end if;
    perform agentcorp.settle_lost(p_shard, p_task, p_attempt - 1);

    while v_task is not null loop
        v_path := v_path || v_task;
        select t.parent_id into v_task from agentcorp.task t where t.id = v_task and t.shard = p_shard;
    end loop;
    v_budgets := array(select b.task_id from agentcorp.budget b where b.shard = p_shard and b.task_id = any (v_path) order by b.task_id for update);
    if v_budgets <> '{}' then
        -- What will never fit before what fits once other calls have been settled.
        select b.task_id, d.reason, d.is_final into v_refusal
            from agentcorp.budget b cross join lateral (values
                (1, 'time', v_now >= b.created_at + b.time_limit, true),
                (2, 'turns', b.turns_spent + b.turns_reserved + 1 > b.turns, b.turns_spent + 1 > b.turns),
                (3, 'tokens', b.tokens_spent + b.tokens_reserved + p_tokens > b.tokens, b.tokens_spent + p_tokens > b.tokens),
                (4, 'usd', b.usd_spent + b.usd_reserved + coalesce(p_usd, 0) > b.usd, b.usd_spent + coalesce(p_usd, 0) > b.usd),
                (5, 'unpriced', p_usd is null and b.usd is not null and b.tokens is null, true)) d(rank, reason, is_over, is_final)
            where b.shard = p_shard and b.task_id = any (v_budgets) and d.is_over order by d.is_final desc, b.task_id, d.rank limit 1;
        if found then
            return query select false, v_refusal.reason, v_refusal.task_id,
                case when not v_refusal.is_final then (0.5 + random()) * interval '1 second' end;
            return;
        end if;
    end if;

    for v_limit in select l.* from agentcorp.provider_limit l where l.shard = p_shard and l.provider = p_provider and l.model in (p_model, '*')
        order by l.model for update
    loop
        select r.reason, r.wait into v_room from agentcorp.provider_room(v_limit, p_tokens, v_now) r;
        if v_room.reason is not null then
            return query select false, v_room.reason, null::bigint, v_room.wait;
            return;
        end if;
    end loop;

    if v_budgets <> '{}' then
        update agentcorp.budget b set turns_reserved = b.turns_reserved + 1, tokens_reserved = b.tokens_reserved + p_tokens,
                usd_reserved = b.usd_reserved + coalesce(p_usd, 0)
            where b.shard = p_shard and b.task_id = any (v_budgets);
    end if;
    insert into agentcorp.reservation (task_id, taken_at, tokens, seq, attempt, shard, usd, provider, model, budgets)
        values (p_task, v_now, p_tokens, p_seq, p_attempt, p_shard, p_usd, p_provider, p_model, v_budgets);
    if v_limit.provider is not null then
        perform agentcorp.take_from_buckets(p_shard, p_provider, p_model, 1, p_tokens, v_now);
    end if;
    return query select true, null::text, null::bigint, null::interval;
end $$;
comment on function agentcorp.reserve is
    'Reserves the most that a call of a model may use, in the budgets of its task and of all above and at the provider: all or nothing. Refused: the reason is time, turns, tokens, usd or unpriced (a budget in USD, a model without a price and no limit of tokens) with the task whose budget it is, or cooldown, concurrency or rate; wait is when to ask again, null when that is of no use';

-- locks: budget (task id ascending), reservation, provider_limit (model ascending)
create function agentcorp.end_reservation(p_shard smallint, p_task bigint, p_seq int, p_turns int, p_usd numeric, p_tokens bigint) returns boolean language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v agentcorp.reservation;
    v_usd numeric;
    v_tokens bigint;
begin
    select r.* into v from agentcorp.reservation r where r.task_id = p_task and r.seq = p_seq and r.shard = p_shard;
    perform 1 from agentcorp.budget b where b.shard = p_shard and b.task_id = any (v.budgets) order by b.task_id for update;
    delete from agentcorp.reservation r where r.task_id = p_task and r.seq = p_seq and r.shard = p_shard returning r.* into v;
    if not found then
        return false;
    end if;
    -- What is no amount counts as was estimated: an answer that is paid for is not lost over its bill.
    v_usd := case when p_usd between 0 and 1000000000 then p_usd else v.usd end;
    v_tokens := case when p_tokens between 0 and 1000000000000 then p_tokens else v.tokens end;
    if v.budgets <> '{}' then
        update agentcorp.budget b set turns_reserved = b.turns_reserved - 1, turns_spent = b.turns_spent + p_turns,
                tokens_reserved = b.tokens_reserved - v.tokens, tokens_spent = b.tokens_spent + v_tokens,
                tokens_over = greatest(b.tokens_over, b.tokens_spent + v_tokens + b.tokens_reserved - v.tokens - b.tokens),
                usd_reserved = b.usd_reserved - coalesce(v.usd, 0), usd_spent = b.usd_spent + coalesce(v_usd, 0),
                usd_over = greatest(b.usd_over, b.usd_spent + coalesce(v_usd, 0) + b.usd_reserved - coalesce(v.usd, 0) - b.usd),
                unpriced = b.unpriced + (v_usd is null)::int
            where b.shard = p_shard and b.task_id = any (v.budgets);
    end if;
    if v_tokens <> v.tokens or p_turns = 0 then
        perform agentcorp.take_from_buckets(p_shard, v.provider, v.model, p_turns - 1, v_tokens - v.tokens, agentcorp.clock());
    end if;
    return true;
end $$;
comment on function agentcorp.end_reservation is 'Ends a reservation with what the call has used, as far as that is known. False: there was none';

create function agentcorp.settle(p_shard smallint, p_task bigint, p_seq int, p_usd numeric, p_tokens bigint) returns boolean language sql as $$
    select agentcorp.end_reservation(p_shard, p_task, p_seq, 1, p_usd, p_tokens)
$$;
comment on function agentcorp.settle is
    'Ends a call: what it has cost is spent, the rest of its reservation is free again. Null counts as was estimated. False: it was settled before, or given up for lost';

create function agentcorp.unreserve(p_shard smallint, p_task bigint, p_seq int) returns boolean language sql as $$
    select agentcorp.end_reservation(p_shard, p_task, p_seq, 0, 0, 0)
$$;
comment on function agentcorp.unreserve is 'Takes back the reservation of a call that has surely cost nothing. False: there was none';

create function agentcorp.settle_lost(p_shard smallint, p_task bigint, p_attempt int) returns int language plpgsql as $$
declare
    v_seq int;
    v_n int := 0;
begin
    for v_seq in select r.seq from agentcorp.reservation r where r.task_id = p_task and r.shard = p_shard and r.attempt <= p_attempt order by r.seq loop
        v_n := v_n + agentcorp.end_reservation(p_shard, p_task, v_seq, 1, null, null)::int;
    end loop;
    return v_n;
end $$;
comment on function agentcorp.settle_lost is
    'Charges what a task has reserved in this attempt and in earlier ones in full: they have ended, and nobody knows what their calls have cost. Returns how many';

-- Nothing is ever in want of this: what is reserved and what is spent count alike. It says which is which where no attempt follows.
create function agentcorp.sweep_reservations(p_shard smallint, p_limit int default 100) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
    v_n int := 0;
begin
    for v in select r.task_id, max(r.attempt) attempt from agentcorp.reservation r where r.shard = p_shard
            and exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = r.task_id and a.attempt = r.attempt offset 0)
        group by 1 order by 1 limit p_limit
    loop
        v_n := v_n + agentcorp.settle_lost(p_shard, v.task_id, v.attempt);
    end loop;
    return v_n;
end $$;
comment on function agentcorp.sweep_reservations is 'Charges what attempts have reserved that have ended; returns how many calls that were';

-- Budgets

-- locks: fence, budget
create function agentcorp.set_budget(task_id bigint, usd numeric default null, tokens bigint default null, turns int default null, time_limit interval default null)
returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[set_budget.task_id]);
    if usd is null and tokens is null and turns is null and time_limit is null then
        raise exception 'the budget of task % limits nothing', task_id using errcode = 'AC007',
            hint = 'Give usd, tokens, turns, time_limit or several of them; end a budget with agentcorp.remove_budget.';
    elsif usd not between 0 and 1000000000 or tokens not between 0 and 1000000000000 or turns < 0 then
        raise exception 'a limit of the budget of task % is negative or too large', task_id using errcode = 'AC007',
            hint = 'A thousand million USD and a million million tokens are the most.';
    elsif time_limit not between interval '0' and interval '100 years' then
        raise exception 'time_limit: % is negative or over 100 years', time_limit using errcode = 'AC007', hint = 'It counts from now on, or from when the budget was first set.';
    end if;
    -- An ended task can be given more before it is retried; its last attempt keeps the pruner away meanwhile.
    if agentcorp.hold(v_shard, task_id) is null then
        perform 1 from agentcorp.attempt a where a.shard = v_shard and a.task_id = set_budget.task_id and a.outcome between 1 and 4 for share;
        if not found then
            raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
        end if;
    end if;
    insert into agentcorp.budget as b (task_id, created_at, tokens, time_limit, turns, shard, usd)
        values (set_budget.task_id, agentcorp.clock(), set_budget.tokens, set_budget.time_limit, set_budget.turns, v_shard, set_budget.usd)
        on conflict on constraint budget_pkey do update set tokens = excluded.tokens, time_limit = excluded.time_limit, turns = excluded.turns, usd = excluded.usd,
            tokens_over = greatest(b.tokens_spent + b.tokens_reserved - excluded.tokens, 0), turns_over = greatest(b.turns_spent + b.turns_reserved - excluded.turns, 0),
            usd_over = greatest(b.usd_spent + b.usd_reserved - excluded.usd, 0);
end $$;
comment on function agentcorp.set_budget is
    'Limits what a task and all below it may use from now on: USD, tokens, turns of models, and the time since the budget was first set; null is no limit. Again: replaces the limits, what is spent stays';

-- locks: budget, reservation
create function agentcorp.remove_budget(task_id bigint) returns boolean language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[remove_budget.task_id]);
    delete from agentcorp.budget b where b.task_id = remove_budget.task_id and b.shard = v_shard;
    if not found then
        return false;
    end if;
    update agentcorp.reservation r set budgets = array_remove(r.budgets, remove_budget.task_id)
        where r.shard = v_shard and r.budgets @> array[remove_budget.task_id];
    return true;
end $$;
comment on function agentcorp.remove_budget is 'Ends the budget of a task, and forgets what was spent of it; those above still count. False: there was none';

create function agentcorp.budget_left(task_id bigint, out usd numeric, out tokens bigint, out turns int, out time_left interval) language plpgsql stable
set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_path bigint[] := '{}';
    v_task bigint := task_id;
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[budget_left.task_id]);
    while v_task is not null loop
        v_path := v_path || v_task;
        select t.parent_id into v_task from agentcorp.task t where t.id = v_task and t.shard = v_shard;
        if not found then
            raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
        end if;
    end loop;
    -- greatest() alone would make zero of no limit.
    select case when min(b.usd) is not null then greatest(trim_scale(min(b.usd - b.usd_spent - b.usd_reserved)), 0) end,
            case when min(b.tokens) is not null then greatest(min(b.tokens - b.tokens_spent - b.tokens_reserved), 0) end,
            case when min(b.turns) is not null then greatest(min(b.turns - b.turns_spent - b.turns_reserved), 0) end,
            case when min(b.time_limit) is not null then greatest(min(b.created_at + b.time_limit - v_now), interval '0') end
        into usd, tokens, turns, time_left from agentcorp.budget b where b.shard = v_shard and b.task_id = any (v_path);
end $$;
comment on function agentcorp.budget_left is 'What a task may still reserve: the least that its own budget and those above leave; null is no limit';

create view agentcorp.budgets as
select b.task_id, t.kind, t.name, b.usd, trim_scale(b.usd_spent) usd_spent, trim_scale(b.usd_reserved) usd_reserved, b.tokens, b.tokens_spent, b.tokens_reserved, b.turns, b.turns_spent, b.turns_reserved,
    b.time_limit, b.created_at, b.created_at + b.time_limit expires_at, b.unpriced
from agentcorp.budget b join agentcorp.task t on t.id = b.task_id and t.shard = b.shard;
comment on view agentcorp.budgets is 'What tasks may use, what they have spent, and what is reserved for calls under way';

-- Providers

create function agentcorp.check_provider(p_provider text, p_model text) returns void language plpgsql immutable as $$
begin
    if coalesce(p_provider, '') = '' or octet_length(p_provider) > 200 or coalesce(p_model, '') = '' or octet_length(p_model) > 500 then
        raise exception 'the provider or the model is missing or too long' using errcode = 'AC007',
            hint = 'A provider has at most 200 bytes, a model 500; the model "*" stands for all of the provider.';
    end if;
end $$;
comment on function agentcorp.check_provider is 'Refuses what is no name of a provider or a model';

create function agentcorp.set_provider_limit(provider text, model text default '*', max_concurrent int default null, requests_per_minute int default null,
    tokens_per_minute bigint default null) returns void language plpgsql as $$
declare
    v_shards int := (select count(*) from agentcorp.shard);
begin
    perform agentcorp.check_provider(provider, model);
    if max_concurrent is null and requests_per_minute is null and tokens_per_minute is null then
        raise exception 'the limit limits nothing' using errcode = 'AC007',
            hint = 'Give max_concurrent, requests_per_minute, tokens_per_minute or several of them; end a limit with agentcorp.remove_provider_limit.';
    elsif max_concurrent < v_shards or requests_per_minute < v_shards or tokens_per_minute < v_shards then
        raise exception 'a limit of provider "%" is under %', provider, v_shards using errcode = 'AC007',
            hint = 'To call it no more for a while: agentcorp.cool_down.';
    end if;
    insert into agentcorp.provider_limit as l (tokens_per_minute, max_concurrent, requests_per_minute, shard, provider, model)
        select set_provider_limit.tokens_per_minute, set_provider_limit.max_concurrent, set_provider_limit.requests_per_minute, s.shard,
            set_provider_limit.provider, set_provider_limit.model from agentcorp.shard s order by s.shard
        on conflict on constraint provider_limit_pkey do update set tokens_per_minute = excluded.tokens_per_minute, max_concurrent = excluded.max_concurrent,
            requests_per_minute = excluded.requests_per_minute;
end $$;
comment on function agentcorp.set_provider_limit is
    'Limits the calls of a model, or of all models of a provider (*), across the whole fleet: so many at once, so many requests and tokens per minute. Replaces an earlier limit; both must have room';

create function agentcorp.remove_provider_limit(provider text, model text default '*') returns boolean language plpgsql as $$
begin
    delete from agentcorp.provider_limit l where l.provider = remove_provider_limit.provider and l.model = remove_provider_limit.model;
    return found;
end $$;
comment on function agentcorp.remove_provider_limit is 'Ends a limit, and a cool-down with it; false when there was none';

create function agentcorp.cool_down(provider text, model text, until timestamptz, reason text default null) returns void language plpgsql as $$
begin
    perform agentcorp.check_provider(provider, model);
    if not isfinite(until) then
        raise exception 'a cool-down ends at some time' using errcode = 'AC007';
    end if;
    if until is null then
        update agentcorp.provider_limit l set cooldown_until = null, cooldown_reason = null where l.provider = cool_down.provider and l.model = cool_down.model;
        return;
    end if;
    insert into agentcorp.provider_limit as l (cooldown_until, cooldown_reason, shard, provider, model)
        select cool_down.until, left(cool_down.reason, 1000), s.shard, cool_down.provider, cool_down.model from agentcorp.shard s order by s.shard
        on conflict on constraint provider_limit_pkey do update set cooldown_until = excluded.cooldown_until, cooldown_reason = excluded.cooldown_reason
        where l.cooldown_until is null or l.cooldown_until < excluded.cooldown_until;
end $$;
comment on function agentcorp.cool_down is
    'Nothing calls a model, or any model of a provider (*), until then: what was told to wait makes the others wait too. A longer cool-down stays; null ends it';

create view agentcorp.provider_limits as
select l.provider, l.model, l.max_concurrent, l.requests_per_minute, l.tokens_per_minute, sum(agentcorp.in_flight(l.shard, l.provider, l.model))::bigint in_flight,
    max(l.cooldown_until) filter (where l.cooldown_until > agentcorp.clock()) cooldown_until,
    max(l.cooldown_reason) filter (where l.cooldown_until > agentcorp.clock()) cooldown_reason
from agentcorp.provider_limit l
where l.max_concurrent is not null or l.requests_per_minute is not null or l.tokens_per_minute is not null or l.cooldown_until > agentcorp.clock()
group by 1, 2, 3, 4, 5;
comment on view agentcorp.provider_limits is 'Limits of providers (model *) and models, how many calls are under way, and until when nothing is called';

-- What it has cost. The turns of models, and the runs that they belong to, are made by the next migration.

create function agentcorp.costs(by text default 'run', since timestamptz default null, until timestamptz default null, limit_to int default 100)
returns table (name text, label text, turns bigint, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
    reasoning_tokens bigint, usd numeric, unpriced bigint) language plpgsql stable set jit = off as $$
#variable_conflict use_column
begin
    if by is null or by not in ('run', 'agent', 'model', 'provider', 'day') then
        raise exception 'costs by "%" are not known', by using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(by, '{run,agent,model,provider,day}'), ' Use run, agent, model, provider or day.'));
    end if;
    return query
        select c.name, case when costs.by = 'run' then (select coalesce(r.name, r.kind) from agentcorp.task r where r.id = c.name::bigint and r.shard = agentcorp.shard_of(c.name::bigint)) end,
            c.turns, c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_write_tokens, c.reasoning_tokens, trim_scale(c.usd), c.unpriced
        from (
            select case costs.by when 'run' then (select t.root_id::text from agentcorp.task t where t.id = x.task_id and t.shard = x.shard)
                    when 'agent' then coalesce((select r.agent from agentcorp.agent_run r where r.task_id = x.task_id and r.shard = x.shard), '')
                    when 'model' then x.provider || '/' || x.model when 'provider' then x.provider
                    else to_char(x.day, 'YYYY-MM-DD') end as name,
                sum(x.turns)::bigint turns, sum(x.input_tokens)::bigint input_tokens, sum(x.output_tokens)::bigint output_tokens,
                sum(x.cache_read_tokens)::bigint cache_read_tokens, sum(x.cache_write_tokens)::bigint cache_write_tokens,
                sum(x.reasoning_tokens)::bigint reasoning_tokens, sum(x.usd) usd, sum(x.unpriced)::bigint unpriced
            from (
                -- Small groups first: a task has many turns, and its run and agent are looked up once.
                select case when costs.by in ('run', 'agent') then u.task_id end task_id, u.shard, case when costs.by in ('model', 'provider') then u.provider end provider,
                    case when costs.by = 'model' then u.model end model, case when costs.by = 'day' then (u.finished_at at time zone 'UTC')::date end as day,
                    count(*) turns, sum(u.input_tokens) input_tokens, sum(u.output_tokens) output_tokens, sum(u.cache_read_tokens) cache_read_tokens,
                    sum(u.cache_write_tokens) cache_write_tokens, sum(u.reasoning_tokens) reasoning_tokens, sum(u.cost_usd) usd, count(*) filter (where u.cost_usd is null) unpriced
                from agentcorp.turn u
                where (costs.since is null or u.finished_at >= costs.since) and (costs.until is null or u.finished_at < costs.until)
                group by 1, 2, 3, 4, 5) x
            group by 1) c
        order by case when costs.by = 'day' then c.name end desc, c.usd desc nulls last, c.input_tokens + c.output_tokens desc nulls last, c.name limit limit_to;
end $$;
comment on function agentcorp.costs is
    'What models have been used for: turns, tokens and USD by run (the root task; label is its name), agent, model, provider or day (UTC), the dearest first, or the latest day. Turns whose price is not known count in unpriced, and are in no sum of USD';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('common', 'budget_left'), ('enqueue', 'set_budget remove_budget'), ('work', 'reserve settle unreserve settle_lost cool_down'), ('read', 'in_flight costs'),
    ('coordinate', 'sweep_reservations'), ('manage', 'set_provider_limit remove_provider_limit'),
    ('internal', 'refilled provider_room take_from_buckets end_reservation check_provider')) x(c, f);
select agentcorp.grant_roles();
