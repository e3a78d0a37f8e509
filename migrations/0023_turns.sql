-- How an agent's task runs: its conversation, its model's turns, its tool calls.
-- A turn is committed before its tools run, and a call is marked as started before it runs, so whoever takes a task over knows
-- what has happened, what has not, and what may have: no model is asked twice for an answer that is there.

create sequence agentcorp.conversation_id;

create table agentcorp.conversation (
    id bigint not null,
    created_at timestamptz not null,
    forked_from bigint,
    cleared_to int not null default 0,
    shard smallint not null,
    name text,
    agent text not null,
    tenant text,
    primary key (id, shard)
);
comment on table agentcorp.conversation is 'What messages belong together. One without a name has the id of its task and goes with it; one with a name is a session and stays until it is removed';
comment on column agentcorp.conversation.cleared_to is 'Up to this message the agent remembers nothing any more';
create unique index conversation_name on agentcorp.conversation (name, shard) where name is not null;

create table agentcorp.message (
    conversation_id bigint not null,
    task_id bigint not null,
    created_at timestamptz not null,
    seq int not null,
    turn int not null default 0,
    covers int,
    shard smallint not null,
    role text not null check (role in ('user', 'assistant', 'note', 'summary')),
    content jsonb,
    primary key (conversation_id, seq, shard)
);
comment on table agentcorp.message is 'Append-only. The content of an assistant''s message is its turn, and the results of its tools are the calls of that turn';
comment on column agentcorp.message.turn is 'Of an assistant: its turn. Of a note or a summary: the turn of the task after which it was said';
comment on column agentcorp.message.covers is 'A summary stands for all messages up to this one';
create index message_task on agentcorp.message (task_id);

create table agentcorp.agent_run (
    task_id bigint not null,
    conversation_id bigint not null,
    started_at timestamptz not null,
    version int not null,
    shard smallint not null,
    tainted boolean not null default false,
    agent text not null,
    primary key (task_id, shard)
) with (fillfactor = 80);
comment on table agentcorp.agent_run is 'A task that an agent works on: pins the version of the agent, and the conversation';
comment on column agentcorp.agent_run.tainted is 'It has read something from outside (the web, an MCP server), or was told by a task that has: nothing that it does once is done without a person from then on';
create index agent_run_conversation on agentcorp.agent_run (conversation_id, task_id);

create table agentcorp.turn (
    task_id bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    seq int not null,
    input_tokens int,
    output_tokens int,
    cache_read_tokens int,
    cache_write_tokens int,
    reasoning_tokens int,
    attempt smallint not null,
    shard smallint not null,
    cost_usd numeric,
    provider text not null,
    model text not null,
    finish text not null,
    request_hash bytea not null,
    response jsonb not null,
    primary key (task_id, seq, shard)
);
comment on table agentcorp.turn is 'Each answer of a model, committed before its tools run';
comment on column agentcorp.turn.input_tokens is 'All of the prompt, what came from a cache included. Null: the provider did not say';
comment on column agentcorp.turn.output_tokens is 'All that was generated, reasoning included';
comment on column agentcorp.turn.cost_usd is 'Null: the price of the model is not known';
comment on column agentcorp.turn.request_hash is 'SHA-256 of the request as it was sent';
comment on column agentcorp.turn.response is 'The message in the neutral form: text, tool calls, and what the provider wants back unchanged';
create index turn_finished on agentcorp.turn using brin (finished_at) with (pages_per_range = 32, autosummarize = on);

create table agentcorp.tool_call (
    task_id bigint not null,
    started_at timestamptz,
    finished_at timestamptz,
    turn int not null,
    idx smallint not null,
    attempt smallint not null,
    shard smallint not null,
    is_tainted boolean not null default false,
    key uuid not null,
    call_id text not null,
    tool text not null,
    effect text not null check (effect in ('pure', 'idempotent', 'once')),
    state text not null check (state in ('planned', 'approved', 'started', 'succeeded', 'failed', 'ambiguous', 'rejected')),
    args jsonb,
    edited jsonb,
    result jsonb,
    output jsonb,
    primary key (task_id, turn, idx, shard)
) with (fillfactor = 70);
comment on table agentcorp.tool_call is 'Each call of a tool that a turn asked for; it has exactly one result before the next turn';
comment on column agentcorp.tool_call.key is 'Of effects outside: the same in every run of the call. A UUID over task, turn and index';
comment on column agentcorp.tool_call.attempt is 'The attempt of the task that has planned, started or ended it';
comment on column agentcorp.tool_call.state is 'ambiguous: it was started and may have happened or not, and must not happen twice';
comment on column agentcorp.tool_call.edited is 'The arguments that a person has put in the place of args: what runs';
comment on column agentcorp.tool_call.result is 'What the model is told';
comment on column agentcorp.tool_call.output is 'All of it, where the model is told less';

create unlogged table agentcorp.partial (
    task_id bigint not null,
    updated_at timestamptz not null,
    turn int not null,
    attempt smallint not null,
    shard smallint not null,
    text text not null,
    primary key (task_id, shard)
) with (fillfactor = 50);
comment on table agentcorp.partial is 'What a model has said so far in a turn that is not over: for who watches. Nothing depends on it';

-- Runs

create function agentcorp.append_message(p_shard smallint, p_conversation bigint, p_task bigint, p_role text, p_turn int, p_content jsonb, p_covers int default null)
returns int language plpgsql as $$
declare
    v_seq int;
    v_now timestamptz := agentcorp.clock();
