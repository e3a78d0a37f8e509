-- Workers: register, beat, retire, and the rescue of what dead ones held.

create function agentcorp.register_worker(host text, pid int, version text, queues text[], kinds text[], concurrency int,
    out worker bigint, out queue_ids int[]) language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    queue_ids := array(select agentcorp.create_queue(q) from unnest(queues) with ordinality u(q, i) order by i);
    worker := ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::bit(64)::bigint & 281474976710655;
    insert into agentcorp.worker (id, started_at, beat_at, pid, concurrency, host, version, queues, kinds)
        values (worker, v_now, v_now, register_worker.pid, register_worker.concurrency, register_worker.host, register_worker.version,
            register_worker.queues, register_worker.kinds);
end $$;
comment on function agentcorp.register_worker is
    'Adds a worker process and makes sure that its queues exist. The id is its identity until it stops; a restart gets a new one';

-- A task whose fence somebody else has taken while this worker holds its claim was cancelled, or rescued: its handler must stop.
create function agentcorp.heartbeat(worker bigint, running bigint[] default null) returns table (task_id bigint, attempt smallint, outcome text) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
begin
    update agentcorp.worker w set beat_at = agentcorp.clock() where w.id = worker and w.stopped_at is null;
    if not found then
        raise exception 'worker % was declared dead or is unknown', worker using errcode = 'AC005',
            hint = 'Drop what it runs and register again; its tasks have been given to others.';
    end if;
    return query select a.task_id, a.attempt, agentcorp.outcome_name(a.outcome)
        from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, n)
        cross join lateral (select * from agentcorp.attempt a where a.task_id = u.t and a.attempt = u.n and a.shard = c.shard offset 0) a
        where c.worker_id = worker and a.worker_id is distinct from worker and (running is null or a.task_id = any (running));
end $$;
comment on function agentcorp.heartbeat is
    'Says that a worker is alive, at least every 5 seconds. Returns the tasks among those it runs that have been ended by others: stop them. AC005: it was declared dead';

create function agentcorp.retire_worker(worker bigint) returns void language plpgsql as $$
declare
    v record;
begin
    for v in select c.shard, array_agg(u.t) ids from agentcorp.claim c cross join lateral unnest(c.task_ids) u(t) where c.worker_id = worker group by 1 loop
        perform agentcorp.release(v.shard, worker, v.ids);
    end loop;
    update agentcorp.worker w set stopped_at = agentcorp.clock() where w.id = worker and w.stopped_at is null;
end $$;
comment on function agentcorp.retire_worker is 'A worker stops: what it still holds goes back, unburned';

-- A call may claim although its answer is lost with the connection: then a worker that lives would hold tasks for ever that it does
-- not know of.
-- locks: what release locks
create function agentcorp.release_unknown(worker bigint, queue text, known bigint[]) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_queue int := agentcorp.queue_id(release_unknown.queue);
    v record;
    v_released int := 0;
begin
    for v in
        select c.shard, array_agg(u.t) ids from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
        where c.worker_id = worker and c.queue_id = v_queue and u.t <> all (known)
            and not exists (select from agentcorp.attempt x where x.task_id = u.t and x.attempt = u.a and x.shard = c.shard offset 0)
        group by 1 order by 1
    loop
        v_released := v_released + agentcorp.release(v.shard, worker, v.ids);
    end loop;
    return v_released;
end $$;
comment on function agentcorp.release_unknown is
    'Gives back what a worker holds of a queue without knowing it, because the answer to its claim was lost: no attempt is burned. known: all that it knows to hold. To be called while it does not claim. Returns how many tasks it gave back';

-- Dead is who missed three beats, and nothing else: never a task for its age alone.
-- locks: worker, claim, then per batch fence (task id ascending), blocked, scheduled or ready
create function agentcorp.rescue(p_beat interval default interval '5 seconds', p_limit int default 100, out workers int, out tasks int) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_claim record;
    v_lost record;
