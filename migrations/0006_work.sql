-- The hot path: claim and finish. One call finishes the previous batch and claims the next, in one commit.
-- One statement per table with arrays between them, and deletes by the ctids of rows that this call has locked: the plan stays
-- right on empty, unanalysed and full tables alike. The planner settings are part of that.

-- locks: fence (task id ascending), claim, blocked, ready
create function agentcorp.work(
    p_shard smallint, p_worker bigint, p_queue int, p_limit int, p_priorities smallint[], p_floors bigint[],
    p_close bigint[] default '{}', p_tasks bigint[] default '{}', p_attempts smallint[] default '{}', p_ran_ms real[] default '{}',
    p_output_tasks bigint[] default '{}', p_outputs jsonb[] default '{}', p_others jsonb default null)
returns table (claim_id bigint, seq bigint, task_id bigint, parent_id bigint, root_id bigint, attempt smallint, priority smallint, kind text, args jsonb, policy jsonb)
language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan set enable_memoize = off set enable_indexscan = on as $$
#variable_conflict use_column
declare
    v_now timestamptz;
    v_n int;
    v_won bigint[] := p_tasks;
    v_refused bigint[];
    v_may_wait boolean;
    v_may_be_needed boolean;
    v_some bigint[];
    v_edges agentcorp.dependency[];
    v_released bigint[];
    v_claim bigint;
    v_open boolean;
    v_gated boolean;
    v_admitted int;
    v_left int := p_limit;
    -- What has a lower seq than this has been committed, or is late.
    v_settled bigint;
    v_levels int;
    v_start int := 0;
    v_hash int;
    v_level int;
    v_ctids tid[];
    v_ids bigint[];
    v_attempts smallint[];
    v_seqs bigint[];
    v_all_ctids tid[];
    v_all_ids bigint[];
    v_all_attempts smallint[];
    v_all_seqs bigint[];