begin
    perform 1 from agentcorp.conversation c where c.id = p_conversation and c.shard = p_shard for update;
    select coalesce(max(m.seq), 0) + 1 into v_seq from agentcorp.message m where m.conversation_id = p_conversation and m.shard = p_shard;
    insert into agentcorp.message (conversation_id, task_id, created_at, seq, turn, covers, shard, role, content)
        values (p_conversation, p_task, v_now, v_seq, p_turn, p_covers, p_shard, p_role, agentcorp.store_payload(p_shard, p_task, 'messages', p_content));
    return v_seq;
end $$;
comment on function agentcorp.append_message is 'Appends to a conversation, whose row it locks; returns the number of the message';

-- The session is made with its first task; all of its tasks stand in one shard, which is that of its name.
create function agentcorp.open_conversation(p_shard smallint, p_task bigint, p_session text, p_agent text) returns bigint language plpgsql as $$
declare
    v_id bigint;
    v_now timestamptz := agentcorp.clock();
    v_tenant text := (select t.tenant from agentcorp.task t where t.id = p_task and t.shard = p_shard);
    v_owner text;
begin
    if p_session is null then
        insert into agentcorp.conversation (id, created_at, shard, agent, tenant) values (p_task, v_now, p_shard, p_agent, v_tenant);
        return p_task;
    end if;
    perform agentcorp.check_session(p_session);
    if agentcorp.choose_shard('session:' || p_session) <> p_shard then
        raise exception 'session "%" does not stand in the shard of task %', p_session, p_task using errcode = 'AC007',
            hint = format('Enqueue it with agentcorp.ask, or with partition_key => %L.', 'session:' || p_session);
    end if;
    loop
        select c.id, c.tenant into v_id, v_owner from agentcorp.conversation c where c.name = p_session and c.shard = p_shard;
        exit when found;
        insert into agentcorp.conversation (id, created_at, shard, name, agent, tenant)
            values ((p_shard::bigint << 53) | (1::bigint << 44) | nextval('agentcorp.conversation_id'), v_now, p_shard, p_session, p_agent, v_tenant) on conflict do nothing;
    end loop;
    if v_owner is distinct from v_tenant then
        raise exception 'session "%" is not that of the task''s tenant', p_session using errcode = 'AC007', hint = 'Choose another name for it.';
    end if;
    return v_id;
end $$;
comment on function agentcorp.open_conversation is 'The conversation of a task: its own, or the session of that name';

-- Rows are copied: they refer to the turns of the original, which were paid there.
create function agentcorp.copy_conversation(p_shard smallint, p_task bigint, p_turn int, p_to bigint) returns void language plpgsql set enable_seqscan = off as $$
declare
    v_from agentcorp.conversation;
    v_last int;
begin
    select c.* into v_from from agentcorp.agent_run r join agentcorp.conversation c on c.id = r.conversation_id and c.shard = r.shard where r.task_id = p_task and r.shard = p_shard;
    select case when p_turn = 0 then min(m.seq) filter (where m.role = 'user') else max(m.seq) filter (where m.role = 'assistant' and m.turn = p_turn) end into v_last
        from agentcorp.message m where m.conversation_id = v_from.id and m.task_id = p_task and m.shard = p_shard;
    if v_last is null then
        raise exception 'task % has no turn % any more', p_task, p_turn using errcode = 'AC001', hint = 'Fork the run again.';
    end if;
    update agentcorp.conversation c set forked_from = v_from.id, cleared_to = least(v_from.cleared_to, v_last) where c.id = p_to and c.shard = p_shard;
    insert into agentcorp.message (conversation_id, task_id, created_at, seq, turn, covers, shard, role, content)
        select p_to, m.task_id, m.created_at, m.seq, m.turn, m.covers, m.shard, m.role, m.content from agentcorp.message m
        where m.conversation_id = v_from.id and m.seq <= v_last and m.shard = p_shard;
end $$;
comment on function agentcorp.copy_conversation is 'Begins a conversation with that of another task up to and with a turn and its results; turn 0: with what it was told first';

create function agentcorp.check_session(p_name text) returns void language plpgsql immutable as $$
begin
    if coalesce(p_name, '') = '' or octet_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
        raise exception 'session "%" is not valid', left(p_name, 200) using errcode = 'AC007', hint = 'A session has a name of 1 to 200 bytes without control characters.';
    end if;
end $$;
comment on function agentcorp.check_session is 'Refuses what is no name of a session';