begin
    tasks := 0;
    update agentcorp.worker w set stopped_at = v_now, lost = true
        where w.id in (select x.id from agentcorp.worker x where x.stopped_at is null and x.beat_at < v_now - 3 * p_beat for update skip locked);
    get diagnostics workers = row_count;
    for v_claim in
        select c.* from agentcorp.claim c
        where not exists (select from agentcorp.worker w where w.id = c.worker_id and w.stopped_at is null)
        order by c.claim_id limit p_limit for update of c skip locked
    loop
        insert into agentcorp.attempt (task_id, finished_at, worker_id, attempt, outcome, shard, error)
            select u.t, v_now, v_claim.worker_id, u.a, 11, s.shard, '{"reason": "lost", "message": "the worker died or lost its connection"}'
            from agentcorp.shard s cross join unnest(v_claim.task_ids, v_claim.attempts) u(t, a) where s.shard = v_claim.shard order by u.t
            on conflict do nothing;
        -- Those whose fence was still free, with how often each has been lost since somebody last put it back to work by hand. After
        -- the first loss a task goes back at once; a second may be no accident: back off, so that a poison task does not take its
        -- neighbours down again at once; the 25th ends it.
        select array_agg(l.id) filter (where l.n = 1) first_ids, array_agg((l.attempt + 1)::smallint) filter (where l.n = 1) first_attempts,
            array_agg(l.id) filter (where l.n between 2 and 24) more_ids, array_agg((l.attempt + 1)::smallint) filter (where l.n between 2 and 24) more_attempts,
            array_agg(v_now + least(agentcorp.backoff_delay(null, l.n - 1), interval '1 minute')) filter (where l.n between 2 and 24) more_run_ats, array_agg(l.id) filter (where l.n >= 25) dead_ids, count(*) n into v_lost
            from (
                select u.t id, u.a attempt, (
                    select count(*)::int from agentcorp.attempt a where a.shard = v_claim.shard and a.task_id = u.t and a.outcome = 11
                    and a.attempt > coalesce((select max(o.attempt) from agentcorp.attempt o where o.shard = v_claim.shard and o.task_id = u.t and o.outcome = 14), 0)) n
                from unnest(v_claim.task_ids, v_claim.attempts) u(t, a)
                cross join lateral (select x.outcome from agentcorp.attempt x where x.shard = v_claim.shard and x.task_id = u.t and x.attempt = u.a
                    and x.outcome = 11 and x.finished_at = v_now and x.worker_id = v_claim.worker_id offset 0) x
                order by u.t) l;
        tasks := tasks + v_lost.n;
        perform agentcorp.free_slots(v_claim.shard, coalesce(v_lost.first_ids, '{}') || coalesce(v_lost.more_ids, '{}') || coalesce(v_lost.dead_ids, '{}'));
        if v_lost.first_ids is not null then
            perform agentcorp.make_ready(v_claim.shard, v_lost.first_ids, v_lost.first_attempts);
            perform agentcorp.move_counts(v_claim.shard, v_lost.first_ids, 'running', 'ready');
        end if;
        if v_lost.more_ids is not null then
            insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
                select u.r, u.t, u.a, 1, s.shard
                from agentcorp.shard s cross join unnest(v_lost.more_run_ats, v_lost.more_ids, v_lost.more_attempts) u(r, t, a) where s.shard = v_claim.shard;
            perform agentcorp.move_counts(v_claim.shard, v_lost.more_ids, 'running', 'scheduled');
        end if;
        if v_lost.dead_ids is not null then
            update agentcorp.attempt a set outcome = 2, error = '{"reason": "lost", "message": "its worker died 25 times"}'
                where a.shard = v_claim.shard and a.task_id = any (v_lost.dead_ids) and a.outcome = 11 and a.finished_at = v_now;
            perform agentcorp.move_counts(v_claim.shard, v_lost.dead_ids, 'running', 'failed');
            delete from agentcorp.blocked b where b.shard = v_claim.shard and b.task_id = any (v_lost.dead_ids);
            delete from agentcorp.wait w where w.shard = v_claim.shard and w.task_id = any (v_lost.dead_ids);
            perform agentcorp.cancel_below(v_claim.shard, v_lost.dead_ids);
            perform agentcorp.publish_ends(v_claim.shard, v_lost.dead_ids, 2::smallint);
        end if;
        delete from agentcorp.claim c where c.claim_id = v_claim.claim_id and c.shard = v_claim.shard;
    end loop;
end $$;
comment on function agentcorp.rescue is
    'Declares workers dead that missed three beats, and gives their tasks to others. A lost attempt is no failure; after 25 of them the task fails';

create function agentcorp.unhandled_kinds(p_kinds text[]) returns setof text language sql stable as $$
    select k from unnest(p_kinds) k where not exists (
        select from agentcorp.worker w where w.stopped_at is null and k = any (w.kinds)) order by 1
$$;
comment on function agentcorp.unhandled_kinds is 'Those of the kinds that no live worker handles';
