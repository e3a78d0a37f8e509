-- Limits, fairness and order. Tasks that need a slot, a token or their turn stand in `queued`, in lines: a line is what shares queue,
-- tenant and keys. The admitter moves them to `ready` at promotion, so that a claim never looks at a key. Only who holds the row of
-- `admission` writes line, turn, slot and bucket; everybody else inserts an `arrival` and goes on, so adding and finishing never wait.
-- locks: admission, arrival, then queued (skipping what others hold)

create table agentcorp.limit_rule (
    per_ms bigint not null default 1000,
    queue_id int not null default 0,
    concurrency int,
    rate int,
    burst int,
    key text not null default '',
    primary key (queue_id, key)
);
comment on table agentcorp.limit_rule is 'Limits of queues (key is empty) and of concurrency keys (queue_id is 0; a key that ends with * stands for all that begin so)';

create table agentcorp.tenant_weight (
    weight float8 not null check (weight > 0),
    tenant text primary key
);
comment on table agentcorp.tenant_weight is 'How large the turns of a tenant are; 1 for those that are not here';

create table agentcorp.admission (shard smallint primary key);
comment on table agentcorp.admission is 'The mutex of the admitter, one row per shard';
insert into agentcorp.admission select shard from agentcorp.shard;

create table agentcorp.arrival (
    queue_id int not null,
    shard smallint not null,
    freed boolean not null,
    tenant text not null,
    concurrency_key text not null,
    ordered_key text not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.arrival is 'Outbox for the admitter: lines that have new tasks, or whose slots have been freed';

create table agentcorp.line (
    parked_until timestamptz,
    holder bigint,
    queue_id int not null,
    shard smallint not null,
    tenant text not null,
    concurrency_key text not null,
    ordered_key text not null,
    primary key (queue_id, tenant, concurrency_key, ordered_key, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.line is 'Lines with tasks in queued, or with an ordered task under way';
comment on column agentcorp.line.parked_until is 'null: its head may be admitted; infinity: not before a slot is freed; else not before then';
comment on column agentcorp.line.holder is 'The task of an ordered key that is under way: until it has ended nothing else of the line is admitted';
create index line_open on agentcorp.line (queue_id, tenant, shard) where parked_until is null;
create index line_key on agentcorp.line (concurrency_key, shard) where parked_until = 'infinity' and concurrency_key <> '';
create index line_due on agentcorp.line (shard, parked_until) where parked_until < 'infinity';
create index line_holder on agentcorp.line (holder) where holder is not null;

create table agentcorp.tenant_turn (
    pass float8 not null,
    queue_id int not null,
    shard smallint not null,
    active boolean not null,
    tenant text not null,
    primary key (queue_id, tenant, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.tenant_turn is 'How far each tenant of a queue has been served, in tasks divided by weight: the least is next (stride scheduling, Waldspurger 1995)';
create index tenant_turn_order on agentcorp.tenant_turn (queue_id, shard, pass) where active;

create table agentcorp.slot (
    task_id bigint not null,
    queue_id int not null,
    attempt smallint not null,
    shard smallint not null,
    tenant text not null,
    concurrency_key text not null,
    ordered_key text not null,
    primary key (task_id, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.slot is 'Admitted tasks that count against a limit, until that attempt has ended';
create index slot_key on agentcorp.slot (concurrency_key, shard) where concurrency_key <> '';
create index slot_queue on agentcorp.slot (queue_id, shard);

create table agentcorp.bucket (
    filled_at timestamptz not null,
    tokens float8 not null,
    queue_id int not null,
    shard smallint not null,
    key text not null,
    primary key (queue_id, key, shard)
) with (fillfactor = 50);
comment on table agentcorp.bucket is 'Token buckets of rate limits; one that has never been used is full';

create function agentcorp.queue_up(p_shard smallint, p_ids bigint[], p_attempts smallint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_seq bigint := agentcorp.micros(agentcorp.clock());
begin
    insert into agentcorp.queued (seq, task_id, queue_id, priority, shard, attempt, tenant, concurrency_key, ordered_key)
        -- What is in order goes by that alone.
        select v_seq + u.i - 1, t.id, t.queue_id, case when t.ordered_key is null then t.priority else 0 end, s.shard, u.a,
            coalesce(t.tenant, ''), coalesce(t.concurrency_key, ''), coalesce(t.ordered_key, '')
        from agentcorp.shard s cross join unnest(p_ids, p_attempts) with ordinality u(t, a, i)
        cross join lateral (select t.* from agentcorp.task t where t.id = u.t and t.shard = p_shard offset 0) t
        where s.shard = p_shard;
    insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key)
        select q.queue_id, s.shard, false, q.tenant, q.concurrency_key, q.ordered_key
        from agentcorp.shard s cross join (
            select distinct t.queue_id, coalesce(t.tenant, '') tenant, coalesce(t.concurrency_key, '') concurrency_key, coalesce(t.ordered_key, '') ordered_key
            from agentcorp.task t where t.id = any (p_ids) and t.shard = p_shard) q
        where s.shard = p_shard;
    perform agentcorp.move_counts(p_shard, p_ids, 'ready', 'queued');
    perform agentcorp.wake_coordinator(p_shard);
end $$;
comment on function agentcorp.queue_up is 'Puts tasks in line to be admitted; they were counted as ready';

create function agentcorp.must_queue(p_shard smallint, p_ids bigint[]) returns bigint[] language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    if not exists (select from agentcorp.queue q where q.gated) then
        return '{}';
    end if;
    return array(select t.id from agentcorp.task t cross join lateral (select q.limited from agentcorp.queue q where q.id = t.queue_id and q.gated offset 0) q
        where t.id = any (p_ids) and t.shard = p_shard
        and (q.limited or t.tenant is not null or t.concurrency_key is not null or t.ordered_key is not null));
end $$;
comment on function agentcorp.must_queue is 'Which of these tasks have to be admitted: those with a key or a tenant, and all of a limited queue';

create function agentcorp.gate_queues(p_queues int[]) returns void language plpgsql as $$
begin
    if exists (select from agentcorp.queue q where q.id = any (p_queues) and not q.gated) then
        update agentcorp.queue q set gated = true where q.id = any (p_queues) and not q.gated;
    end if;
end $$;
comment on function agentcorp.gate_queues is 'Notes that these queues have tasks with a key or a tenant, in the transaction that adds the first one';

-- A task of an ordered key waits for those before it; one of those must not be waiting for it.
create function agentcorp.refuse_own_line(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
begin
    with recursive up(id, parent_id, key, queue_id) as (
        select t.id, t.parent_id, t.ordered_key, t.queue_id from agentcorp.task t
        where t.id = any (p_ids) and t.shard = p_shard and t.ordered_key is not null and t.parent_id is not null
        union all
        select up.id, t.parent_id, up.key, up.queue_id from up
        cross join lateral (select t.parent_id, t.ordered_key, t.queue_id from agentcorp.task t where t.id = up.parent_id and t.shard = p_shard offset 0) t
        where not (t.ordered_key is not distinct from up.key and t.queue_id = up.queue_id)
    )
    select up.key, up.parent_id into v from up
        cross join lateral (select t.ordered_key, t.queue_id from agentcorp.task t where t.id = up.parent_id and t.shard = p_shard offset 0) t
        where t.ordered_key = up.key and t.queue_id = up.queue_id limit 1;
    if found then
        raise exception 'ordered_key "%" is that of task %, which ends only after its subtasks', v.key, v.parent_id using errcode = 'AC007',
            hint = 'Give the subtasks another key, or none.';
    end if;
end $$;
comment on function agentcorp.refuse_own_line is 'Refuses subtasks that would stand in line behind their own parent';

-- Called by whatever ends attempts, for exactly those whose fence it has won.
create function agentcorp.free_slots(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
    v_found boolean := false;
    v_held bigint[];
begin
    if p_ids = '{}' or not exists (select from agentcorp.queue q where q.gated) then
        return;
    end if;
    -- Where few have a slot, most of a batch have not: that is cheaper to see from their side.
    v_held := array(select s.task_id from agentcorp.slot s where s.shard = p_shard limit 200)
        || array(select l.holder from agentcorp.line l where l.shard = p_shard and l.holder is not null limit 200);
    if cardinality(v_held) < 200 then
        p_ids := array(select unnest(p_ids) intersect select unnest(v_held));
        if p_ids = '{}' then
            return;
        end if;
    end if;
    for v in delete from agentcorp.slot s where s.shard = p_shard and s.task_id = any (p_ids)
        returning s.queue_id, s.tenant, s.concurrency_key, s.ordered_key
    loop
        insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key)
            values (v.queue_id, p_shard, true, v.tenant, v.concurrency_key, v.ordered_key);
        v_found := true;
    end loop;
    -- An ordered task that ends between two attempts has no slot.
    for v in select l.queue_id, l.tenant, l.concurrency_key, l.ordered_key from agentcorp.line l where l.holder = any (p_ids) and l.shard = p_shard loop
        insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key)
            values (v.queue_id, p_shard, true, v.tenant, v.concurrency_key, v.ordered_key);
        v_found := true;
    end loop;
    if v_found then
        perform agentcorp.wake_coordinator(p_shard);
    end if;
end $$;
comment on function agentcorp.free_slots is 'Gives back what ended attempts have held, and tells the admitter';

-- The outbox becomes lines; lines whose time or slot has come are looked at again.
create function agentcorp.read_arrivals(p_shard smallint) returns void language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_ctids tid[];
    v record;
    v_line record;
begin
    v_ctids := array(select a.ctid from agentcorp.arrival a where a.shard = p_shard limit 10000 for update skip locked);
    for v in select a.queue_id, a.tenant, a.concurrency_key, a.ordered_key, bool_or(a.freed) freed
        from agentcorp.arrival a where a.shard = p_shard and a.ctid = any (v_ctids) group by 1, 2, 3, 4
    loop
        select l.holder, l.parked_until into v_line from agentcorp.line l where l.queue_id = v.queue_id and l.tenant = v.tenant
            and l.concurrency_key = v.concurrency_key and l.ordered_key = v.ordered_key and l.shard = p_shard;
        if not found then
            continue when v.freed and not exists (select from agentcorp.queued q where q.queue_id = v.queue_id and q.tenant = v.tenant
                and q.concurrency_key = v.concurrency_key and q.ordered_key = v.ordered_key and q.shard = p_shard);
            insert into agentcorp.line (queue_id, shard, tenant, concurrency_key, ordered_key)
                values (v.queue_id, p_shard, v.tenant, v.concurrency_key, v.ordered_key);
        elsif v_line.holder is not null then
            if exists (select from agentcorp.last_outcome(p_shard, v_line.holder) l where l.outcome between 1 and 4)
                or not exists (select from agentcorp.task t where t.id = v_line.holder and t.shard = p_shard) then
                -- Without tasks, the next round removes the line.
                v_line.holder := null;
            elsif not exists (select from agentcorp.queued q where q.task_id = v_line.holder and q.shard = p_shard) then
                continue;
            end if;
            update agentcorp.line l set parked_until = null, holder = v_line.holder where l.queue_id = v.queue_id and l.tenant = v.tenant
                and l.concurrency_key = v.concurrency_key and l.ordered_key = v.ordered_key and l.shard = p_shard;
        elsif v_line.parked_until is not null then
            continue;
        end if;
        perform agentcorp.take_turn(p_shard, v.queue_id, v.tenant);
    end loop;
    -- A freed slot of a key goes to one of the lines that wait for it: as many as there were slots are looked at.
    for v in select a.concurrency_key, count(*) n from agentcorp.arrival a
        where a.shard = p_shard and a.ctid = any (v_ctids) and a.freed and a.concurrency_key <> '' group by 1
    loop
        for v_line in update agentcorp.line l set parked_until = null
            where l.shard = p_shard and l.ctid = any (array(
                select x.ctid from agentcorp.line x cross join lateral (select t.pass from agentcorp.tenant_turn t
                    where t.queue_id = x.queue_id and t.tenant = x.tenant and t.shard = p_shard offset 0) t
                where x.concurrency_key = v.concurrency_key and x.concurrency_key <> '' and x.shard = p_shard and x.parked_until = 'infinity'
                and (x.holder is null or exists (select from agentcorp.queued q where q.task_id = x.holder and q.shard = p_shard))
                order by t.pass limit v.n))
            returning l.queue_id, l.tenant
        loop
            perform agentcorp.take_turn(p_shard, v_line.queue_id, v_line.tenant);
        end loop;
    end loop;
    delete from agentcorp.arrival a where a.shard = p_shard and a.ctid = any (v_ctids);
    for v_line in update agentcorp.line l set parked_until = null where l.shard = p_shard and l.parked_until <= v_now and l.parked_until < 'infinity'
        returning l.queue_id, l.tenant
    loop
        perform agentcorp.take_turn(p_shard, v_line.queue_id, v_line.tenant);
    end loop;
end $$;
comment on function agentcorp.read_arrivals is 'Brings the lines up to date; only under the lock of admission';

-- Who comes back, or is new, is served like the one who waits longest, not for the time away.
create function agentcorp.take_turn(p_shard smallint, p_queue int, p_tenant text) returns void language plpgsql as $$
declare
    v_pass float8;
begin
    if exists (select from agentcorp.tenant_turn t where t.queue_id = p_queue and t.tenant = p_tenant and t.shard = p_shard and t.active) then
        return;
    end if;
    select t.pass into v_pass from agentcorp.tenant_turn t where t.queue_id = p_queue and t.shard = p_shard and t.active order by t.pass limit 1;
    if v_pass is null then
        select max(t.pass) into v_pass from agentcorp.tenant_turn t where t.queue_id = p_queue and t.shard = p_shard;
    end if;
    insert into agentcorp.tenant_turn as t (pass, queue_id, shard, active, tenant) values (coalesce(v_pass, 0), p_queue, p_shard, true, p_tenant)
        on conflict (queue_id, tenant, shard) do update set active = true, pass = greatest(t.pass, excluded.pass);
end $$;
comment on function agentcorp.take_turn is 'Lets a tenant take part again; only under the lock of admission';

create function agentcorp.tokens(p_rule agentcorp.limit_rule, p_bucket agentcorp.bucket, p_now timestamptz) returns float8 language sql immutable as $$
    select least(coalesce(p_rule.burst, p_rule.rate), coalesce(p_bucket.tokens, coalesce(p_rule.burst, p_rule.rate))
        + greatest(extract(epoch from p_now - p_bucket.filled_at), 0) * 1000 * p_rule.rate / p_rule.per_ms)::float8
$$;
comment on function agentcorp.tokens is 'What is in a bucket now; null when there is no rate limit';

create function agentcorp.take_tokens(p_shard smallint, p_queue int, p_key text, p_tokens float8, p_now timestamptz) returns void language sql as $$
    insert into agentcorp.bucket (filled_at, tokens, queue_id, shard, key) values (p_now, p_tokens, p_queue, p_shard, p_key)
        on conflict (queue_id, key, shard) do update set tokens = excluded.tokens, filled_at = greatest(bucket.filled_at, excluded.filled_at)
$$;
comment on function agentcorp.take_tokens is 'Writes down what is left in a bucket';

create function agentcorp.rule_for(p_key text) returns agentcorp.limit_rule language sql stable as $$
    select r from agentcorp.limit_rule r where r.queue_id = 0
        and (r.key = p_key or right(r.key, 1) = '*' and starts_with(p_key, left(r.key, -1)))
        order by (r.key = p_key) desc, length(r.key) desc limit 1
$$;
comment on function agentcorp.rule_for is 'The limit of a concurrency key: its own, else that of its longest pattern';

-- A shard's part of a limit of the whole installation: no part is ever given twice.
create function agentcorp.share_of(p_shard smallint, p_limit bigint) returns bigint language sql stable as $$
    select case when n.n = 1 then p_limit else p_limit / n.n + (n.before < p_limit % n.n)::int end
        from (select count(*)::int n, count(*) filter (where s.shard < p_shard)::int before from agentcorp.shard s) n
$$;
comment on function agentcorp.share_of is 'The part of a limit of the whole fleet that a shard may give';

-- One round: candidates from the lines of the tenants that were served least, in the order of their turns, as far as slots and tokens
-- reach. Returns how many it admitted.
create function agentcorp.admit_round(p_shard smallint, p_queue int, p_room int) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_mergejoin = off set jit = off set enable_indexscan = on as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_rule agentcorp.limit_rule;
    v_limited boolean;
    v_tokens float8;
    v_room int := p_room;
    v record;
    v_key record;
    v_line record;
    v_ids bigint[];
    v_locked bigint[];
    -- As in a claim: one round in eight lets the least urgent task of each line go first, so that none starves.
    v_is_aging boolean := random() < 0.125;
begin
    select r.* into v_rule from agentcorp.limit_rule r where r.queue_id = p_queue and r.key = '';
    v_limited := found;
    if v_rule.concurrency is not null then
        v_room := least(v_room, agentcorp.share_of(p_shard, v_rule.concurrency)
            - (select count(*)::int from agentcorp.slot s where s.queue_id = p_queue and s.shard = p_shard));
    end if;
    if v_rule.rate is not null then
        v_tokens := agentcorp.tokens(v_rule, (select b from agentcorp.bucket b where b.queue_id = p_queue and b.key = '' and b.shard = p_shard), v_now);
        v_room := least(v_room, floor(v_tokens + 1e-6)::int);
    end if;
    if v_room <= 0 then
        return null;
    end if;
    with served as (
        select t.tenant, t.pass, coalesce(w.weight, 1) weight from agentcorp.tenant_turn t
        left join lateral (select w.weight from agentcorp.tenant_weight w where w.tenant = t.tenant) w on true
        where t.queue_id = p_queue and t.shard = p_shard and t.active order by t.pass, t.tenant limit v_room
    ), share as (
        select s.*, ceil(v_room * s.weight / sum(s.weight) over ())::int + 1 quota from served s
    ), head as (
        select s.tenant, s.pass, s.weight, l.concurrency_key, l.ordered_key, h.*,
            row_number() over (partition by s.tenant order by h.urgency, h.nth, h.seq, h.task_id) place
        from share s
        cross join lateral (select l.concurrency_key, l.ordered_key, l.holder, count(*) over () n from agentcorp.line l
            where l.queue_id = p_queue and l.tenant = s.tenant and l.shard = p_shard and l.parked_until is null limit s.quota) l
        -- A line that was emptied by cancels comes without a head, to be removed below.
        left join lateral (
            select x.c, x.task_id, x.attempt, x.seq, min(x.urgency) urgency, min(x.nth) nth from (
            (select q.ctid c, q.task_id, q.attempt, q.seq, q.priority::int urgency, row_number() over (order by q.priority, q.seq, q.task_id) nth
                from agentcorp.queued q where q.queue_id = p_queue and q.tenant = s.tenant and q.concurrency_key = l.concurrency_key
                and q.ordered_key = l.ordered_key and q.shard = p_shard and l.holder is null
                order by q.priority, q.seq, q.task_id limit case when l.ordered_key <> '' then 1 else ceil(s.quota::float8 / least(l.n, s.quota))::int + 1 end)
            union all
            (select q.ctid, q.task_id, q.attempt, q.seq, -1, 1 from agentcorp.queued q where v_is_aging and l.holder is null and q.queue_id = p_queue
                and q.tenant = s.tenant and q.concurrency_key = l.concurrency_key and q.ordered_key = l.ordered_key and q.shard = p_shard
                and q.priority = (select max(y.priority) from agentcorp.queued y where y.queue_id = p_queue and y.tenant = s.tenant
                    and y.concurrency_key = l.concurrency_key and y.ordered_key = l.ordered_key and y.shard = p_shard)
                order by q.seq, q.task_id limit 1)
            union all
            select q.ctid, q.task_id, q.attempt, q.seq, 0, 1 from agentcorp.queued q where q.task_id = l.holder and q.shard = p_shard) x
            group by 1, 2, 3, 4) h on true
    ), tagged as (
        select h.*, h.pass + h.place / h.weight tag, row_number() over (partition by h.concurrency_key order by h.pass + h.place / h.weight, h.seq, h.task_id) nth_of_key from head h
        where h.task_id is not null
    ), key as materialized (
        select k.concurrency_key, r.rule, agentcorp.tokens(r.rule, b.bucket, v_now) tokens,
            case when (r.rule).queue_id is null then 1 else (r.rule).concurrency end
                - (select count(*)::int from agentcorp.slot s where s.concurrency_key = k.concurrency_key and s.concurrency_key <> '' and s.shard = p_shard) free
        from (select distinct h.concurrency_key from head h where h.concurrency_key <> '') k
        cross join lateral (select agentcorp.rule_for(k.concurrency_key) rule offset 0) r
        left join lateral (select b bucket from agentcorp.bucket b where b.queue_id = 0 and b.key = k.concurrency_key and b.shard = p_shard and (r.rule).rate is not null) b on true
    ), chosen as (
        select t.*, k.free, k.tokens, k.rule, k.concurrency_key is null or t.nth_of_key <= least(k.free, floor(k.tokens + 1e-6)) as has_slot
        from tagged t left join key k on k.concurrency_key = t.concurrency_key
    ), taken as (
        select c.*, c.has_slot and row_number() over (order by not c.has_slot, c.tag, c.seq, c.task_id) <= v_room as is_taken from chosen c
    )
    select array_agg(t.c order by t.tag, t.seq, t.task_id) filter (where t.is_taken) ctids, array_agg(t.task_id order by t.tag, t.seq, t.task_id) filter (where t.is_taken) ids,
        array_agg(t.attempt order by t.tag, t.seq, t.task_id) filter (where t.is_taken) attempts,
        array_agg(t.tenant order by t.tag, t.seq, t.task_id) filter (where t.is_taken) tenants,
        array_agg(t.concurrency_key order by t.tag, t.seq, t.task_id) filter (where t.is_taken) keys,
        array_agg(t.ordered_key order by t.tag, t.seq, t.task_id) filter (where t.is_taken) orders,
        array_agg(t.tag order by t.tag, t.seq, t.task_id) filter (where t.is_taken) tags,
        -- every line that was looked at, and the state of its key
        (select jsonb_agg(x) from (select distinct h.tenant, h.concurrency_key k, h.ordered_key o from head h) x) lines,
        (select jsonb_agg(x) from (select t.concurrency_key k, min(t.free) free, min(t.tokens) tokens, min((t.rule).rate) rate, min((t.rule).per_ms) per_ms,
            count(*) filter (where t.is_taken) n from taken t where t.concurrency_key <> '' group by 1) x) keyed,
        (select jsonb_agg(s.tenant) from share s) served
        into v from taken t;
    -- Who cancels one of them just now keeps it.
    perform set_config('enable_indexscan', 'off', true);
    v_locked := array(select q.task_id from agentcorp.queued q where q.shard = p_shard and q.ctid = any (v.ctids) for update skip locked);
    perform set_config('enable_indexscan', 'on', true);
    v_ids := array(select u.i from unnest(v.ids) with ordinality u(i, n) where u.i = any (v_locked) order by u.n);
    if v_ids <> '{}' then
        delete from agentcorp.queued q where q.shard = p_shard and q.ctid = any (v.ctids) and q.task_id = any (v_ids);
        perform agentcorp.make_ready(p_shard, v_ids, array(select u.a from unnest(v.ids, v.attempts) with ordinality u(i, a, n) where u.i = any (v_ids) order by u.n),
            null, true);
        perform agentcorp.move_counts(p_shard, v_ids, 'queued', 'ready');
        insert into agentcorp.slot (task_id, queue_id, attempt, shard, tenant, concurrency_key, ordered_key)
            select u.i, p_queue, u.a, s.shard, u.t, u.k, u.o
            from agentcorp.shard s cross join unnest(v.ids, v.attempts, v.tenants, v.keys, v.orders) u(i, a, t, k, o)
            where s.shard = p_shard and u.i = any (v_ids) and (v_limited or u.k <> '');
        for v_line in select u.i, u.t, u.k, u.o from unnest(v.ids, v.tenants, v.keys, v.orders) u(i, t, k, o) where u.o <> '' and u.i = any (v_ids) loop
            update agentcorp.line l set holder = v_line.i, parked_until = 'infinity' where l.queue_id = p_queue and l.tenant = v_line.t
                and l.concurrency_key = v_line.k and l.ordered_key = v_line.o and l.shard = p_shard;
        end loop;
        for v_line in select u.t, max(u.tag) pass from unnest(v.ids, v.tenants, v.tags) u(i, t, tag) where u.i = any (v_ids) group by 1 loop
            update agentcorp.tenant_turn t set pass = v_line.pass where t.queue_id = p_queue and t.tenant = v_line.t and t.shard = p_shard;
        end loop;
        if v_tokens is not null then
            perform agentcorp.take_tokens(p_shard, p_queue, '', v_tokens - cardinality(v_ids), v_now);
        end if;
    end if;
    for v_key in select * from jsonb_to_recordset(coalesce(v.keyed, '[]')) x(k text, free int, tokens float8, rate int, per_ms bigint, n int) loop
        if v_key.tokens is not null and v_key.n > 0 then
            perform agentcorp.take_tokens(p_shard, 0, v_key.k, v_key.tokens - v_key.n, v_now);
        end if;
        -- Its lines are looked at again when a slot is freed, or when there will be a token.
        if v_key.free - v_key.n <= 0 or v_key.tokens - v_key.n < 1 then
            for v_line in select * from jsonb_to_recordset(v.lines) x(tenant text, k text, o text) where x.k = v_key.k loop
                update agentcorp.line l set parked_until = case when v_key.free - v_key.n <= 0 then 'infinity'
                    else v_now + interval '1 millisecond' * ((1 - (v_key.tokens - v_key.n)) * v_key.per_ms / v_key.rate) end
                    where l.queue_id = p_queue and l.tenant = v_line.tenant and l.concurrency_key = v_line.k and l.ordered_key = v_line.o and l.shard = p_shard
                    and l.parked_until is null;
            end loop;
        end if;
    end loop;
    -- Lines that are empty, and tenants without an open line
    for v_line in select * from jsonb_to_recordset(coalesce(v.lines, '[]')) x(tenant text, k text, o text) loop
        delete from agentcorp.line l where l.queue_id = p_queue and l.tenant = v_line.tenant and l.concurrency_key = v_line.k and l.ordered_key = v_line.o
            and l.shard = p_shard and l.holder is null and not exists (
                select from agentcorp.queued q where q.queue_id = p_queue and q.tenant = v_line.tenant and q.concurrency_key = v_line.k
                and q.ordered_key = v_line.o and q.shard = p_shard);
    end loop;
    for v_line in select u.t tenant from jsonb_array_elements_text(coalesce(v.served, '[]')) u(t) where not exists (
        select from agentcorp.line l where l.queue_id = p_queue and l.tenant = u.t and l.shard = p_shard and l.parked_until is null)
    loop
        if exists (select from agentcorp.line l where l.queue_id = p_queue and l.tenant = v_line.tenant and l.shard = p_shard) then
            update agentcorp.tenant_turn t set active = false where t.queue_id = p_queue and t.tenant = v_line.tenant and t.shard = p_shard;
        else
            delete from agentcorp.tenant_turn t where t.queue_id = p_queue and t.tenant = v_line.tenant and t.shard = p_shard;
        end if;
    end loop;
    return cardinality(v_ids);
end $$;
comment on function agentcorp.admit_round is
    'Admits up to p_room tasks of a queue, in turns; null when its own limit leaves no room. Only under the lock of admission';

-- Without a queue it is the coordinator, which waits for its turn and fills every queue up to what the live workers run at once; so few
-- stand in `ready` that a tenant who comes late waits for no more than these. With a queue it is a worker about to claim, which does not
-- wait: null says that somebody else admits just now, and may not see what this transaction has freed.
create function agentcorp.admit(p_shard smallint, p_queue int default null, p_want int default null, out admitted int, out next_in_ms bigint)
language plpgsql set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_queue record;
    v_want int;
    v_n int;
begin
    if p_queue is not null then
        admitted := 0;
        if not exists (select from agentcorp.tenant_turn t where t.queue_id = p_queue and t.shard = p_shard and t.active)
            and not exists (select from agentcorp.arrival a where a.shard = p_shard)
            and not exists (select from agentcorp.line l where l.shard = p_shard and l.parked_until <= agentcorp.clock() and l.parked_until < 'infinity') then
            return;
        end if;
        perform 1 from agentcorp.admission a where a.shard = p_shard for update skip locked;
        if not found then
            admitted := null;
            return;
        end if;
    else
        perform 1 from agentcorp.admission a where a.shard = p_shard for update;
        if not found then
            insert into agentcorp.admission select s.shard from agentcorp.shard s where s.shard = p_shard on conflict do nothing;
        end if;
    end if;
    admitted := 0;
    perform agentcorp.read_arrivals(p_shard);
    for v_queue in select q.id, q.name from agentcorp.queue q where q.gated and q.paused_at is null and (p_queue is null or q.id = p_queue)
        and exists (select from agentcorp.tenant_turn t where t.queue_id = q.id and t.shard = p_shard and t.active) order by q.id
    loop
        v_want := coalesce(p_want, (select greatest(16, least(1000, sum(w.concurrency))) from agentcorp.worker w
            where w.stopped_at is null and v_queue.name = any (w.queues)));
        v_want := v_want - (select count(*) from (select from agentcorp.ready r where r.queue_id = v_queue.id and r.shard = p_shard limit v_want) x);
        -- A round may find only lines that have to wait for their keys: it parks them, and the next sees others.
        for v_round in 1 .. 20 loop
            exit when v_want <= 0;
            v_n := agentcorp.admit_round(p_shard, v_queue.id, v_want);
            exit when v_n is null;
            admitted := admitted + v_n;
            v_want := v_want - v_n;
            exit when not exists (select from agentcorp.tenant_turn t where t.queue_id = v_queue.id and t.shard = p_shard and t.active);
        end loop;
    end loop;
    select min(m.ms) into next_in_ms from (
        select greatest(ceil(extract(epoch from l.parked_until - agentcorp.clock()) * 1000), 1) ms from (
            select l.parked_until from agentcorp.line l where l.shard = p_shard and l.parked_until < 'infinity' order by l.parked_until limit 1) l
        union all
        select greatest(ceil((1 - x.tokens) * x.per_ms / x.rate), 1) from (
            select agentcorp.tokens(r, b, agentcorp.clock()) tokens, r.per_ms, r.rate from agentcorp.limit_rule r
            left join agentcorp.bucket b on b.queue_id = r.queue_id and b.key = '' and b.shard = p_shard
            where r.key = '' and r.rate is not null
            and exists (select from agentcorp.tenant_turn t where t.queue_id = r.queue_id and t.shard = p_shard and t.active)) x where x.tokens < 1
        union all select 1 where exists (select from agentcorp.arrival a where a.shard = p_shard)) m;
end $$;
comment on function agentcorp.admit is
    'Moves tasks that may run now from queued to ready. Says how many, null when somebody else is at it, and in how many milliseconds there will be tokens for more';

-- Nothing is ever in want of this: slots are freed by whoever ends an attempt. It mends what was changed by hand.
create function agentcorp.sweep_slots(p_shard smallint) returns int language plpgsql
set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v_ended bigint[];
begin
    v_ended := array(select s.task_id from agentcorp.slot s where s.shard = p_shard and exists (
            select from agentcorp.attempt a where a.shard = p_shard and a.task_id = s.task_id and a.attempt = s.attempt offset 0)
        union select s.task_id from agentcorp.slot s where s.shard = p_shard and not exists (
            select from agentcorp.task t where t.id = s.task_id and t.shard = p_shard offset 0)
        union select l.holder from agentcorp.line l where l.shard = p_shard and l.holder is not null and exists (
            select from agentcorp.last_outcome(p_shard, l.holder) o where o.outcome between 1 and 4 offset 0));
    perform agentcorp.free_slots(p_shard, v_ended);
    insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key)
        select l.queue_id, s.shard, true, l.tenant, l.concurrency_key, l.ordered_key
        from agentcorp.shard s cross join (
            select distinct on (l.concurrency_key) l.* from agentcorp.line l where l.shard = p_shard and l.parked_until = 'infinity'
            and l.concurrency_key <> '' and l.holder is null) l
        cross join lateral (select agentcorp.rule_for(l.concurrency_key) rule offset 0) r
        where s.shard = p_shard and case when (r.rule).queue_id is null then 1 else coalesce((r.rule).concurrency, 1000000) end
            > (select count(*) from agentcorp.slot x where x.concurrency_key = l.concurrency_key and x.concurrency_key <> '' and x.shard = p_shard);
    return cardinality(v_ended);
end $$;
comment on function agentcorp.sweep_slots is 'Frees slots whose attempt has ended, and wakes lines whose key has room; returns how many slots';

create function agentcorp.set_limit(queue text default null, key text default null, concurrency int default null, rate int default null,
    per interval default '1 second', burst int default null) returns void language plpgsql as $$
declare
    v_queue int := case when queue is not null then agentcorp.queue_id(queue) else 0 end;
    v_shard smallint;
    v_ids bigint[];
    v_shards int := (select count(*) from agentcorp.shard);
begin
    if (queue is null) = (key is null) then
        raise exception 'a limit is for a queue or for a key' using errcode = 'AC007',
            hint = 'Write agentcorp.set_limit(queue => ''emails'', ...) or agentcorp.set_limit(key => ''customer:*'', ...).';
    elsif concurrency is null and rate is null then
        raise exception 'the limit limits nothing' using errcode = 'AC007', hint = 'Give concurrency, rate or both; end a limit with agentcorp.remove_limit.';
    elsif concurrency < v_shards or rate < 1 or burst < 1 then
        raise exception 'concurrency, rate and burst must be at least %', case when concurrency < v_shards then v_shards else 1 end using errcode = 'AC007',
            hint = 'To stop a queue, pause it: agentcorp.pause_queue.';
    elsif burst is not null and rate is null then
        raise exception 'burst is for a rate' using errcode = 'AC007', hint = 'Give the rate as well.';
    elsif per is null or per < interval '1 millisecond' or extract(epoch from per) > 31622400 then
        raise exception 'per: % is not between a millisecond and a year', per using errcode = 'AC007';
    elsif key = '' or length(key) > 200 or strpos(left(key, -1), '*') > 0 then
        raise exception 'key "%" is empty, over 200 characters or has a * before its end', key using errcode = 'AC007',
            hint = 'Name one key, or all that begin in the same way: "customer:*".';
    end if;
    insert into agentcorp.limit_rule as r (per_ms, queue_id, concurrency, rate, burst, key)
        values ((extract(epoch from per) * 1000)::bigint, v_queue, set_limit.concurrency, set_limit.rate, set_limit.burst, coalesce(set_limit.key, ''))
        on conflict on constraint limit_rule_pkey do update set per_ms = excluded.per_ms, concurrency = excluded.concurrency, rate = excluded.rate, burst = excluded.burst;
    update agentcorp.queue q set limited = true, gated = true where q.id = v_queue;
    for v_shard in select s.shard from agentcorp.shard s order by 1 loop
        perform 1 from agentcorp.admission a where a.shard = v_shard for update;
        if queue is not null then
            -- What runs counts from now on; what is ready has to be admitted like the rest.
            insert into agentcorp.slot (task_id, queue_id, attempt, shard, tenant, concurrency_key, ordered_key)
                select u.t, v_queue, u.a, v_shard, coalesce(t.tenant, ''), coalesce(t.concurrency_key, ''), coalesce(t.ordered_key, '')
                from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
                join agentcorp.task t on t.id = u.t and t.shard = v_shard
                where c.queue_id = v_queue and c.shard = v_shard and not exists (
                    select from agentcorp.attempt x where x.task_id = u.t and x.attempt = u.a and x.shard = v_shard)
                on conflict do nothing;
            perform agentcorp.queue_ready(v_shard, v_queue);
        else
            insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key)
                select l.queue_id, v_shard, true, l.tenant, l.concurrency_key, l.ordered_key from agentcorp.line l
                where l.shard = v_shard and l.parked_until = 'infinity' and l.concurrency_key <> ''
                and (l.concurrency_key = set_limit.key or right(set_limit.key, 1) = '*' and starts_with(l.concurrency_key, left(set_limit.key, -1)));
            update agentcorp.line l set parked_until = agentcorp.clock() where l.shard = v_shard and l.parked_until < 'infinity';
        end if;
        perform agentcorp.wake_coordinator(v_shard);
    end loop;
end $$;
comment on function agentcorp.set_limit is
    'Limits a queue, or a concurrency key ("customer:*": each key that begins so, for itself), across the whole fleet: at most concurrency tasks at once, at most rate starts per interval with bursts of burst (default: rate). Replaces an earlier limit';

-- Tasks that became ready before, or while, their queue was limited.
create function agentcorp.queue_ready(p_shard smallint, p_queue int) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set enable_indexscan = on as $$
declare
    v record;
begin
    select array_agg(q.c) ctids, array_agg(q.task_id) ids, array_agg(q.attempt) attempts into v from (
        select r.ctid c, r.task_id, r.attempt from agentcorp.ready r where r.queue_id = p_queue and r.shard = p_shard
        and not exists (select from agentcorp.slot s where s.task_id = r.task_id and s.attempt = r.attempt and s.shard = p_shard offset 0)
        order by r.priority, r.seq for update skip locked) q;
    if v.ids is null then
        return 0;
    end if;
    perform set_config('enable_indexscan', 'off', true);
    delete from agentcorp.ready r where r.shard = p_shard and r.ctid = any (v.ctids);
    perform set_config('enable_indexscan', 'on', true);
    perform agentcorp.queue_up(p_shard, v.ids, v.attempts);
    return cardinality(v.ids);
end $$;
comment on function agentcorp.queue_ready is 'Puts what is ready without a slot back in line; returns how many';

create function agentcorp.remove_limit(queue text default null, key text default null) returns boolean language plpgsql as $$
declare
    v_queue int := case when queue is not null then agentcorp.queue_id(queue) else 0 end;
    v_shard smallint;
begin
    if (queue is null) = (key is null) then
        raise exception 'a limit is for a queue or for a key' using errcode = 'AC007', hint = 'Name one of them.';
    end if;
    delete from agentcorp.limit_rule r where r.queue_id = v_queue and r.key = coalesce(remove_limit.key, '');
    if not found then
        return false;
    end if;
    update agentcorp.queue q set limited = false where q.id = v_queue and v_queue > 0;
    for v_shard in select s.shard from agentcorp.shard s order by 1 loop
        perform 1 from agentcorp.admission a where a.shard = v_shard for update;
        update agentcorp.line l set parked_until = agentcorp.clock() where l.shard = v_shard and l.parked_until < 'infinity';
        perform agentcorp.wake_coordinator(v_shard);
    end loop;
    return true;
end $$;
comment on function agentcorp.remove_limit is 'Ends a limit; false when there was none. A concurrency key without a limit runs one task at a time';

create function agentcorp.set_weight(tenant text, weight float8) returns void language plpgsql as $$
begin
    if coalesce(tenant, '') = '' then
        raise exception 'tenant is empty' using errcode = 'AC007', hint = 'Name the tenant whose turns are to be larger or smaller.';
    elsif weight is null or weight not between 0.001 and 1000 then
        raise exception 'weight % is not between 0.001 and 1000', weight using errcode = 'AC007', hint = 'A tenant of weight 2 gets two tasks where others get one.';
    end if;
    insert into agentcorp.tenant_weight as w (tenant, weight) values (set_weight.tenant, set_weight.weight)
        on conflict on constraint tenant_weight_pkey do update set weight = excluded.weight;
end $$;
comment on function agentcorp.set_weight is 'How many tasks a tenant gets in each round, against 1 for the others';

create view agentcorp.limits as
select q.name queue, nullif(r.key, '') key, r.concurrency, r.rate, r.per_ms * interval '1 millisecond' per, case when r.rate is not null then coalesce(r.burst, r.rate) end burst,
    case when r.key = '' then (select count(*) from agentcorp.slot s where s.queue_id = r.queue_id)
        when right(r.key, 1) = '*' then (select count(*) from agentcorp.slot s where starts_with(s.concurrency_key, left(r.key, -1)))
        else (select count(*) from agentcorp.slot s where s.concurrency_key = r.key) end in_use
from agentcorp.limit_rule r left join agentcorp.queue q on q.id = r.queue_id;
comment on view agentcorp.limits is 'Limits of queues and keys; in_use counts the slots that are taken';

create view agentcorp.lines as
select q.name queue, nullif(l.tenant, '') tenant, nullif(l.concurrency_key, '') concurrency_key, nullif(l.ordered_key, '') ordered_key,
    (select count(*) from (select from agentcorp.queued x where x.queue_id = l.queue_id and x.tenant = l.tenant and x.concurrency_key = l.concurrency_key
        and x.ordered_key = l.ordered_key and x.shard = l.shard limit 10001) x) waiting,
    l.holder, nullif(l.parked_until, 'infinity') next_at,
    case when l.holder is not null then 'order' when l.parked_until = 'infinity' then 'slot' when l.parked_until is not null then 'rate' else 'turn' end waits_for
from agentcorp.line l join agentcorp.queue q on q.id = l.queue_id;
comment on view agentcorp.lines is 'What waits to be admitted, by line, and what for: slot, rate, order or turn. waiting counts no further than 10001';