begin
    if p_limit >= 50 then
        perform agentcorp.wait_to_claim(p_shard, p_queue);
    end if;
    v_now := agentcorp.clock();
    v_settled := agentcorp.micros(v_now) - 50000;
    select q.paused_at is null, q.gated into v_open, v_gated from agentcorp.queue q where q.id = p_queue;
    -- 1. finish what has completed
    if cardinality(p_tasks) > 0 then
        begin
            insert into agentcorp.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
                select u.t, v_now, p_worker, u.r, u.a, 1, s.shard
                from agentcorp.shard s cross join unnest(p_tasks, p_attempts, p_ran_ms) u(t, a, r) where s.shard = p_shard order by u.t;
        exception when unique_violation then
            -- Somebody else (rescuer, cancel) has ended some of them: theirs counts, ours is dropped. What this worker itself
            -- recorded before (a call sent twice after a lost connection) is neither won again nor refused. This is rare, and
            -- `on conflict` in the statement above would make every call half as slow again.
            insert into agentcorp.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
                select u.t, v_now, p_worker, u.r, u.a, 1, s.shard
                from agentcorp.shard s cross join unnest(p_tasks, p_attempts, p_ran_ms) u(t, a, r) where s.shard = p_shard order by u.t
                on conflict do nothing;
            v_won := array(select a.task_id from agentcorp.attempt a
                where a.shard = p_shard and a.task_id = any(p_tasks) and a.worker_id = p_worker and a.finished_at = v_now and a.outcome = 1);
            v_refused := array(select u.t from unnest(p_tasks, p_attempts) u(t, a)
                where u.t not in (select unnest(v_won)) and not exists (select from agentcorp.attempt x
                    where x.shard = p_shard and x.task_id = u.t and x.attempt = u.a and x.worker_id = p_worker and x.outcome in (1, 12)));
            return query select null::bigint, null::bigint, u.t, null::bigint, null::bigint, u.a, null::smallint, null::text, null::jsonb, null::jsonb
                from unnest(p_tasks, p_attempts) u(t, a) where (u.t in (select unnest(v_refused))) is true;
        end;
        -- Tasks that are done themselves but have open subtasks, and tasks that others need: most batches have neither, and one
        -- look at the whole range of ids says so, unless too much lies between them.
        select x.is_sparse or exists (select from agentcorp.blocked b where b.shard = p_shard and b.task_id between x.first and x.last),
                x.is_sparse or exists (select from agentcorp.dependency d where d.shard = p_shard and d.needs_id between x.first and x.last)
            into v_may_wait, v_may_be_needed
            from (select r.first, r.last, r.last - r.first > 4 * r.n is_sparse from (select min(w) first, max(w) last, count(*) n from unnest(v_won) w) r offset 0) x;
        if cardinality(p_outputs) > 0 then
            if exists (select from unnest(p_outputs) o where pg_column_size(o) > 262144 or o ? '$blob') then
                p_outputs := array(select agentcorp.store_payload(p_shard, u.t, 'outputs', u.o)
                    from unnest(p_output_tasks, p_outputs) with ordinality u(t, o, i) order by u.i);
            end if;
            insert into agentcorp.output (task_id, shard, result)
                select u.t, s.shard, u.o from agentcorp.shard s cross join unnest(p_output_tasks, p_outputs) u(t, o)
                where s.shard = p_shard and (v_refused is null or u.t = any (v_won))
                -- A run before a retry may have left one.
                on conflict on constraint output_pkey do update set result = excluded.result;
        end if;
        if v_gated then
            perform agentcorp.free_slots(p_shard, v_won);
        end if;
        if v_may_wait then
            v_some := array(select b.task_id from agentcorp.blocked b where b.shard = p_shard and b.task_id = any(v_won));
            if v_some <> '{}' then
                v_won := agentcorp.await_subtasks(p_shard, v_won, v_some, v_now);
            end if;
        end if;
        v_n := cardinality(v_won);
        if v_may_be_needed then
            v_edges := array(select d from agentcorp.dependency d where d.shard = p_shard and d.needs_id = any(v_won) limit 1001);
            if cardinality(v_edges) > 0 then
                v_released := agentcorp.hand_over(p_shard, v_won, v_edges, p_queue);
            end if;
        end if;
    else
        v_n := 0;
    end if;
    if p_others is not null then
        return query select null::bigint, null::bigint, r.task_id, null::bigint, null::bigint, r.attempt, null::smallint, null::text, null::jsonb, null::jsonb
            from agentcorp.finish_others(p_shard, p_worker, p_others) r;
    end if;
    if cardinality(p_close) > 0 then
        delete from agentcorp.claim c where c.shard = p_shard and c.claim_id = any(p_close);
    end if;

    -- 2. claim the next. Most urgent first; one claim in eight begins at another level, so that none starves. Which ones is
    -- hashed: claims of several queues take turns at the sequence, and a plain remainder could always fall to the same one.
    if v_left > 0 then
        v_claim := nextval('agentcorp.claim_id');
        if v_open then
            -- What waits for its turn, or for the slots freed above; unless somebody else admits just now, who may not see these.
            if v_gated then
                select a.admitted into v_admitted from agentcorp.admit(p_shard, p_queue, p_limit) a;
                if v_admitted is null and (v_n > 0 or p_others is not null) then
                    perform agentcorp.wake_coordinator(p_shard);
                end if;
            end if;
            v_levels := cardinality(p_priorities);
            v_hash := hashint8(v_claim) & 2147483647;
            if v_hash % 8 = 0 then
                v_start := (v_hash / 8) % v_levels;
            end if;
            if v_start = 0 and p_priorities = '{0,1,2,3,4,5,6,7,8,9}' and 0 = all (p_floors) then
                select array_agg(q.c), array_agg(q.task_id), array_agg(q.attempt), array_agg(q.seq) into v_all_ctids, v_all_ids, v_all_attempts, v_all_seqs from
                    (select r.ctid c, r.task_id, r.attempt, r.seq from agentcorp.ready r where r.shard = p_shard and r.queue_id = p_queue
                     order by r.priority, r.seq, r.task_id limit p_limit for update skip locked) q;
                v_levels := 0;
            end if;
            for v_i in 0 .. v_levels - 1 loop
                v_level := 1 + (v_start + v_i) % v_levels;
                select array_agg(q.c), array_agg(q.task_id), array_agg(q.attempt), array_agg(q.seq) into v_ctids, v_ids, v_attempts, v_seqs from
                    (select r.ctid c, r.task_id, r.attempt, r.seq from agentcorp.ready r
                     where r.shard = p_shard and r.queue_id = p_queue and r.priority = p_priorities[v_level] and r.seq >= p_floors[v_level]
                     order by r.seq, r.task_id limit v_left for update skip locked) q;
                if v_ids is not null then
                    v_left := v_left - cardinality(v_ids);
                    if v_all_ids is null then
                        v_all_ctids := v_ctids; v_all_ids := v_ids; v_all_attempts := v_attempts; v_all_seqs := v_seqs;
                    else
                        v_all_ctids := v_all_ctids || v_ctids; v_all_ids := v_all_ids || v_ids;
                        v_all_attempts := v_all_attempts || v_attempts; v_all_seqs := v_all_seqs || v_seqs;
                    end if;
                    exit when v_left = 0;
                end if;
            end loop;
        end if;
    end if;
    -- What was handed over in this queue is mostly claimed by this very call, and nobody else has to know.
    if v_released <> '{}' and not v_released <@ coalesce(v_all_ids, '{}') then
        perform agentcorp.wake(p_shard, p_queue);
    end if;
    if v_n > 0 or v_all_ids is not null then
        insert into agentcorp.count_delta (queue_id, ready, running, completed, shard)
            values (p_queue, -coalesce(cardinality(v_all_ids), 0), coalesce(cardinality(v_all_ids), 0) - v_n, v_n, p_shard);
    end if;
    if v_all_ids is null then
        return;
    end if;
    perform set_config('enable_indexscan', 'off', true);
    delete from agentcorp.ready r where r.shard = p_shard and r.ctid = any(v_all_ctids);
    perform set_config('enable_indexscan', 'on', true);
    insert into agentcorp.claim (claim_id, worker_id, claimed_at, queue_id, shard, task_ids, attempts)
        values (v_claim, p_worker, v_now, p_queue, p_shard, v_all_ids, v_all_attempts);
    return query select v_claim, least(u.s, v_settled), t.id, t.parent_id, t.root_id, u.a, t.priority, t.kind, t.args, t.policy
        from unnest(v_all_ids, v_all_attempts, v_all_seqs) u(i, a, s)
        cross join lateral (select t.id, t.parent_id, t.root_id, t.priority, t.kind, t.args, t.policy
            from agentcorp.task t where t.id = u.i and t.shard = p_shard offset 0) t;