-- What an attempt before this one had started is either run again or ambiguous, by its effect. Its model call that was under way is
-- charged as it was reserved: nobody knows how far it came.
-- locks: fence, conversation, then what settle_lost locks
create function agentcorp.begin_run(task_id bigint, attempt int, agent text default null, version int default null, prompt jsonb default null, session text default null, budget jsonb default null,
    fork jsonb default null) returns jsonb language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_run agentcorp.agent_run;
    v_near bigint[];
    v_needs bigint[] := '{}';
    v_at bigint := task_id;
    v_below bigint;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    select r.* into v_run from agentcorp.agent_run r where r.task_id = begin_run.task_id and r.shard = v_shard;
    if not found and version is null then
        return null;
    elsif not found then
        v_run.conversation_id := agentcorp.open_conversation(v_shard, task_id, session, agent);
        if fork is not null then
            perform agentcorp.copy_conversation(v_shard, (fork ->> 'task')::bigint, (fork ->> 'turn')::int, v_run.conversation_id);
        end if;
        -- What it is told comes from what was said before, from those above, from what it and those needed, and from earlier rounds of a
        -- loop that it is in.
        v_near := array(select m.task_id from agentcorp.conversation c join agentcorp.message m on m.conversation_id = c.id and m.shard = v_shard and m.seq > c.cleared_to
            where c.id = v_run.conversation_id and c.shard = v_shard);
        loop
            v_needs := v_needs || array(select d.needs_id from agentcorp.dependency d
                cross join lateral (select t.parent_id from agentcorp.task t where t.id = d.needs_id and t.shard = v_shard offset 0) t
                where d.task_id = v_at and d.shard = v_shard and t.parent_id is distinct from v_at);
            v_below := v_at;
            select t.parent_id into v_at from agentcorp.task t where t.id = v_at and t.shard = v_shard;
            exit when v_at is null;
            v_near := v_near || v_at;
            -- What a fork shares is no dependency of it.
            v_needs := v_needs || array(select s.original_id from agentcorp.shared_task s where s.task_id = v_at and s.name <> '' and s.shard = v_shard);
            if (select t.kind = 'repeat' from agentcorp.task t where t.id = v_at and t.shard = v_shard) then
                v_needs := v_needs || array(select t.id from agentcorp.task t where t.parent_id = v_at and t.id < v_below and t.shard = v_shard);
            end if;
        end loop;
        insert into agentcorp.agent_run (task_id, conversation_id, started_at, version, shard, tainted, agent)
            values (begin_run.task_id, v_run.conversation_id, v_now, begin_run.version, v_shard, agentcorp.is_tainted(v_needs)
                or exists (select from agentcorp.agent_run r where r.task_id = any (v_near) and r.shard = v_shard and r.tainted)
                or exists (select from agentcorp.step s where s.task_id = any (v_near || begin_run.task_id) and s.name = 'tainted' and s.shard = v_shard), begin_run.agent);
        if prompt is not null then
            perform agentcorp.append_message(v_shard, v_run.conversation_id, task_id, 'user', 0, prompt);
        end if;
        -- What somebody has set for this very task stands.
        if budget <> '{}' and not exists (select from agentcorp.budget b where b.task_id = begin_run.task_id and b.shard = v_shard) then
            perform agentcorp.set_budget(task_id, (budget ->> 'usd')::numeric, (budget ->> 'tokens')::bigint, (budget ->> 'turns')::int, (budget ->> 'time')::interval);
        end if;
    else
        update agentcorp.tool_call c set state = case when c.effect = 'once' then 'ambiguous' else 'planned' end
            where c.task_id = begin_run.task_id and c.shard = v_shard and c.state = 'started' and c.attempt < begin_run.attempt;
        perform agentcorp.settle_lost(v_shard, task_id, attempt - 1);
    end if;
    return agentcorp.run_state(task_id);
end $$;
comment on function agentcorp.begin_run is
    'What an attempt begins with: pins agent and version, says the prompt and sets the budget, unless the task has one, the first time; takes over from a lost attempt, later. Without a version it only does that. fork: {"task", "turn"}, whose conversation it goes on with. Returns agentcorp.run_state, null when no run has begun';

-- An agent answers for what it was told. Every other task passes on what those bring that it needs, that are below it, and that it shares
-- with the original of its fork.
create function agentcorp.is_tainted(task_ids bigint[]) returns boolean language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_ids[1]);
begin
    return exists (
        with recursive source(id) as (
            select unnest(task_ids)
            union
            select x.id from source cross join lateral (
                select t.id from agentcorp.task t where t.parent_id = source.id and t.shard = v_shard
                union all select s.original_id from agentcorp.shared_task s where s.task_id = source.id and s.name <> '' and s.shard = v_shard
                union all select d.needs_id from agentcorp.dependency d where d.task_id = source.id and d.shard = v_shard
                    and not exists (select from agentcorp.agent_run r where r.task_id = source.id and r.shard = v_shard offset 0) offset 0) x)
        select from source where exists (select from agentcorp.agent_run r where r.task_id = source.id and r.shard = v_shard and r.tainted offset 0)
            or exists (select from agentcorp.step s where s.task_id = source.id and s.name = 'tainted' and s.shard = v_shard offset 0)
            or exists (select from agentcorp.task t where t.id = source.id and t.shard = v_shard and t.kind = 'http' offset 0));
end $$;
comment on function agentcorp.is_tainted is
    'Whether what these tasks of one tree bring may come from outside: an agent has read it, a call of a tool, a wait or an expression has (the step tainted), or it is the answer to a request (kind http), among them or those that they have it from';

create function agentcorp.run_state(task_id bigint) returns jsonb language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_run agentcorp.agent_run;
    v_from int;
    v_state jsonb;
