-- Workers: register, beat, retire, and the rescue of what dead ones held.

create function agentcorp.register_worker(host text, pid int, version text, queues text[], kinds text[], concurrency int,
    out worker bigint, out queue_ids int[]) language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    queue_ids := array(select agentcorp.create_queue(q) from unnest(queues) with ordinality u(q, i) order by i);
    worker := ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::bit(64)::bigint & 4611686018427387903;
    insert into agentcorp.worker (id, started_at, beat_at, pid, concurrency, host, version, queues, kinds)
        values (worker, v_now, v_now, register_worker.pid, register_worker.concurrency, register_worker.host, register_worker.version,
            register_worker.queues, register_worker.kinds);
end $$;
comment on function agentcorp.register_worker is
    'Adds a worker process and makes sure that its queues exist. The id is its identity until it stops; a restart gets a new one';

-- A task whose fence somebody else has taken while this worker holds its claim was cancelled, or rescued: its handler must stop.
create function agentcorp.heartbeat(worker bigint, running bigint[] default null) returns table (task_id bigint, attempt smallint, outcome text) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
begin
    update agentcorp.worker w set beat_at = agentcorp.clock() where w.id = worker and w.stopped_at is null;
    if not found then
        raise exception 'worker % was declared dead or is unknown', worker using errcode = 'AC005',
            hint = 'Drop what it runs and register again; its tasks have been given to others.';
    end if;
    return query select a.task_id, a.attempt, agentcorp.outcome_name(a.outcome)
        from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, n)
        join agentcorp.attempt a on a.task_id = u.t and a.attempt = u.n and a.shard = c.shard
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

-- Dead is who missed three beats, and nothing else: never a task for its age alone.
-- locks: worker, claim, then per batch fence, blocked, scheduled or ready
create function agentcorp.rescue(p_beat interval default interval '5 seconds', p_limit int default 100, out workers int, out tasks int) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_claim record;
    v_task record;
    v_lost int;
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
        for v_task in select u.t id, u.a attempt from unnest(v_claim.task_ids, v_claim.attempts) u(t, a) order by u.t loop
            insert into agentcorp.attempt (task_id, finished_at, worker_id, attempt, outcome, shard, error)
                values (v_task.id, v_now, v_claim.worker_id, v_task.attempt, 11, v_claim.shard,
                    jsonb_build_object('reason', 'lost', 'message', 'the worker died or lost its connection'))
                on conflict do nothing;
            if not found then
                continue;
            end if;
            tasks := tasks + 1;
            select count(*) into v_lost from agentcorp.attempt a where a.shard = v_claim.shard and a.task_id = v_task.id and a.outcome = 11;
            if v_lost >= 25 then
                -- It kills whoever runs it: end it, with the last fence row turned into the final one.
                update agentcorp.attempt a set outcome = 2, error = jsonb_build_object('reason', 'lost', 'message', format('its worker died %s times', v_lost))
                    where a.shard = v_claim.shard and a.task_id = v_task.id and a.attempt = v_task.attempt;
                perform agentcorp.move_counts(v_claim.shard, array[v_task.id], 'running', 'failed');
                delete from agentcorp.blocked b where b.shard = v_claim.shard and b.task_id = v_task.id;
                perform agentcorp.cancel_below(v_claim.shard, array[v_task.id]);
                perform agentcorp.publish_ends(v_claim.shard, array[v_task.id], false);
            elsif v_lost = 1 then
                perform agentcorp.make_ready(v_claim.shard, array[v_task.id], array[v_task.attempt + 1]::smallint[]);
                perform agentcorp.move_counts(v_claim.shard, array[v_task.id], 'running', 'ready');
            else
                -- A second loss may be no accident: back off, so that a poison task does not take its neighbours down again at once.
                insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
                    values (v_now + least(agentcorp.backoff_delay(null, v_lost - 1), interval '1 minute'), v_task.id, v_task.attempt + 1, 1, v_claim.shard);
                perform agentcorp.move_counts(v_claim.shard, array[v_task.id], 'running', 'scheduled');
            end if;
        end loop;
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
