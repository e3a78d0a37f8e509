-- What must hold at every moment, in one statement and so in one snapshot. Returns a row for each violation: none when all is well.
-- Run it by hand with: psql -f scripts/invariants.sql
with open_claim as (
    -- what runs: claimed, and not yet ended in that attempt
    select c.claim_id, c.worker_id, c.shard, u.t task_id, u.a attempt
    from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a)
    where not exists (select from agentcorp.attempt x where x.shard = c.shard and x.task_id = u.t and x.attempt = u.a)
), history as (
    select a.task_id, a.shard, min(a.attempt) lowest, max(a.attempt) highest, count(*) n, count(*) filter (where a.outcome between 1 and 4) ends,
        max(a.attempt) filter (where a.outcome between 1 and 4) ended_in,
        coalesce(sum((a.outcome = 1)::int), 0) completed, coalesce(sum((a.outcome = 2)::int), 0) failed,
        coalesce(sum((a.outcome = 3)::int), 0) cancelled, coalesce(sum((a.outcome = 4)::int), 0) skipped
    from agentcorp.attempt a group by 1, 2
), standing as (
    -- every place in which a task stands, with the attempt that it stands there for
    select r.task_id, r.shard, 'ready' state, r.attempt from agentcorp.ready r
    union all select q.task_id, q.shard, 'queued', q.attempt from agentcorp.queued q
    union all select s.task_id, s.shard, 'scheduled', s.attempt from agentcorp.scheduled s
    union all select b.task_id, b.shard, 'blocked', b.attempt from agentcorp.blocked b where b.phase <> 1
    union all select o.task_id, o.shard, 'running', o.attempt from open_claim o
    union all select h.task_id, h.shard, case when h.completed > 0 then 'completed' when h.failed > 0 then 'failed' when h.cancelled > 0 then 'cancelled' else 'skipped' end, null
        from history h where h.ends > 0
), places as (
    select s.task_id, s.shard, count(*) n, string_agg(s.state, ' and ' order by s.state) states from standing s group by 1, 2
), edge as (
    select d.task_id, d.needs_id, d.gate, d.shard, coalesce(h.ends, 0) = 0 as is_open,
        exists (select from agentcorp.resolve r where r.shard = d.shard and r.needs_id = d.needs_id) as is_unread
    from agentcorp.dependency d left join history h on h.task_id = d.needs_id and h.shard = d.shard
), gate as (
    select b.*, (select count(*) from edge e where e.task_id = b.task_id and e.shard = b.shard and e.gate = b.gate and (e.is_open or e.is_unread)) still_open
    from agentcorp.blocked b
), recount as (
    select t.queue_id, t.shard,
        count(*) filter (where s.state = 'ready') ready, count(*) filter (where s.state = 'queued') queued, count(*) filter (where s.state = 'scheduled') scheduled,
        count(*) filter (where s.state = 'blocked') blocked, count(*) filter (where s.state = 'running') running,
        count(*) filter (where s.state = 'completed') completed, count(*) filter (where s.state = 'failed') failed,
        count(*) filter (where s.state = 'cancelled') cancelled, count(*) filter (where s.state = 'skipped') skipped
    from standing s join agentcorp.task t on t.id = s.task_id and t.shard = s.shard group by 1, 2
), counted as (
    select x.queue_id, x.shard, sum(x.ready) ready, sum(x.queued) queued, sum(x.scheduled) scheduled, sum(x.blocked) blocked, sum(x.running) running,
        sum(x.completed) completed, sum(x.failed) failed, sum(x.cancelled) cancelled, sum(x.skipped) skipped
    from (select c.queue_id, c.shard, c.ready, c.queued, c.scheduled, c.blocked, c.running, c.completed, c.failed, c.cancelled, c.skipped from agentcorp.counter c
        union all select d.queue_id, d.shard, d.ready, d.queued, d.scheduled, d.blocked, d.running, d.completed, d.failed, d.cancelled, d.skipped from agentcorp.count_delta d) x
    group by 1, 2
)
select 'a task is in exactly one state' invariant, format('task %s is %s', t.id, coalesce(p.states, 'nowhere')) detail
    from agentcorp.task t left join places p on p.task_id = t.id and p.shard = t.shard where p.n is distinct from 1
