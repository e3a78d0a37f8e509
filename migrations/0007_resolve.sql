-- The coordinator's moves: resolving needs, promoting what is due, folding counters, and who leads. Each is safe to run from
-- several processes at once; leadership only saves the work.

-- locks: blocked (task id ascending), then what cancel_trees and make_ready lock
create function agentcorp.settle_blocked(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
declare
    v record;
    v_need record;
    v_early bigint[];
    v_kept bigint[];
    v_keepers bigint[];
    v_gate bigint;
begin
    perform 1 from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) order by b.task_id for update;
    -- Enough have succeeded while others are open. First, because a loser may be about to be released itself.
    v_early := array(select b.task_id from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) and b.phase in (0, 2)
        and b.quorum > 0 and b.met >= b.quorum and b.remaining > 0);
    if v_early <> '{}' then
        perform agentcorp.cancel_losers(p_shard, v_early);
        -- A subtask that goes on because another task needs it: its parent may run, but ends only after it.
        select array_agg(d.needs_id), array_agg(d.task_id) into v_kept, v_keepers from agentcorp.dependency d
            cross join lateral (select b.gate from agentcorp.blocked b where b.task_id = d.task_id and b.gate = d.gate and b.shard = p_shard offset 0) b
            cross join lateral (select t.parent_id from agentcorp.task t where t.id = d.needs_id and t.shard = p_shard offset 0) t
            where d.shard = p_shard and d.task_id = any (v_early) and t.parent_id = d.task_id
            and not exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = d.needs_id and a.outcome between 1 and 4 offset 0);
    end if;
    -- released
    select array_agg(b.task_id) ids, array_agg(b.attempt) attempts, array_agg(b.run_at) run_ats into v
        from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) and b.phase in (0, 2)
        and (b.quorum = 0 and b.remaining = 0 and b.failed = 0 or b.quorum = -1 and b.remaining = 0 or b.quorum > 0 and b.met >= b.quorum);
    if v.ids is not null then
        delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v.ids);
        perform agentcorp.make_ready(p_shard, v.ids, v.attempts, v.run_ats);
        perform agentcorp.count_released(p_shard, v.ids, v.run_ats);
    end if;
    if v_kept is not null then
        v_gate := nextval('agentcorp.gate');
        insert into agentcorp.dependency (needs_id, task_id, gate, shard)
            select k.child, k.parent, v_gate, s.shard from agentcorp.shard s cross join unnest(v_kept, v_keepers) k(child, parent) where s.shard = p_shard;
        insert into agentcorp.blocked (task_id, gate, remaining, quorum, attempt, phase, shard)
            select k.parent, v_gate, k.n, -1, u.attempt + 1, 1, s.shard
            from agentcorp.shard s cross join (select p.parent, count(*)::int n from unnest(v_keepers) p(parent) group by 1) k
            join unnest(v.ids, v.attempts) u(id, attempt) on u.id = k.parent where s.shard = p_shard;
    end if;
    -- done already, and now its subtasks are too
    select array_agg(b.task_id) ids, array_agg(b.attempt) attempts into v
        from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) and b.phase = 3
        and b.remaining = 0 and (b.quorum = 0 and b.failed = 0 or b.quorum = -1 or b.quorum > 0 and b.met >= b.quorum);
    if v.ids is not null then
        delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v.ids);
        perform agentcorp.move_counts(p_shard, v.ids, 'blocked', null);
        perform agentcorp.end_tasks(p_shard, v.ids, v.attempts, 1::smallint, null);
    end if;
    for v in select b.task_id from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) and b.phase = 3
        and b.quorum = -2 and b.remaining = 0 order by b.task_id
    loop
        perform agentcorp.settle_batch(p_shard, v.task_id);
    end loop;
    -- can never be released
    for v in select b.task_id, b.gate from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_ids) and b.phase in (0, 2, 3)
        and (b.quorum = 0 and b.failed > 0 or b.quorum > 0 and b.met + b.remaining < b.quorum) order by b.task_id
    loop
        select t.id, coalesce(t.name, t.kind) called, agentcorp.outcome_name(a.outcome) outcome into v_need
            from agentcorp.dependency d
            cross join lateral (select a.outcome, a.error, a.finished_at from agentcorp.attempt a where a.task_id = d.needs_id and a.shard = p_shard offset 0) a
            cross join lateral (select * from agentcorp.task t where t.id = d.needs_id and t.shard = p_shard offset 0) t
            where d.shard = p_shard and d.task_id = v.task_id and d.gate = v.gate and a.outcome in (2, 3)
            and not agentcorp.counts_as_met(p_shard, d.needs_id, a.outcome, a.error ->> 'reason') order by a.finished_at limit 1;
        perform agentcorp.cancel_trees(p_shard, array[v.task_id], jsonb_strip_nulls(jsonb_build_object('reason', 'upstream', 'task', v_need.id,
            'message', case when v_need.id is null then 'a task that it needs had failed'
                else format('needs task %s (%s), which %s', v_need.id, v_need.called, case v_need.outcome when 'cancelled' then 'was cancelled' else v_need.outcome end) end)));
    end loop;