end $$;
comment on function agentcorp.work is
    'Finishes a batch and claims the next. p_floors: per priority, the highest seq that an earlier call returned; rows below it are skipped. The seq that is returned is at most that of 50 ms ago: rows that were given a lower one may be committed later. p_close: claims whose last task ends here. Rows without claim_id are tasks whose result was refused because their lease was lost';

-- Each claim passes over the rows that others have locked: of 64 at once, each would look at what the 63 before it take. So at most four
-- large ones look at the same time. The wait is short: a forgotten transaction, or one that claims in several shards, must stop nobody.
create function agentcorp.wait_to_claim(p_shard smallint, p_queue int) returns void language plpgsql set lock_timeout = '100ms' as $$
declare
    v_key int := hashint8((p_queue::bigint << 16) + p_shard);
begin
    if not (pg_try_advisory_xact_lock(20270, v_key) or pg_try_advisory_xact_lock(20271, v_key)
        or pg_try_advisory_xact_lock(20272, v_key) or pg_try_advisory_xact_lock(20273, v_key)) then
        begin
            perform pg_advisory_xact_lock(20270 + pg_backend_pid() % 4, v_key);
        exception when lock_not_available then
            null;
        end;
    end if;
end $$;
comment on function agentcorp.wait_to_claim is 'Lets about four transactions at a time claim many tasks of a queue; the others wait up to 100 ms';

-- Their attempt is recorded as suspended instead, and they complete when their last subtask does. Returns what really ended.
create function agentcorp.await_subtasks(p_shard smallint, p_won bigint[], p_parents bigint[], p_now timestamptz) returns bigint[] language plpgsql as $$
declare
    v_waiting bigint[];