begin
    select r.* into v_run from agentcorp.agent_run r where r.task_id = run_state.task_id and r.shard = v_shard;
    if not found then
        return null;
    end if;
    -- From the last summary on, or from where the conversation was cleared.
    select greatest(coalesce(max(m.covers), 0), max(c.cleared_to)) into v_from from agentcorp.conversation c
        left join agentcorp.message m on m.conversation_id = c.id and m.shard = v_shard and m.role = 'summary' and m.covers >= c.cleared_to
        where c.id = v_run.conversation_id and c.shard = v_shard;
    select jsonb_build_object('agent', v_run.agent, 'version', v_run.version, 'conversation_id', v_run.conversation_id, 'tainted', v_run.tainted,
        'started_at', v_run.started_at,
        -- Who retries an ended task gives it its turns anew.
        'spent', (select jsonb_build_object('turns', count(*), 'earlier', count(*) filter (where x.attempt <= (select max(a.attempt) from agentcorp.attempt a
                where a.task_id = run_state.task_id and a.shard = v_shard and a.outcome = 14)), 'calls', coalesce(sum(x.calls), 0), 'tokens', coalesce(sum(x.tokens), 0)) from (
            select t.attempt, coalesce(t.input_tokens, 0) + coalesce(t.output_tokens, 0) tokens,
                (select count(*) from agentcorp.tool_call c where c.task_id = t.task_id and c.turn = t.seq and c.shard = v_shard) calls
            from agentcorp.turn t where t.task_id = run_state.task_id and t.shard = v_shard) x),
        'messages', coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('seq', m.seq, 'task_id', m.task_id, 'turn', m.turn, 'role', m.role,
                    'covers', m.covers, 'provider', t.provider, 'model', t.model, 'finish', t.finish))
                || jsonb_build_object('content', coalesce(agentcorp.payload(m.content, v_shard), t.response), 'calls', c.calls) order by m.role <> 'summary', m.seq)
            from agentcorp.message m
            left join agentcorp.turn t on m.role = 'assistant' and t.task_id = m.task_id and t.seq = m.turn and t.shard = v_shard
            left join lateral (select jsonb_agg(jsonb_build_object('idx', c.idx, 'key', c.key, 'id', c.call_id, 'tool', c.tool, 'effect', c.effect, 'state', c.state,
                    'args', agentcorp.payload(c.args, v_shard), 'edited', agentcorp.payload(c.edited, v_shard), 'result', c.result, 'attempt', c.attempt) order by c.idx) calls
                from agentcorp.tool_call c where m.role = 'assistant' and c.task_id = m.task_id and c.turn = m.turn and c.shard = v_shard) c on true
            where m.conversation_id = v_run.conversation_id and m.shard = v_shard
                -- An older summary is part of the last one.
                and case when m.role = 'summary' then m.covers = v_from else m.seq > v_from end), '[]')) into v_state;
    return v_state;
end $$;
comment on function agentcorp.run_state is
    'How far an agent''s task is: the pinned agent, what was spent, and the messages from the last summary on, each answer with its tool calls. Null: it has not begun';

-- Turns

create function agentcorp.begin_turn(task_id bigint, attempt int, seq int, provider text, model text, usd numeric, tokens bigint,
    out granted boolean, out reason text, out budget_task bigint, out wait interval) language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.require_lease(v_shard, task_id, attempt);
    if exists (select from agentcorp.turn t where t.task_id = begin_turn.task_id and t.seq = begin_turn.seq and t.shard = v_shard) then
        raise exception 'turn % of task % is committed', seq, task_id using errcode = 'AC009', hint = 'Go on from it.';
    end if;
    select r.granted, r.reason, r.budget_task, r.wait into granted, reason, budget_task, wait
        from agentcorp.reserve(v_shard, task_id, attempt, seq, provider, model, usd, tokens) r;
end $$;
comment on function agentcorp.begin_turn is
    'Reserves what a model call may cost, on all budgets above it and within the limits of its provider. Not granted: reason says which, wait how long when it is a matter of time';

create function agentcorp.drop_turn(task_id bigint, seq int, charge boolean) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    if charge then
        perform agentcorp.settle(v_shard, task_id, seq, null, null);
    else
        perform agentcorp.unreserve(v_shard, task_id, seq);
    end if;
    delete from agentcorp.partial p where p.task_id = drop_turn.task_id and p.shard = v_shard;
end $$;
comment on function agentcorp.drop_turn is 'Ends a model call that brought nothing; with charge it is paid as reserved, because the provider may have billed it';

-- The calls are [{"id", "tool", "effect", "args", "state", "result"}, ...] in their order; one that cannot run has its result already.
-- Repeated by the same attempt, whose connection was lost while it committed, it changes nothing.
-- locks: fence, conversation, then what settle locks
create function agentcorp.commit_turn(task_id bigint, attempt int, seq int, provider text, model text, finish text, request_hash bytea, response jsonb, calls jsonb,
    input_tokens int, output_tokens int, cache_read_tokens int, cache_write_tokens int, reasoning_tokens int, cost_usd numeric, took interval)
returns void language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_conversation bigint;
    v_turn agentcorp.turn;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    select r.conversation_id into v_conversation from agentcorp.agent_run r where r.task_id = commit_turn.task_id and r.shard = v_shard;
    if not found then
        raise exception 'task % has no run', task_id using errcode = 'AC009', hint = 'Begin it with agentcorp.begin_run.';
    end if;
    select t.* into v_turn from agentcorp.turn t where t.task_id = commit_turn.task_id and t.seq = commit_turn.seq and t.shard = v_shard;
    if found then
        if v_turn.attempt = attempt and v_turn.request_hash = request_hash and v_turn.response = response then
            return;
        end if;
        raise exception 'turn % of task % is committed', seq, task_id using errcode = 'AC009', hint = 'Go on from it.';
    end if;
    if seq <> 1 + coalesce((select max(t.seq) from agentcorp.turn t where t.task_id = commit_turn.task_id and t.shard = v_shard), 0)
        or exists (select from agentcorp.tool_call c where c.task_id = commit_turn.task_id and c.shard = v_shard and c.result is null) then
        raise exception 'turn % of task % comes too early', seq, task_id using errcode = 'AC009', hint = 'Every tool call of the turn before it needs its result first.';
    end if;
    insert into agentcorp.turn (task_id, started_at, finished_at, seq, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, attempt,
            shard, cost_usd, provider, model, finish, request_hash, response)
        values (commit_turn.task_id, v_now - took, v_now, commit_turn.seq, commit_turn.input_tokens, commit_turn.output_tokens, commit_turn.cache_read_tokens,
            commit_turn.cache_write_tokens, commit_turn.reasoning_tokens, commit_turn.attempt, v_shard, commit_turn.cost_usd, commit_turn.provider, commit_turn.model,
            commit_turn.finish, commit_turn.request_hash, commit_turn.response);
    perform agentcorp.append_message(v_shard, v_conversation, task_id, 'assistant', seq, null);
    insert into agentcorp.tool_call (task_id, finished_at, turn, idx, attempt, shard, key, call_id, tool, effect, state, args, result)
        select commit_turn.task_id, case when c.value ? 'result' then v_now end, commit_turn.seq, c.i - 1, commit_turn.attempt, s.shard,
            agentcorp.call_key(commit_turn.task_id, commit_turn.seq, c.i::int - 1), c.value ->> 'id', c.value ->> 'tool', c.value ->> 'effect', c.value ->> 'state',
            agentcorp.store_payload(v_shard, commit_turn.task_id, 'arguments of a tool', c.value -> 'args'), c.value -> 'result'
        from agentcorp.shard s cross join jsonb_array_elements(coalesce(calls, '[]')) with ordinality c(value, i) where s.shard = v_shard;
    perform agentcorp.settle(v_shard, task_id, seq, cost_usd, coalesce(input_tokens::bigint + output_tokens, input_tokens, output_tokens));
    delete from agentcorp.partial p where p.task_id = commit_turn.task_id and p.shard = v_shard;