union all
select 'a task has at most one open claim', format('task %s attempt %s is in %s claims', o.task_id, o.attempt, count(*))
    from open_claim o group by o.task_id, o.attempt, o.shard having count(*) > 1
union all
select 'attempts are 1 to n without gap', format('task %s has %s attempts from %s to %s', h.task_id, h.n, h.lowest, h.highest)
    from history h where h.lowest <> 1 or h.highest <> h.n
union all
select 'a task ends once, in its last attempt', format('task %s has ended %s times, last in attempt %s of %s', h.task_id, h.ends, h.ended_in, h.highest)
    from history h where h.ends > 1 or h.ended_in <> h.highest
union all
select 'no fence of a held task stays behind', format('task %s attempt %s', a.task_id, a.attempt) from agentcorp.attempt a where a.outcome = 0
union all
select 'the next attempt follows the last', format('task %s is %s for attempt %s after %s', s.task_id, s.state, s.attempt, coalesce(h.highest, 0))
    from standing s left join history h on h.task_id = s.task_id and h.shard = s.shard
    where s.attempt is not null and s.attempt <> coalesce(h.highest, 0) + 1
union all
select 'no row stands in for a task that has ended', format('task %s has ended and is blocked in phase %s', b.task_id, b.phase)
    from agentcorp.blocked b join history h on h.task_id = b.task_id and h.shard = b.shard where h.ends > 0
union all
select 'no row without a task', format('%s of task %s', x.what, x.task_id) from (
    select 'ready' what, task_id, shard from agentcorp.ready union all select 'queued', task_id, shard from agentcorp.queued
    union all select 'slot', task_id, shard from agentcorp.slot union all select 'scheduled', task_id, shard from agentcorp.scheduled
    union all select 'blocked', task_id, shard from agentcorp.blocked union all select 'attempt', task_id, shard from history
    union all select 'claim', task_id, shard from open_claim union all select 'output', task_id, shard from agentcorp.output
    union all select 'dependency', task_id, shard from agentcorp.dependency union all select 'needed', needs_id, shard from agentcorp.dependency
    union all select 'resolve', needs_id, shard from agentcorp.resolve union all select 'step', task_id, shard from agentcorp.step
    union all select 'progress', task_id, shard from agentcorp.progress union all select 'unique_key', task_id, shard from agentcorp.unique_key
    union all select 'wait', task_id, shard from agentcorp.wait union all select 'discarded', task_id, shard from agentcorp.discarded
    union all select 'budget', task_id, shard from agentcorp.budget union all select 'reservation', task_id, shard from agentcorp.reservation) x
    where not exists (select from agentcorp.task t where t.id = x.task_id and t.shard = x.shard)
union all
select 'ready rows lie in the lane of their task', format('task %s: queue %s, priority %s', r.task_id, r.queue_id, r.priority)
    from agentcorp.ready r join agentcorp.task t on t.id = r.task_id and t.shard = r.shard where (r.queue_id, r.priority) <> (t.queue_id, t.priority)
union all
select 'blocked.remaining is the number of unfinished needs', format('task %s (phase %s): %s, but %s are', g.task_id, g.phase, g.remaining, g.still_open)
    from gate g where g.remaining <> g.still_open or g.met < 0 or g.failed < 0
union all
select 'no task is stuck', format('task %s in phase %s: %s open, %s met, %s failed, quorum %s', b.task_id, b.phase, b.remaining, b.met, b.failed, b.quorum)
    from agentcorp.blocked b where b.phase in (0, 2, 3) and (b.remaining = 0 or b.quorum = 0 and b.failed > 0 or b.quorum > 0 and b.met + b.remaining < b.quorum
        or b.phase <> 3 and b.quorum > 0 and b.met >= b.quorum)