begin
    perform 1 from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_parents) order by b.task_id for update;
    delete from agentcorp.wait w where w.shard = p_shard and w.task_id = any (p_parents);
    delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_parents) and b.remaining = 0;
    v_waiting := array(select b.task_id from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (p_parents));
    if v_waiting = '{}' then
        return p_won;
    end if;
    update agentcorp.attempt a set outcome = 12 where a.shard = p_shard and a.task_id = any (v_waiting) and a.finished_at = p_now and a.outcome = 1;
    update agentcorp.blocked b set phase = 3, attempt = (select max(a.attempt) + 1 from agentcorp.attempt a where a.shard = p_shard and a.task_id = b.task_id)
        where b.shard = p_shard and b.task_id = any (v_waiting);
    perform agentcorp.move_counts(p_shard, v_waiting, 'running', 'blocked');
    perform agentcorp.settle_blocked(p_shard, v_waiting);
    return array(select w from unnest(p_won) w where w <> all (v_waiting));
end $$;
comment on function agentcorp.await_subtasks is 'Parks tasks that returned while their subtasks are open';

-- A dependant whose remaining needs all ended in this batch is made ready here, so that the same worker can claim it in the
-- same call; everything else goes through the outbox to the resolver. Edges of a dependant that was released here mean nothing
-- to the resolver any more, because its gate is gone.
create function agentcorp.hand_over(p_shard smallint, p_won bigint[], p_edges agentcorp.dependency[], p_queue int default null) returns bigint[] language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_freed agentcorp.blocked[];
    v_ids bigint[];
    v_ready agentcorp.ready[];
    v_left bigint[];
begin
    if cardinality(p_edges) > 1000 then
        perform agentcorp.publish_ends(p_shard, p_won, 1::smallint);
        return '{}';
    end if;
    v_freed := array(select b from (select e.task_id, e.gate, count(*) n from unnest(p_edges) e group by 1, 2 order by 1) e
        cross join lateral (select b.* from agentcorp.blocked b
            where b.shard = p_shard and b.task_id = e.task_id and b.gate = e.gate
            and b.remaining = e.n and b.failed = 0 and b.quorum <= 0 and b.phase in (0, 2) for update skip locked) b);
    if cardinality(v_freed) > 0 then
        v_ids := array(select f.task_id from unnest(v_freed) f);
        delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = any (v_ids);
        -- Those that may run at once, and need not be admitted.
        v_ready := array(select row(agentcorp.micros(v_now) + f.i - 1, f.task_id, t.queue_id, t.priority, p_shard, f.attempt)
            from unnest(v_freed) with ordinality f(task_id, gate, run_at, wake_at, remaining, met, failed, quorum, attempt, phase, shard, i)
            cross join lateral (select t.queue_id, t.priority from agentcorp.task t where t.id = f.task_id and t.shard = p_shard offset 0) t
            cross join lateral (select from agentcorp.queue q where q.id = t.queue_id and not q.gated offset 0) q
            where f.run_at is null or f.run_at <= v_now);
        if cardinality(v_ready) = cardinality(v_ids) then
            insert into agentcorp.ready (seq, task_id, queue_id, priority, shard, attempt)
                select r.seq, r.task_id, r.queue_id, r.priority, s.shard, r.attempt from agentcorp.shard s cross join unnest(v_ready) r where s.shard = p_shard;
            insert into agentcorp.count_delta (queue_id, blocked, ready, shard)
                select r.queue_id, -count(*), count(*), p_shard from unnest(v_ready) r group by 1;
            perform agentcorp.wake(p_shard, w.queue_id) from (select distinct r.queue_id from unnest(v_ready) r where r.queue_id is distinct from p_queue) w;
        else
            v_ready := '{}';
            perform agentcorp.make_ready(p_shard, v_ids, array(select f.attempt from unnest(v_freed) f), array(select f.run_at from unnest(v_freed) f));
            perform agentcorp.count_released(p_shard, v_ids, array(select f.run_at from unnest(v_freed) f));
        end if;
    end if;
    v_left := array(select distinct e.needs_id from unnest(p_edges) e where v_ids is null or e.task_id <> all (v_ids));
    if v_left <> '{}' then
        insert into agentcorp.resolve (seq, needs_id, met, shard)
            select agentcorp.micros(v_now), i, true, s.shard from agentcorp.shard s cross join unnest(v_left) i where s.shard = p_shard;
        perform agentcorp.wake_coordinator(p_shard);
    end if;
    return array(select r.task_id from unnest(v_ready) r where r.queue_id = p_queue);