end $$;
comment on function agentcorp.settle_blocked is 'Looks at blocked tasks and moves on those whose needs are met, or can no longer be met';

-- `any` and quorum: what is still open is no longer needed, unless another task needs it too. That its parent waits for it is no
-- such need: to the parent it then counts as met.
create function agentcorp.cancel_losers(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_losers bigint[];
begin
    loop
        v_losers := array(
            select distinct d.needs_id from agentcorp.dependency d
            cross join lateral (select b.gate from agentcorp.blocked b where b.task_id = d.task_id and b.gate = d.gate and b.shard = p_shard offset 0) b
            cross join lateral (select t.parent_id from agentcorp.task t where t.id = d.needs_id and t.shard = p_shard offset 0) t
            where d.shard = p_shard and d.task_id = any (p_ids)
            and not exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = d.needs_id and a.outcome between 1 and 4 offset 0)
            and not exists (select from agentcorp.dependency o
                cross join lateral (select x.gate from agentcorp.blocked x where x.task_id = o.task_id and x.gate = o.gate and x.shard = p_shard offset 0) x
                where o.shard = p_shard and o.needs_id = d.needs_id and o.task_id <> all (p_ids) and o.task_id is distinct from t.parent_id offset 0) order by 1);
        exit when v_losers = '{}';
        perform agentcorp.cancel_trees(p_shard, v_losers, '{"reason": "not needed", "message": "enough of the others have succeeded"}');
        -- What only these needed is not needed either.
    end loop;
end $$;
comment on function agentcorp.cancel_losers is 'Cancels needs that a satisfied any or quorum join no longer wants';

-- One decrement per dependant, however many of its needs ended: 100,000 children of one parent cost a hundred updates.
-- locks: resolve, blocked (task id ascending)
create function agentcorp.resolve_ends(p_shard smallint, p_limit int default 1000) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan set enable_indexscan = on as $$
declare
    v record;
    v_edges record;
    v_taken int;
begin
    select array_agg(q.c) ctids, array_agg(q.needs_id) needs, array_agg(q.met) met into v from
        (select r.ctid c, r.needs_id, r.met from agentcorp.resolve r where r.shard = p_shard order by r.seq, r.needs_id limit p_limit for update skip locked) q;
    if v.needs is null then
        return 0;
    end if;
    v_taken := cardinality(v.needs);
    perform set_config('enable_indexscan', 'off', true);
    delete from agentcorp.resolve r where r.shard = p_shard and r.ctid = any (v.ctids);
    perform set_config('enable_indexscan', 'on', true);
    select array_agg(e.task_id order by e.task_id) ids, array_agg(e.gate order by e.task_id) gates,
        array_agg(e.good order by e.task_id) good, array_agg(e.bad order by e.task_id) bad into v_edges from (
        select d.task_id, d.gate, count(*) filter (where u.m) good, count(*) filter (where not u.m) bad
        from unnest(v.needs, v.met) u(n, m)
        cross join lateral (select d.task_id, d.gate from agentcorp.dependency d where d.needs_id = u.n and d.shard = p_shard offset 0) d
        group by 1, 2) e;
    if v_edges.ids is not null then
        perform 1 from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_edges.ids) order by b.task_id for update;
        for v in select * from unnest(v_edges.ids, v_edges.gates, v_edges.good, v_edges.bad) u(id, gate, good, bad) loop
            update agentcorp.blocked b set remaining = b.remaining - v.good - v.bad, met = b.met + v.good, failed = b.failed + v.bad
                where b.shard = p_shard and b.task_id = v.id and b.gate = v.gate;
        end loop;
        perform agentcorp.settle_blocked(p_shard, v_edges.ids);
    end if;
    return v_taken;