end $$;
comment on function agentcorp.commit_turn is
    'Records a model''s answer with the tool calls that it asks for, and settles what was reserved. AC009: the turn is there already, or one before it is not done';

-- RFC 9562, version 8 with SHA-256: the server has no SHA-1, which version 5 wants.
create function agentcorp.call_key(task_id bigint, turn int, idx int) returns uuid language sql immutable parallel safe as $$
    select encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 128), 8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
    from (select substr(sha256(convert_to(format('agentcorp/%s/%s/%s', task_id, turn, idx), 'UTF8')), 1, 16) h) x
$$;
comment on function agentcorp.call_key is 'The idempotency key of a tool call';

-- Tool calls

-- locks: fence, tool_call
create function agentcorp.start_call(task_id bigint, attempt int, turn int, idx int) returns table (state text, args jsonb) language plpgsql
set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_call agentcorp.tool_call;
begin
    perform agentcorp.require_hold(v_shard, start_call.task_id, start_call.attempt);
    update agentcorp.tool_call c set state = 'started', attempt = start_call.attempt, started_at = agentcorp.clock()
        where c.task_id = start_call.task_id and c.turn = start_call.turn and c.idx = start_call.idx and c.shard = v_shard and c.state in ('planned', 'approved');
    select c.* into v_call from agentcorp.tool_call c
        where c.task_id = start_call.task_id and c.turn = start_call.turn and c.idx = start_call.idx and c.shard = v_shard;
    if not found then
        raise exception 'task % has no tool call % in turn %', start_call.task_id, start_call.idx, start_call.turn using errcode = 'AC001';
    end if;
    -- The attempt's own start, whose answer was lost on the way.
    return query select v_call.state, agentcorp.payload(coalesce(v_call.edited, v_call.args), v_shard);
end $$;
comment on function agentcorp.start_call is
    'Marks a tool call as started, before it runs; returns its state, which is "started" when it may run now, and its arguments, which a person may have changed';

-- Not bound to the lease: what has happened is recorded by whoever did it, unless another attempt has taken the call over.
create function agentcorp.finish_call(task_id bigint, attempt int, turn int, idx int, failed boolean, result jsonb, output jsonb default null, is_tainted boolean default false)
returns void language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    update agentcorp.tool_call c set state = case when failed then 'failed' else 'succeeded' end, finished_at = agentcorp.clock(), result = finish_call.result,
            output = agentcorp.store_payload(v_shard, finish_call.task_id, 'output of a tool', finish_call.output), is_tainted = finish_call.is_tainted
        where c.task_id = finish_call.task_id and c.turn = finish_call.turn and c.idx = finish_call.idx and c.shard = v_shard
            and c.state = 'started' and c.attempt = finish_call.attempt;
    if not found then
        if exists (select from agentcorp.tool_call c where c.task_id = finish_call.task_id and c.turn = finish_call.turn and c.idx = finish_call.idx and c.shard = v_shard
            and c.state in ('succeeded', 'failed') and c.attempt = finish_call.attempt and c.result = finish_call.result) then
            return;
        end if;
        raise exception 'tool call % in turn % of task % is not this attempt''s any more', idx, turn, task_id using errcode = 'AC002',
            hint = 'Stop: another attempt has taken it over.';
    end if;
    if is_tainted then
        update agentcorp.agent_run r set tainted = true where r.task_id = finish_call.task_id and r.shard = v_shard and not r.tainted;
    end if;
end $$;
comment on function agentcorp.finish_call is
    'Records what a tool call came to: result is what the model is told, output all of it where that is more. AC002: another attempt has taken the call over';

-- After an interruption nobody knows of. What the tool itself says, or the agent's rule, or a person (agentcorp.decide), settles it.
create function agentcorp.settle_call(task_id bigint, attempt int, turn int, idx int, again boolean, failed boolean default false, result jsonb default null)
returns void language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    update agentcorp.tool_call c set attempt = settle_call.attempt, state = case when again then 'approved' when failed then 'failed' else 'succeeded' end,
            finished_at = case when not again then agentcorp.clock() end, result = case when not again then settle_call.result end
        where c.task_id = settle_call.task_id and c.turn = settle_call.turn and c.idx = settle_call.idx and c.shard = v_shard and c.state = 'ambiguous';
    if not found then
        raise exception 'tool call % in turn % of task % is not ambiguous', idx, turn, task_id using errcode = 'AC009';
    end if;
end $$;
comment on function agentcorp.settle_call is 'Ends the doubt about an interrupted tool call: it runs again because it surely did not happen, or has this result';