end $$;
comment on function agentcorp.hand_over is 'Unblocks at once what only waited for the tasks that have just completed. Returns those that are ready in p_queue, of which nobody has been told';

create function agentcorp.count_released(p_shard smallint, p_ids bigint[], p_run_ats timestamptz[]) returns void language plpgsql as $$
declare
    v_later bigint[] := array(select u.i from unnest(p_ids, p_run_ats) u(i, r) where u.r > agentcorp.clock());
begin
    perform agentcorp.move_counts(p_shard, array(select i from unnest(p_ids) i where i <> all (v_later)), 'blocked', 'ready');
    if v_later <> '{}' then
        perform agentcorp.move_counts(p_shard, v_later, 'blocked', 'scheduled');
    end if;
end $$;
comment on function agentcorp.count_released is 'Notes that blocked tasks have become ready or scheduled';

-- A call sent twice after a lost connection is neither recorded again nor refused. What the rescuer recorded under the same worker's
-- name is not such a call.
create function agentcorp.is_recorded(p_shard smallint, p_task bigint, p_attempt smallint, p_worker bigint) returns boolean language sql stable as $$
    select exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = p_task and a.attempt = p_attempt and a.worker_id = p_worker
        and a.outcome <> 11 and not (a.outcome = 2 and coalesce(a.error ->> 'reason', '') = 'lost'))
$$;
comment on function agentcorp.is_recorded is 'Whether this worker itself has ended the attempt before';

create function agentcorp.put_output(p_shard smallint, p_task bigint, p_output jsonb) returns void language plpgsql as $$
begin
    if p_output is not null then
        p_output := agentcorp.store_payload(p_shard, p_task, 'outputs', p_output);
        -- A run before a retry may have left one.
        insert into agentcorp.output (task_id, shard, result) values (p_task, p_shard, p_output)
            on conflict on constraint output_pkey do update set result = excluded.result;
    end if;
end $$;
comment on function agentcorp.put_output is 'Records what a task returned';

-- Every outcome but the plain completion of the hot path, one task at a time. An element:
-- {task, attempt, outcome: completed|failed|cancelled|skipped|suspended|snoozed, ran_ms, output, error, retry, delay_ms, join}
-- locks: fence (task id ascending), blocked, scheduled
create function agentcorp.finish_others(p_shard smallint, p_worker bigint, p_others jsonb) returns table (task_id bigint, attempt smallint)
language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v record;
    v_body record;
    v_edges agentcorp.dependency[];
    v_ledger agentcorp.blocked;
    v_outcome smallint;
    v_failures int;
    v_delay interval;
    v_ended bigint[] := '{}';