end $$;
comment on function agentcorp.resolve_ends is 'Applies ended needs to those who wait for them; returns how many ends it took from the outbox';

-- locks: scheduled
create function agentcorp.promote(p_shard smallint, p_limit int default 1000, out promoted int, out next_in_ms bigint) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan set enable_indexscan = on as $$
declare
    v_now timestamptz := agentcorp.clock();
    v record;
begin
    select array_agg(q.c) ctids, array_agg(q.task_id) ids, array_agg(q.attempt) attempts into v from
        (select s.ctid c, s.task_id, s.attempt from agentcorp.scheduled s where s.shard = p_shard and s.run_at <= v_now
         order by s.run_at, s.task_id limit p_limit for update skip locked) q;
    promoted := coalesce(cardinality(v.ids), 0);
    if promoted > 0 then
        perform set_config('enable_indexscan', 'off', true);
        delete from agentcorp.scheduled s where s.shard = p_shard and s.ctid = any (v.ctids);
        perform set_config('enable_indexscan', 'on', true);
        perform agentcorp.make_ready(p_shard, v.ids, v.attempts);
        perform agentcorp.move_counts(p_shard, v.ids, 'scheduled', 'ready');
    end if;
    select agentcorp.until(agentcorp.clock(), s.run_at) into next_in_ms
        from agentcorp.scheduled s where s.shard = p_shard order by s.run_at limit 1;
end $$;
comment on function agentcorp.promote is 'Moves due tasks from scheduled to ready; says in how many milliseconds the next one is due, null when there is none';

create function agentcorp.fold_counts(p_shard smallint, p_limit int default 10000) returns int language plpgsql as $$
declare
    v record;
begin
    select array_agg(q.c) ctids, count(*) n into v from
        (select d.ctid c from agentcorp.count_delta d where d.shard = p_shard limit p_limit for update skip locked) q;
    if v.n = 0 then
        return 0;
    end if;
    insert into agentcorp.counter as c (queue_id, shard, ready, queued, scheduled, blocked, running, completed, failed, cancelled, skipped)
        select d.queue_id, p_shard, sum(d.ready), sum(d.queued), sum(d.scheduled), sum(d.blocked), sum(d.running), sum(d.completed), sum(d.failed), sum(d.cancelled), sum(d.skipped)
        from agentcorp.count_delta d where d.shard = p_shard and d.ctid = any (v.ctids) group by 1 order by 1
        on conflict (queue_id, shard) do update set ready = c.ready + excluded.ready, queued = c.queued + excluded.queued, scheduled = c.scheduled + excluded.scheduled,
            blocked = c.blocked + excluded.blocked, running = c.running + excluded.running, completed = c.completed + excluded.completed,
            failed = c.failed + excluded.failed, cancelled = c.cancelled + excluded.cancelled, skipped = c.skipped + excluded.skipped;
    delete from agentcorp.count_delta d where d.shard = p_shard and d.ctid = any (v.ctids);
    return v.n;
end $$;
comment on function agentcorp.fold_counts is 'Adds the noted changes of depths to agentcorp.counter; returns how many it folded';

create function agentcorp.lead(p_name text, p_holder bigint, p_ttl interval) returns bigint language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_term bigint;
begin
    insert into agentcorp.leader as l (name, term, holder, expires_at) values (p_name, 1, p_holder, v_now + p_ttl)
        on conflict (name) do update set term = l.term + (l.holder <> excluded.holder)::int, holder = excluded.holder, expires_at = excluded.expires_at
        where l.holder = excluded.holder or l.expires_at <= v_now
        returning l.term into v_term;
    return v_term;
end $$;
comment on function agentcorp.lead is
    'Takes or renews the leadership; returns its term, or null when another holds it. The holder must stop trusting it before the ttl has passed on its own monotonic clock';

create function agentcorp.resign(p_name text, p_holder bigint) returns void language plpgsql as $$
begin
    update agentcorp.leader l set expires_at = agentcorp.clock() where l.name = p_name and l.holder = p_holder;
    perform pg_notify('agentcorp_coordinator', 'leader');
end $$;
comment on function agentcorp.resign is 'Gives the leadership up at once, so that another takes it without waiting for the ttl';