create function agentcorp.add_note(task_id bigint, attempt int, turn int, content jsonb) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_conversation bigint;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    select r.conversation_id into strict v_conversation from agentcorp.agent_run r where r.task_id = add_note.task_id and r.shard = v_shard;
    if exists (select from agentcorp.message m where m.conversation_id = v_conversation and m.task_id = add_note.task_id and m.turn = add_note.turn
        and m.role = 'note' and m.content -> 'kind' is not distinct from add_note.content -> 'kind' and m.shard = v_shard) then
        return;
    end if;
    perform agentcorp.append_message(v_shard, v_conversation, task_id, 'note', turn, content);
end $$;
comment on function agentcorp.add_note is 'Says something to the model after a turn, once for each kind: what was wrong with its answer, or that it has to come to an end';

create function agentcorp.add_summary(task_id bigint, attempt int, turn int, covers int, content jsonb) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_conversation bigint;
begin
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    select r.conversation_id into strict v_conversation from agentcorp.agent_run r where r.task_id = add_summary.task_id and r.shard = v_shard;
    if exists (select from agentcorp.message m where m.conversation_id = v_conversation and m.role = 'summary' and m.covers >= add_summary.covers and m.shard = v_shard) then
        return;
    end if;
    perform agentcorp.append_message(v_shard, v_conversation, task_id, 'summary', turn, content, covers);
end $$;
comment on function agentcorp.add_summary is 'Puts a summary in place of all messages up to one; they stay, but the model is not shown them any more';

create function agentcorp.show_partial(task_id bigint, attempt int, turn int, text text) returns void language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    insert into agentcorp.partial as p (task_id, updated_at, turn, attempt, shard, text)
        values (show_partial.task_id, agentcorp.clock(), show_partial.turn, show_partial.attempt, v_shard, show_partial.text)
        on conflict on constraint partial_pkey do update set updated_at = excluded.updated_at, turn = excluded.turn, attempt = excluded.attempt, text = excluded.text
            where p.attempt <= excluded.attempt;
end $$;
comment on function agentcorp.show_partial is 'Shows who watches what a model has said so far in this turn';

-- Counts no further than it must: a tree may be large.
create function agentcorp.delegation_room(task_id bigint, out depth int, out tasks int) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_level bigint[];
begin
    select t.depth, array[t.root_id] into depth, v_level from agentcorp.task t where t.id = task_id and t.shard = v_shard;
    tasks := 1;
    while v_level <> '{}' and tasks < 1000 loop
        v_level := array(select t.id from unnest(v_level) u(id)
            cross join lateral (select t.id from agentcorp.task t where t.parent_id = u.id and t.shard = v_shard limit 1000 offset 0) t limit 1000);
        tasks := tasks + cardinality(v_level);
    end loop;
end $$;
comment on function agentcorp.delegation_room is 'How deep a task stands in its tree, and how many tasks the tree has, counted up to about a thousand: what bounds agents that delegate';

-- locks: what add_subtasks locks
create function agentcorp.hand_on(task_id bigint, subtasks jsonb, below bigint default null) returns setof bigint language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_own jsonb;
begin
    select jsonb_strip_nulls(jsonb_build_object('queue', nullif(q.name, 'default'), 'priority', nullif(t.priority, 4))) into v_own
        from agentcorp.task t join agentcorp.queue q on q.id = t.queue_id where t.id = hand_on.task_id and t.shard = v_shard;
    if v_own <> '{}' then
        subtasks := (select jsonb_agg(v_own || n order by i) from jsonb_array_elements(subtasks) with ordinality x(n, i));
    end if;
    return query select * from agentcorp.add_subtasks(coalesce(below, hand_on.task_id), subtasks);
end $$;
comment on function agentcorp.hand_on is 'Adds subtasks as add_subtasks does, to a task or to one below it; what has no queue or priority of its own has those of the task';

create function agentcorp.delegated(task_id bigint) returns int language sql stable set enable_seqscan = off as $$
    select coalesce(sum((s.value ->> 'tasks')::int), 0)::int from agentcorp.step s
        where s.task_id = delegated.task_id and s.shard = agentcorp.shard_of(delegated.task_id) and s.name like 'delegate %'
$$;
comment on function agentcorp.delegated is 'How many tasks an agent has had others do, with task.delegate, in all rounds of its task';

create function agentcorp.is_below(task_id bigint, above bigint) returns boolean language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_at bigint := task_id;
begin
    loop
        select t.parent_id into v_at from agentcorp.task t where t.id = v_at and t.shard = v_shard;
        if v_at is null or v_at = above then
            return v_at is not null;
        end if;
    end loop;
end $$;
comment on function agentcorp.is_below is 'Whether a task stands somewhere below another';

-- Sessions

create function agentcorp.find_session(p_name text) returns agentcorp.conversation language plpgsql stable as $$
declare
    v_session agentcorp.conversation;
begin
    perform agentcorp.check_session(p_name);
    select c.* into v_session from agentcorp.conversation c where c.name = p_name and c.shard = agentcorp.choose_shard('session:' || p_name);
    if not found then
        raise exception 'unknown session "%"', p_name using errcode = 'AC001',
            hint = trim(concat(agentcorp.did_you_mean(p_name, array(select c.name from agentcorp.conversation c where c.name is not null order by c.created_at desc limit 1000)),
                ' Look it up with: agentcorp sessions list'));
    end if;
    return v_session;
end $$;
comment on function agentcorp.find_session is 'The session of that name; AC001 when there is none';

create function agentcorp.clear_session(name text) returns void language plpgsql as $$
declare
    v_session agentcorp.conversation := agentcorp.find_session(name);