begin
    for v in select x.* from jsonb_to_recordset(p_others) x(task bigint, attempt smallint, outcome text, ran_ms real, output jsonb, error jsonb,
            retry boolean, delay_ms float8, "join" jsonb) order by x.task loop
        select t.policy, t.max_attempts into v_body from agentcorp.task t where t.id = v.task and t.shard = p_shard;
        if not found then
            raise exception 'unknown task %', v.task using errcode = 'AC001';
        end if;
        v_delay := interval '1 millisecond' * v.delay_ms;
        if v_delay < interval '0' then
            raise exception 'the delay of task % is negative', v.task using errcode = 'AC007';
        end if;
        v_outcome := case v.outcome when 'completed' then 1 when 'failed' then 2 when 'cancelled' then 3 when 'skipped' then 4
            when 'suspended' then 12 when 'snoozed' then 13 end;
        if v_outcome is null then
            raise exception 'outcome "%" of task % is not understood', v.outcome, v.task using errcode = 'AC007',
                hint = trim(concat(agentcorp.did_you_mean(v.outcome, '{completed,failed,cancelled,skipped,suspended,snoozed}'),
                    ' Use completed, failed, cancelled, skipped, suspended or snoozed.'));
        end if;
        if v_outcome = 2 and coalesce(v.retry, true) then
            select count(*) into v_failures from agentcorp.attempt a where a.shard = p_shard and a.task_id = v.task and a.outcome = 10
                and a.attempt > coalesce((select max(o.attempt) from agentcorp.attempt o where o.shard = p_shard and o.task_id = v.task and o.outcome = 14), 0);
            if v_failures + 1 < v_body.max_attempts then
                v_outcome := 10;
                v_delay := coalesce(v_delay, agentcorp.backoff_delay(v_body.policy, v_failures + 1));
            end if;
        end if;
        if v_outcome in (10, 12, 13) and v.attempt >= 32000 then
            -- Attempts are numbered by a smallint; the rest is for losses and for a retry by hand.
            v_outcome := 2;
            v.error := jsonb_build_object('reason', 'attempts', 'message', format('it was suspended or put off %s times', v.attempt), 'last', v.error);
        end if;
        insert into agentcorp.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard, error)
            values (v.task, v_now, p_worker, v.ran_ms, v.attempt, v_outcome, p_shard, v.error) on conflict do nothing;
        if not found then
            if not agentcorp.is_recorded(p_shard, v.task, v.attempt, p_worker) then
                task_id := v.task; attempt := v.attempt;
                return next;
            end if;
            continue;
        end if;
        v_ended := v_ended || v.task;
        select * into v_ledger from agentcorp.blocked b where b.shard = p_shard and b.task_id = v.task for update;

        if v_outcome in (10, 13) then
            v_delay := coalesce(v_delay, interval '0');
            insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
                values (v_now + v_delay, v.task, v.attempt + 1, case v_outcome when 10 then 1 else 2 end, p_shard);
            perform agentcorp.move_counts(p_shard, array[v.task], 'running', 'scheduled');
            if v_delay < interval '1 second' then
                perform agentcorp.wake_coordinator(p_shard);
            end if;
        elsif v_outcome = 12 then
            if v_ledger.task_id is not null and agentcorp.park(p_shard, v.task, v.attempt, v."join" is not null) then
                null;
            elsif v_ledger.task_id is null or v_ledger.remaining + v_ledger.met + v_ledger.failed = 0 then
                delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = v.task;
                perform agentcorp.make_ready(p_shard, array[v.task], array[v.attempt + 1]::smallint[]);
                perform agentcorp.move_counts(p_shard, array[v.task], 'running', 'ready');
            else
                update agentcorp.blocked b set phase = 2, attempt = v.attempt + 1, quorum = case when v."join" is null then b.quorum else agentcorp.parse_join(v."join") end
                    where b.shard = p_shard and b.task_id = v.task;
                perform agentcorp.move_counts(p_shard, array[v.task], 'running', 'blocked');
                perform agentcorp.settle_blocked(p_shard, array[v.task]);
            end if;
            if v_delay is not null then
                update agentcorp.blocked b set wake_at = v_now + v_delay where b.shard = p_shard and b.task_id = v.task and b.phase in (2, 4);
                if found and v_delay < interval '1 second' then
                    perform agentcorp.wake_coordinator(p_shard);
                end if;
            end if;
        elsif v_outcome = 1 and v_ledger.remaining > 0 then
            perform agentcorp.put_output(p_shard, v.task, v.output);
            perform agentcorp.await_subtasks(p_shard, array[v.task], array[v.task], v_now);
        else
            perform agentcorp.put_output(p_shard, v.task, v.output);
            perform agentcorp.move_counts(p_shard, array[v.task], 'running', agentcorp.outcome_name(v_outcome));
            if v_ledger.task_id is not null then
                delete from agentcorp.wait w where w.shard = p_shard and w.task_id = v.task;
                delete from agentcorp.blocked b where b.shard = p_shard and b.task_id = v.task;
            end if;
            if v_ledger.remaining > 0 then
                perform agentcorp.cancel_below(p_shard, array[v.task]);
            end if;
            if v_outcome = 1 then
                v_edges := array(select d from agentcorp.dependency d where d.shard = p_shard and d.needs_id = v.task limit 1001);
                if cardinality(v_edges) > 0 then
                    perform agentcorp.hand_over(p_shard, array[v.task], v_edges);
                end if;
            else
                perform agentcorp.publish_ends(p_shard, array[v.task], v_outcome);
            end if;
        end if;
    end loop;
    perform agentcorp.free_slots(p_shard, v_ended);