union all
select 'every wait has a parked task, or one that runs or is to run', format('task %s waits for %s and is %s in phase %s', w.task_id, w.topic, p.states, b.phase)
    from agentcorp.wait w left join agentcorp.blocked b on b.task_id = w.task_id and b.shard = w.shard left join places p on p.task_id = w.task_id and p.shard = w.shard
    where b.phase is null or b.phase not in (1, 4) or b.phase = 4 and w.met
union all
select 'a parked task waits for something', format('task %s', b.task_id)
    from agentcorp.blocked b where b.phase = 4 and not exists (select from agentcorp.wait w where w.task_id = b.task_id and w.shard = b.shard)
union all
select 'a wait that is over has its step', format('task %s, %s', w.task_id, w.name) from agentcorp.wait w where w.met
    and not exists (select from agentcorp.step s where s.task_id = w.task_id and s.name = w.name and s.shard = w.shard)
union all
select 'only ended tasks are in the outbox', format('task %s', r.needs_id)
    from agentcorp.resolve r left join history h on h.task_id = r.needs_id and h.shard = r.shard where coalesce(h.ends, 0) = 0
union all
select 'no parent ends before its subtasks', format('task %s has ended, its subtask %s is %s', t.parent_id, t.id, p.states)
    from agentcorp.task t join history h on h.task_id = t.parent_id and h.shard = t.shard
    left join places p on p.task_id = t.id and p.shard = t.shard
    left join history c on c.task_id = t.id and c.shard = t.shard
    where h.ends > 0 and coalesce(c.ends, 0) = 0
union all
select 'a slot is held by an open attempt', format('task %s attempt %s', s.task_id, s.attempt)
    from agentcorp.slot s where exists (select from agentcorp.attempt a where a.shard = s.shard and a.task_id = s.task_id and a.attempt = s.attempt)
union all
select 'no key has more slots than its limit', format('%s: %s of %s', x.concurrency_key, x.n, x.concurrency) from (
    select k.concurrency_key, k.n, case when (agentcorp.rule_for(k.concurrency_key)).queue_id is null then 1 else (agentcorp.rule_for(k.concurrency_key)).concurrency end concurrency
    from (select s.concurrency_key, s.shard, count(*) n from agentcorp.slot s where s.concurrency_key <> '' group by 1, 2) k) x where x.n > x.concurrency
union all
select 'what runs with a key has a slot', format('task %s is %s', s.task_id, s.state)
    from standing s join agentcorp.task t on t.id = s.task_id and t.shard = s.shard
    where s.state in ('ready', 'running') and t.concurrency_key is not null
    and not exists (select from agentcorp.slot x where x.task_id = s.task_id and x.attempt = s.attempt and x.shard = s.shard)
union all
select 'one task of an ordered key is under way', format('key %s: %s tasks', t.ordered_key, count(*))
    from standing s join agentcorp.task t on t.id = s.task_id and t.shard = s.shard
    where s.state in ('ready', 'running') and t.ordered_key is not null group by t.queue_id, coalesce(t.tenant, ''), coalesce(t.concurrency_key, ''), t.ordered_key, t.shard having count(*) > 1
union all
select 'what is queued has a line, or has just arrived', format('task %s', q.task_id)
    from agentcorp.queued q where not exists (select from agentcorp.line l where (l.queue_id, l.tenant, l.concurrency_key, l.ordered_key, l.shard)
        = (q.queue_id, q.tenant, q.concurrency_key, q.ordered_key, q.shard))
    and not exists (select from agentcorp.arrival a where (a.queue_id, a.tenant, a.concurrency_key, a.ordered_key, a.shard)
        = (q.queue_id, q.tenant, q.concurrency_key, q.ordered_key, q.shard))
union all
select 'an open line is in a turn', format('queue %s, tenant %s', l.queue_id, l.tenant)
    from agentcorp.line l where l.parked_until is null and not exists (
        select from agentcorp.tenant_turn t where t.queue_id = l.queue_id and t.tenant = l.tenant and t.shard = l.shard and t.active)