begin
    -- What a task under way has said and heard in it stays, or it would not know what it is doing.
    update agentcorp.conversation c set cleared_to = greatest(c.cleared_to, coalesce(
            (select min(m.seq) - 1 from agentcorp.agent_run r join agentcorp.message m on m.task_id = r.task_id and m.conversation_id = c.id and m.shard = c.shard
                where r.conversation_id = c.id and r.shard = c.shard
                and not exists (select from agentcorp.attempt a where a.task_id = r.task_id and a.outcome between 1 and 4 and a.shard = r.shard)),
            (select max(m.seq) from agentcorp.message m where m.conversation_id = c.id and m.shard = c.shard), 0))
        where c.id = v_session.id and c.shard = v_session.shard;
end $$;
comment on function agentcorp.clear_session is 'Lets the agent forget what was said in a session until now, a task under way aside; the messages stay to be read';

-- Rows are copied: they refer to the same turns. So the new name must stand in the same shard, which is always so where there is one.
create function agentcorp.fork_session(name text, new_name text, at_message int default null) returns bigint language plpgsql as $$
declare
    v_from agentcorp.conversation := agentcorp.find_session(name);
    v_to agentcorp.conversation;
begin
    perform agentcorp.check_session(new_name);
    if agentcorp.choose_shard('session:' || new_name) <> v_from.shard then
        raise exception 'session "%" would stand in another shard', new_name using errcode = 'AC007', hint = 'Choose another name.';
    end if;
    if at_message is not null and not exists (select from agentcorp.message m where m.conversation_id = v_from.id and m.seq = at_message and m.shard = v_from.shard) then
        raise exception 'session "%" has no message %', name, at_message using errcode = 'AC001', hint = format('See them with: agentcorp sessions show %s', name);
    end if;
    v_to := v_from;
    v_to.id := (v_from.shard::bigint << 53) | (1::bigint << 44) | nextval('agentcorp.conversation_id');
    insert into agentcorp.conversation (id, created_at, forked_from, cleared_to, shard, name, agent, tenant)
        values (v_to.id, agentcorp.clock(), v_from.id, v_from.cleared_to, v_from.shard, new_name, v_from.agent, v_from.tenant) on conflict do nothing;
    if not found then
        raise exception 'session "%" exists', new_name using errcode = 'AC004', hint = 'Choose another name, or remove it first.';
    end if;
    insert into agentcorp.message (conversation_id, task_id, created_at, seq, turn, covers, shard, role, content)
        select v_to.id, m.task_id, m.created_at, m.seq, m.turn, m.covers, m.shard, m.role, m.content from agentcorp.message m
        where m.conversation_id = v_from.id and m.shard = v_from.shard and m.seq <= coalesce(at_message, m.seq);
    return v_to.id;
end $$;
comment on function agentcorp.fork_session is 'Makes a new session that begins with the messages of another, all or up to one';

create function agentcorp.remove_session(name text) returns boolean language plpgsql as $$
declare
    v_session agentcorp.conversation := agentcorp.find_session(name);
begin
    if exists (select from agentcorp.agent_run r where r.conversation_id = v_session.id and r.shard = v_session.shard
        and agentcorp.hold(r.shard, r.task_id) is not null) then
        raise exception 'session "%" has a task that is not over', name using errcode = 'AC009', hint = 'Wait for it, or cancel it.';
    end if;
    delete from agentcorp.message m where m.conversation_id = v_session.id and m.shard = v_session.shard;
    delete from agentcorp.conversation c where c.id = v_session.id and c.shard = v_session.shard;
    return true;
end $$;
comment on function agentcorp.remove_session is 'Removes a session; its tasks stay as long as retention says';

-- Reading

create view agentcorp.sessions as
select c.name, c.agent, c.created_at, m.last_at, m.messages, c.cleared_to, f.name forked_from
from agentcorp.conversation c
cross join lateral (select count(*) messages, max(m.created_at) last_at from agentcorp.message m where m.conversation_id = c.id and m.shard = c.shard) m
left join agentcorp.conversation f on f.id = c.forked_from and f.shard = c.shard
where c.name is not null;
comment on view agentcorp.sessions is 'Conversations with a name';

create view agentcorp.turns as
select t.task_id, t.seq turn, r.agent, r.version, t.attempt, t.provider, t.model, t.finish, t.input_tokens, t.output_tokens, t.cache_read_tokens, t.cache_write_tokens,
    t.reasoning_tokens, t.cost_usd, t.started_at, t.finished_at, t.response ->> 'text' as text
from agentcorp.turn t join agentcorp.agent_run r on r.task_id = t.task_id and r.shard = t.shard;
comment on view agentcorp.turns is 'Each answer of a model: tokens, cost in US dollars (null: the price is not known), text';

create view agentcorp.tool_calls as
select c.task_id, c.turn, c.idx, c.tool, c.effect, c.state, c.attempt, c.started_at, c.finished_at, c.is_tainted, c.key, agentcorp.payload(c.args, c.shard) args,
    agentcorp.payload(c.edited, c.shard) edited, c.result
from agentcorp.tool_call c;
comment on view agentcorp.tool_calls is 'Each call of a tool: what it was asked, how it stands, what the model was told';

create function agentcorp.session_messages(name text, only_task bigint default null)
returns table (seq int, task_id bigint, turn int, role text, covers int, created_at timestamptz, content jsonb, calls jsonb) language plpgsql stable
set enable_seqscan = off as $$
#variable_conflict use_column
declare
    v_session agentcorp.conversation := agentcorp.find_session(session_messages.name);