end $$;
comment on function agentcorp.finish_others is
    'Ends attempts one by one: failures with retry and back-off, suspensions, snoozes, and completions with an output. Returns those whose lease was lost';

-- locks: fence (task id ascending), claim, scheduled or ready
create function agentcorp.release(p_shard smallint, p_worker bigint, p_tasks bigint[], p_delay interval default null) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_claim record;
    v_task record;
    v_ids bigint[] := '{}';
    v_attempts smallint[] := '{}';
begin
    if p_delay < interval '0' then
        raise exception 'the delay is negative' using errcode = 'AC007';
    end if;
    for v_task in
        select distinct u.t, u.a from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
        where c.shard = p_shard and c.worker_id = p_worker and u.t = any (p_tasks) order by u.t
    loop
        if agentcorp.hold(p_shard, v_task.t) = v_task.a then
            v_ids := v_ids || v_task.t;
            v_attempts := v_attempts || v_task.a;
        end if;
    end loop;
    if v_ids = '{}' then
        perform agentcorp.close_claims(p_shard, p_worker);
        return 0;
    end if;
    for v_claim in select c.claim_id, c.task_ids, c.attempts from agentcorp.claim c
        where c.shard = p_shard and c.worker_id = p_worker and c.task_ids && v_ids order by c.claim_id for update
    loop
        update agentcorp.claim c set
            task_ids = array(select u.t from unnest(v_claim.task_ids) with ordinality u(t, i) where u.t <> all (v_ids) order by u.i),
            attempts = array(select u.a from unnest(v_claim.task_ids, v_claim.attempts) with ordinality u(t, a, i) where u.t <> all (v_ids) order by u.i)
            where c.shard = p_shard and c.claim_id = v_claim.claim_id;
    end loop;
    perform agentcorp.close_claims(p_shard, p_worker);
    if p_delay is null then
        -- They keep the slots that they have been given.
        perform agentcorp.make_ready(p_shard, v_ids, v_attempts, null, true);
        perform agentcorp.move_counts(p_shard, v_ids, 'running', 'ready');
    else
        insert into agentcorp.scheduled (run_at, task_id, attempt, why, shard)
            select v_now + p_delay, u.t, u.a, 3, s.shard from agentcorp.shard s cross join unnest(v_ids, v_attempts) u(t, a) where s.shard = p_shard;
        perform agentcorp.free_slots(p_shard, v_ids);
        perform agentcorp.move_counts(p_shard, v_ids, 'running', 'scheduled');
    end if;
    return cardinality(v_ids);
end $$;
comment on function agentcorp.release is
    'Gives claimed tasks back that were not started: no attempt is burned. With a delay they come back later. Returns how many were still ours';

create function agentcorp.close_claims(p_shard smallint, p_worker bigint) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    delete from agentcorp.claim c where c.shard = p_shard and c.worker_id = p_worker and not exists (
        select from unnest(c.task_ids, c.attempts) u(t, a) where not exists (
            select from agentcorp.attempt x where x.shard = p_shard and x.task_id = u.t and x.attempt = u.a offset 0));
end $$;
comment on function agentcorp.close_claims is 'Deletes the claims of a worker in which nothing runs any more';

-- The same for people and for workers in other languages: a queue by its name, one task or a few, any shard.

create function agentcorp.claim(worker bigint, queue text default 'default', max_tasks int default 1)
returns table (task_id bigint, attempt smallint, kind text, args jsonb, parent_id bigint, root_id bigint, priority smallint, policy jsonb,
    name text, tags text[], timeout interval) language plpgsql as $$
#variable_conflict use_column
declare
    v_queue int := agentcorp.queue_id(claim.queue);
    v_shard smallint;
    v_n int;