union all
select 'spent and reserved are within the budget', format('task %s: %s of %s %s', x.task_id, x.used, x.most, x.what) from (
    select b.task_id, 'usd' what, b.usd_spent + b.usd_reserved used, b.usd most, b.usd_over let_over, least(b.usd_spent, b.usd_reserved) lowest from agentcorp.budget b
    union all select b.task_id, 'tokens', b.tokens_spent + b.tokens_reserved, b.tokens, b.tokens_over, least(b.tokens_spent, b.tokens_reserved) from agentcorp.budget b
    union all select b.task_id, 'turns', b.turns_spent + b.turns_reserved, b.turns, b.turns_over, least(b.turns_spent, b.turns_reserved) from agentcorp.budget b) x
    where x.used > x.most + x.let_over or x.lowest < 0
union all
select 'a budget has reserved what its calls may use', format('task %s: %s', b.task_id, (b.usd_reserved, b.tokens_reserved, b.turns_reserved))
    from agentcorp.budget b left join lateral (select sum(coalesce(r.usd, 0)) usd, sum(r.tokens) tokens, count(*) turns
        from agentcorp.reservation r where r.shard = b.shard and r.budgets @> array[b.task_id]) r on true
    where (b.usd_reserved, b.tokens_reserved, b.turns_reserved) is distinct from (coalesce(r.usd, 0), coalesce(r.tokens, 0), r.turns)
union all
select 'every tool call has a result before the next turn', format('task %s, turn %s, call %s is %s', c.task_id, c.turn, c.idx, c.state)
    from agentcorp.tool_call c where c.result is null and exists (select from agentcorp.turn t where t.task_id = c.task_id and t.seq > c.turn and t.shard = c.shard)
union all
select 'a call has a result when it is over, and only then', format('task %s, turn %s, call %s is %s', c.task_id, c.turn, c.idx, c.state)
    from agentcorp.tool_call c where (c.result is null) <> (c.state in ('planned', 'approved', 'started', 'ambiguous'))