begin
    return query select m.seq, m.task_id, m.turn, m.role, m.covers, m.created_at, coalesce(agentcorp.payload(m.content, m.shard), t.response),
            (select jsonb_agg(jsonb_build_object('tool', c.tool, 'state', c.state, 'args', agentcorp.payload(c.args, c.shard), 'result', c.result) order by c.idx)
                from agentcorp.tool_call c where m.role = 'assistant' and c.task_id = m.task_id and c.turn = m.turn and c.shard = m.shard)
        from agentcorp.message m left join agentcorp.turn t on m.role = 'assistant' and t.task_id = m.task_id and t.seq = m.turn and t.shard = m.shard
        where m.conversation_id = v_session.id and m.shard = v_session.shard and (only_task is null or m.task_id = only_task)
        order by m.seq;
end $$;
comment on function agentcorp.session_messages is 'All that was said in a session, what it has forgotten included; or only in one of its tasks';

create function agentcorp.run_progress(task_id bigint, since_turn int default 0) returns jsonb language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    return (select jsonb_build_object('agent', r.agent, 'version', r.version, 'tainted', r.tainted,
        'session', (select c.name from agentcorp.conversation c where c.id = r.conversation_id and c.shard = v_shard),
        'turns', coalesce((select jsonb_agg(jsonb_build_object('turn', t.seq, 'attempt', t.attempt, 'provider', t.provider, 'model', t.model, 'finish', t.finish, 'text', t.response ->> 'text',
                'input_tokens', t.input_tokens, 'output_tokens', t.output_tokens, 'cache_read_tokens', t.cache_read_tokens, 'reasoning_tokens', t.reasoning_tokens,
                'cost_usd', t.cost_usd::text, 'started_at', t.started_at, 'finished_at', t.finished_at,
                'calls', coalesce((select jsonb_agg(jsonb_build_object('idx', c.idx, 'tool', c.tool, 'effect', c.effect, 'state', c.state, 'attempt', c.attempt, 'started_at', c.started_at,
                        'finished_at', c.finished_at, 'tainted', c.is_tainted, 'args', agentcorp.payload(c.args, v_shard), 'edited', agentcorp.payload(c.edited, v_shard), 'result', c.result) order by c.idx)
                    from agentcorp.tool_call c where c.task_id = t.task_id and c.turn = t.seq and c.shard = v_shard), '[]')) order by t.seq)
            from agentcorp.turn t where t.task_id = r.task_id and t.seq > since_turn and t.shard = v_shard), '[]'),
        'notes', coalesce((select jsonb_agg(jsonb_build_object('turn', m.turn, 'role', m.role, 'kind', m.content ->> 'kind', 'reason', m.content ->> 'reason',
                'text', coalesce(m.content ->> 'text', agentcorp.payload(m.content, v_shard) #>> '{}'), 'created_at', m.created_at) order by m.seq)
            from agentcorp.message m where m.conversation_id = r.conversation_id and m.task_id = r.task_id and m.role in ('note', 'summary') and m.shard = v_shard), '[]'),
        'partial', (select jsonb_build_object('turn', p.turn, 'text', p.text) from agentcorp.partial p where p.task_id = r.task_id and p.shard = v_shard),
        'approvals', coalesce((select jsonb_agg(jsonb_build_object('id', a.id, 'turn', a.turn, 'idx', a.idx, 'reason', a.reason, 'title', a.title, 'decisions', a.decisions,
                'expires_at', a.expires_at, 'decision', a.decision, 'decided_by', a.decided_by) order by a.id)
            from agentcorp.approval a where a.task_id = r.task_id and a.shard = v_shard), '[]'))
        from agentcorp.agent_run r where r.task_id = run_progress.task_id and r.shard = v_shard);
end $$;
comment on function agentcorp.run_progress is 'What an agent has done in a task, from a turn on, with what its model is just saying; null when it has not begun';

create function agentcorp.ask(agent text, prompt text, session text default null, queue text default 'default', priority int default 4, more jsonb default null,
    max_attempts int default 10, timeout interval default null) returns bigint language plpgsql as $$
begin
    if coalesce(prompt, '') !~ '\S' then
        raise exception 'the prompt is empty' using errcode = 'AC007', hint = 'Say what the agent is to do.';
    end if;
    if session is not null then
        perform agentcorp.check_session(session);
    end if;
    perform agentcorp.require_agent(agent);
    if jsonb_typeof(more) <> 'object' then
        raise exception 'more is not a JSON object' using errcode = 'AC007', hint = 'Pass {"max_turns": 3}, for example.';
    end if;
    perform agentcorp.refuse_unknown_fields('more', coalesce(more, '{}'), '{schema,tools,budget,repairs,max_turns,delegate}');
    return agentcorp.enqueue('agent', jsonb_strip_nulls(jsonb_build_object('agent', agent, 'prompt', prompt, 'session', session)) || coalesce(more, '{}'), queue => queue,
        priority => priority, max_attempts => max_attempts, timeout => timeout, name => agent, concurrency_key => agentcorp.agent_key(agent),
        partition_key => 'session:' || session, ordered_key => 'session:' || session);
end $$;
comment on function agentcorp.ask is
    'Gives an agent a task; those of one session run one after the other. more: {"schema", "tools", "budget", "repairs", "max_turns", "delegate"}. Returns its id';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('helper', 'check_session call_key'),
    ('read', 'session_messages run_progress'),
    ('enqueue', 'ask'),
    ('work', 'run_state begin_run begin_turn drop_turn commit_turn start_call finish_call settle_call add_note add_summary show_partial is_below delegation_room delegated hand_on is_tainted'),
    ('manage', 'clear_session fork_session remove_session'),
    ('internal', 'append_message open_conversation copy_conversation find_session')) x(c, f);
select agentcorp.grant_roles();