begin
    perform 1 from agentcorp.worker w where w.id = worker and w.stopped_at is null;
    if not found then
        raise exception 'worker % is not alive', worker using errcode = 'AC005',
            hint = 'Register with agentcorp.register_worker and call agentcorp.heartbeat every 5 seconds.';
    end if;
    for v_shard in select s.shard from agentcorp.shard s order by random() loop
        exit when max_tasks <= 0;
        return query select w.task_id, w.attempt, w.kind, agentcorp.payload(w.args, v_shard), w.parent_id, w.root_id, w.priority, w.policy,
                t.name, t.tags, interval '1 millisecond' * (w.policy ->> 'timeout_ms')::float8
            from agentcorp.work(v_shard, worker, v_queue, max_tasks, '{0,1,2,3,4,5,6,7,8,9}', '{0,0,0,0,0,0,0,0,0,0}') w
            cross join lateral (select t.name, t.tags from agentcorp.task t where t.id = w.task_id and t.shard = v_shard offset 0) t;
        get diagnostics v_n = row_count;
        max_tasks := max_tasks - v_n;
    end loop;
end $$;
comment on function agentcorp.claim is 'Claims up to max_tasks tasks of a queue for a registered worker. End each with agentcorp.finish';

create function agentcorp.finish(task_id bigint, attempt int, worker bigint, outcome text default 'completed', output jsonb default null,
    error jsonb default null, delay interval default null, retry boolean default true) returns boolean language plpgsql as $$
begin
    return not exists (select from agentcorp.finish_many(worker, jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
        'task', task_id, 'attempt', attempt, 'outcome', outcome, 'error', error, 'retry', retry, 'delay_ms', extract(epoch from delay) * 1000))
        || case when output is null then '{}' else jsonb_build_object('output', output) end)));
end $$;
comment on function agentcorp.finish is
    'Ends an attempt: completed, failed (retried by the task''s policy unless retry is false), cancelled, skipped, suspended (until its subtasks end, or what it waits for is there; no longer than delay) or snoozed (for delay). False: the lease was lost, nothing was recorded';

-- Only what the worker holds can be finished. What it recorded before (a call sent twice) is neither recorded again nor refused.
create function agentcorp.finish_many(worker bigint, results jsonb) returns table (task_id bigint, attempt smallint) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    v_now timestamptz := agentcorp.clock();
    v_shard smallint;
    v_held jsonb;
begin
    if jsonb_typeof(results) is distinct from 'array'
        or jsonb_path_exists(results, '$[*] ? (@.type() != "object" || !exists(@.task ? (@.type() == "number")) || !exists(@.attempt ? (@.type() == "number")))') then
        raise exception 'results is not an array of {task, attempt, ...}' using errcode = 'AC007',
            hint = 'Pass [{"task": 1, "attempt": 1, "outcome": "completed"}, ...].';
    end if;
    for v_shard in select distinct agentcorp.shard_of((r ->> 'task')::bigint) s from jsonb_array_elements(results) r order by 1 loop
        -- From the claim on it has run, unless the worker has measured better.
        select jsonb_agg(jsonb_build_object('ran_ms', extract(epoch from v_now - h.claimed_at) * 1000) || r) into v_held
            from jsonb_array_elements(results) r cross join lateral (
                select c.claimed_at from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
                where c.shard = v_shard and c.worker_id = worker and u.t = (r ->> 'task')::bigint and u.a = (r ->> 'attempt')::int limit 1) h
            where agentcorp.shard_of((r ->> 'task')::bigint) = v_shard;
        return query select (r ->> 'task')::bigint, (r ->> 'attempt')::smallint from jsonb_array_elements(results) r
            where agentcorp.shard_of((r ->> 'task')::bigint) = v_shard
            and not exists (select from jsonb_array_elements(v_held) h where h -> 'task' = r -> 'task' and h -> 'attempt' = r -> 'attempt')
            and not agentcorp.is_recorded(v_shard, (r ->> 'task')::bigint, (r ->> 'attempt')::smallint, worker);
        return query select * from agentcorp.finish_others(v_shard, worker, v_held);
        perform agentcorp.close_claims(v_shard, worker);
    end loop;
end $$;
comment on function agentcorp.finish_many is 'Ends several attempts: [{task, attempt, outcome, output, error, retry, delay_ms, join}]. Returns those whose lease was lost';

create function agentcorp.snooze(task_id bigint, attempt int, worker bigint, delay interval) returns boolean language sql as $$
    select agentcorp.finish(task_id, attempt, worker, 'snoozed', delay => delay)
$$;
comment on function agentcorp.snooze is 'Puts a running task off; that does not count as a failure';