union all
select 'every tool use of a turn is a call', format('task %s, turn %s: %s, but %s were recorded', t.task_id, t.seq, coalesce(jsonb_array_length(t.response -> 'tool_calls'), 0), c.n)
    from agentcorp.turn t cross join lateral (select count(*) n, count(*) filter (where c.call_id = t.response #>> array['tool_calls', c.idx::text, 'id']) same
        from agentcorp.tool_call c where c.task_id = t.task_id and c.turn = t.seq and c.shard = t.shard) c
    where t.response ? 'tool_calls' and (c.n, c.same) is distinct from (jsonb_array_length(t.response -> 'tool_calls')::bigint, c.n)
union all
select 'turns are 1 to n without gap, each a message', format('task %s', t.task_id)
    from (select t.task_id, t.shard, count(*) n, min(t.seq) lowest, max(t.seq) highest from agentcorp.turn t group by 1, 2) t
    join agentcorp.agent_run r on r.task_id = t.task_id and r.shard = t.shard
    join agentcorp.conversation c on c.id = r.conversation_id and c.shard = r.shard
    where t.lowest <> 1 or t.highest <> t.n
    or t.n <> (select count(*) from agentcorp.message m where m.conversation_id = r.conversation_id and m.task_id = t.task_id and m.role = 'assistant' and m.shard = t.shard)
union all
select 'no more calls of a model than its limit', format('%s %s: %s of %s', l.provider, l.model, l.n, l.max_concurrent) from (
    select l.*, agentcorp.in_flight(l.shard, l.provider, l.model) n from agentcorp.provider_limit l where l.max_concurrent is not null) l
    where l.n > l.max_concurrent
union all
select 'the last version of a key is its present one', format('%s memory of "%s", key %s: version %s, but %s were written', m.scope, m.owner, m.key, m.version, v.last)
    from agentcorp.memory m left join lateral (select coalesce(max(v.version), 0) as last from agentcorp.memory_version v where v.memory_id = m.id and v.shard = m.shard) v on true
    where m.version <> v.last
union all
select 'nothing that was counted or appended is lost', format('%s memory of "%s", key %s', m.scope, m.owner, m.key)
    from agentcorp.memory m cross join lateral (select count(*) n, sum(case when m.merge = 'counter' then (v.change #>> '{}')::numeric else 1 end)
            filter (where v.version > coalesce((select max(d.version) from agentcorp.memory_version d where d.memory_id = m.id and d.shard = m.shard and d.change is null), 0)) expected
        from agentcorp.memory_version v where v.memory_id = m.id and v.shard = m.shard) v
    where m.merge in ('counter', 'append') and m.value is not null and v.n = m.version
    and v.expected <> case when m.merge = 'counter' then (m.value #>> '{}')::numeric else jsonb_array_length(agentcorp.payload(m.value, m.shard)) end
union all
select 'the memory of a run goes with it', format('run %s', m.owner)
    from agentcorp.memory m where m.scope = 'run' and not exists (select from agentcorp.task t where t.id = m.owner::bigint and t.shard = m.shard)
union all
select 'a subtask hangs below its parent', format('task %s', t.id)
    from agentcorp.task t left join agentcorp.task p on p.id = t.parent_id and p.shard = t.shard
    where t.parent_id is not null and (p.id is null or t.root_id <> p.root_id or t.depth <> p.depth + 1)
union all
select 'a reference leads to a blob that its task uses', format('%s of task %s', x.what, x.task_id) from (
    select 'args' what, t.id task_id, t.shard, t.args #>> '{$blob,sha256}' sha256 from agentcorp.task t where t.args ? '$blob'
    union all select 'output', o.task_id, o.shard, o.result #>> '{$blob,sha256}' from agentcorp.output o where o.result ? '$blob'
    union all select 'step', s.task_id, s.shard, s.value #>> '{$blob,sha256}' from agentcorp.step s where s.value ? '$blob') x
    where x.sha256 is not null and not exists (select from agentcorp.blob b join agentcorp.blob_use u on u.sha256 = b.sha256 and u.shard = b.shard
        where b.shard = x.shard and b.sha256 = decode(x.sha256, 'hex') and u.task_id = x.task_id)
union all
select 'a moment of a schedule has a task, or a reason', format('%s at %s', f.schedule, f.fire_at) from agentcorp.fire f
    where (f.task_id is null) = (f.skipped is null)
union all
select 'a task belongs to one moment of a schedule', format('task %s', f.task_id) from agentcorp.fire f where f.task_id is not null group by f.task_id having count(*) > 1
union all
select 'a schedule comes due unless it is paused', s.name from agentcorp.schedule s
    where (s.due_at is null) <> (s.paused_at is not null) or s.due_at < s.next_fire_at
union all
select 'counters equal a recount', format('queue %s: counted %s, are %s', q.name,
        (c.ready, c.queued, c.scheduled, c.blocked, c.running, c.completed, c.failed, c.cancelled, c.skipped),
        (r.ready, r.queued, r.scheduled, r.blocked, r.running, r.completed, r.failed, r.cancelled, r.skipped))
    from recount r full join counted c on c.queue_id = r.queue_id and c.shard = r.shard
    left join agentcorp.queue q on q.id = coalesce(c.queue_id, r.queue_id)
    where (coalesce(c.ready, 0), coalesce(c.queued, 0), coalesce(c.scheduled, 0), coalesce(c.blocked, 0), coalesce(c.running, 0), coalesce(c.completed, 0), coalesce(c.failed, 0),
            coalesce(c.cancelled, 0), coalesce(c.skipped, 0))
        is distinct from (coalesce(r.ready, 0), coalesce(r.queued, 0), coalesce(r.scheduled, 0), coalesce(r.blocked, 0), coalesce(r.running, 0), coalesce(r.completed, 0),
            coalesce(r.failed, 0), coalesce(r.cancelled, 0), coalesce(r.skipped, 0));
