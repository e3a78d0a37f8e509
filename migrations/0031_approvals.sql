-- What people decide: whether an agent may make a call, and in what way; what becomes of a task of kind approve. And rules, by which
-- they are not asked again. Who waits for a decision is parked on the event approval.decided with the id of the approval as its key.

create sequence agentcorp.approval_id;

create table agentcorp.approval_rule (
    id int generated always as identity primary key,
    created_at timestamptz not null,
    expires_at timestamptz,
    run_id bigint,
    decision text not null check (decision in ('approve', 'reject')),
    reason text not null check (reason in ('policy', 'tainted')),
    tool text not null,
    agent text,
    args jsonb,
    created_by text not null
);
comment on table agentcorp.approval_rule is 'How calls of tools are decided without asking again. What a rule does not name, it does not restrict';
comment on column agentcorp.approval_rule.run_id is 'The root of the tree in which it holds';
comment on column agentcorp.approval_rule.reason is 'Which question it answers: who lets an agent run commands has not let it do so after it has read something from outside';
comment on column agentcorp.approval_rule.tool is 'Its name, or how its name begins with * after it';
comment on column agentcorp.approval_rule.args is 'Only calls whose arguments contain this';
create index approval_rule_run on agentcorp.approval_rule (run_id) where run_id is not null;

create table agentcorp.approval (
    id bigint not null,
    task_id bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    decided_at timestamptz,
    turn int,
    rule_id int,
    idx smallint,
    shard smallint not null,
    timed_out boolean not null default false,
    reason text not null check (reason in ('tainted', 'ambiguous', 'policy', 'task')),
    title text not null,
    value jsonb,
    hash bytea not null,
    decisions text[] not null,
    approvers text[] not null,
    fallback text,
    decision text,
    decided_by text,
    response text,
    edited jsonb,
    schema jsonb,
    primary key (id, shard)
);
comment on table agentcorp.approval is 'What waits for a person, and what was decided: about a call of a tool, or about a task';
comment on column agentcorp.approval.value is 'What a task of kind approve shows. Of a call: null, its arguments are shown';
comment on column agentcorp.approval.schema is 'Of a call: the JSON Schema that edited arguments must fit; null: it is not known';
comment on column agentcorp.approval.hash is 'SHA-256 of what was shown: what is decided about is what goes on';
comment on column agentcorp.approval.approvers is 'Who may decide, by name or database role; empty: anybody';
comment on column agentcorp.approval.fallback is 'What counts as decided at expires_at; null: the task fails then';
comment on column agentcorp.approval.decision is 'One of decisions, or the fallback. expired: the time was over, and there was none';
comment on column agentcorp.approval.rule_id is 'The rule that has decided. It may be gone';
comment on column agentcorp.approval.edited is 'What the person has put in the place of the arguments or the value';
create index approval_task on agentcorp.approval (task_id, turn, idx);
create index approval_open on agentcorp.approval (created_at) where decided_at is null;
create index approval_ruled on agentcorp.approval (rule_id) where rule_id is not null;

create function agentcorp.approval_hash(p_task bigint, p_title text, p_tool text, p_value jsonb) returns bytea language sql immutable as $$
    select sha256(convert_to(jsonb_build_object('task_id', p_task, 'title', p_title, 'tool', p_tool, 'value', p_value)::text, 'UTF8'))
$$;
comment on function agentcorp.approval_hash is 'What an approval is bound to: the task, the question, and the arguments or the value';

create function agentcorp.approval_result(p_approval agentcorp.approval) returns jsonb language sql stable as $$
    select case when p_approval.decided_at is not null then jsonb_strip_nulls(jsonb_build_object('decision', p_approval.decision, 'response', p_approval.response,
            'by', p_approval.decided_by, 'at', p_approval.decided_at, 'timed_out', nullif(p_approval.timed_out, false)))
        || jsonb_build_object('value', agentcorp.payload(coalesce(p_approval.edited, p_approval.value), p_approval.shard)) end
$$;
comment on function agentcorp.approval_result is 'What a decision comes to for who has asked; null while there is none';

-- Rules

create function agentcorp.add_approval_rule(decision text, tool text, agent text default null, run bigint default null, args jsonb default null,
    reason text default 'policy', expires interval default null, created_by text default null) returns int language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_run bigint;
    v_id int;
begin
    if decision is null or decision not in ('approve', 'reject') then
        raise exception 'a rule does not decide "%"', coalesce(decision, 'null') using errcode = 'AC007', hint = 'Use approve or reject.';
    elsif reason is null or reason not in ('policy', 'tainted') then
        raise exception 'no rule answers questions of reason "%"', coalesce(reason, 'null') using errcode = 'AC007',
            hint = 'Use policy, or tainted for calls after something from outside was read.';
    elsif coalesce(tool, '') !~ '^[^*[:cntrl:]]{0,200}\*?$' or coalesce(tool, '') = '' then
        raise exception '"%" is neither a tool nor a pattern', left(tool, 200) using errcode = 'AC007', hint = 'Name a tool, or how its name begins: terminal.*.';
    elsif jsonb_typeof(args) <> 'object' or pg_column_size(args) > 8192 then
        raise exception 'args is not a JSON object of at most 8 KiB' using errcode = 'AC007', hint = 'The rule holds for calls whose arguments contain it.';
    elsif expires <= interval '0' or v_now + expires > v_now + interval '100 years' then
        raise exception 'a rule cannot hold for %', expires using errcode = 'AC007', hint = 'Leave it out for a rule that holds until it is removed.';
    end if;
    perform agentcorp.check_person(created_by);
    if agent is not null then
        perform agentcorp.require_agent(agent);
    end if;
    if run is not null then
        select t.root_id into v_run from agentcorp.task t where t.id = run and t.shard = agentcorp.shard_of(run);
        if not found then
            raise exception 'unknown task %', run using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
        end if;
    end if;
    insert into agentcorp.approval_rule as r (created_at, expires_at, run_id, decision, reason, tool, agent, args, created_by)
        values (v_now, v_now + expires, v_run, add_approval_rule.decision, add_approval_rule.reason, add_approval_rule.tool, add_approval_rule.agent,
            add_approval_rule.args, coalesce(add_approval_rule.created_by, agentcorp.caller()))
        returning r.id into v_id;
    return v_id;
end $$;
comment on function agentcorp.add_approval_rule is
    'From now on calls of a tool, or of those whose names begin with it (terminal.*), are approved or rejected without asking: of one agent, in one run, with arguments that contain args, for a time, or without these bounds. Returns its id';

create function agentcorp.remove_approval_rule(rule_id int) returns boolean language plpgsql as $$
begin
    delete from agentcorp.approval_rule r where r.id = rule_id;
    return found;
end $$;
comment on function agentcorp.remove_approval_rule is 'Removes a rule; what it has decided stands. False: there was none';

create function agentcorp.check_person(p_name text) returns void language plpgsql immutable as $$
begin
    if p_name = '' or octet_length(p_name) > 200 or p_name ~ '[[:cntrl:]]' then
        raise exception '"%" is not the name of a person', left(p_name, 200) using errcode = 'AC007', hint = 'A name has 1 to 200 bytes without control characters.';
    end if;
end $$;
comment on function agentcorp.check_person is 'Refuses what is no name of who decides';

-- A rejection goes before an approval, and a rule binds nobody who must be asked but may not be answered for by its author.
create function agentcorp.rule_of(p_approval agentcorp.approval) returns agentcorp.approval_rule language plpgsql stable
set enable_seqscan = off set jit = off as $$
declare
    v_rule agentcorp.approval_rule;
begin
    select r.* into v_rule from agentcorp.tool_call c
        join agentcorp.task t on t.id = c.task_id and t.shard = c.shard
        join agentcorp.agent_run g on g.task_id = c.task_id and g.shard = c.shard
        join agentcorp.approval_rule r on (r.tool = c.tool or right(r.tool, 1) = '*' and starts_with(c.tool, left(r.tool, -1)))
            and r.reason = p_approval.reason and r.decision = any (p_approval.decisions)
            and (r.expires_at is null or r.expires_at > agentcorp.clock()) and (r.run_id is null or r.run_id = t.root_id)
            and (r.agent is null or r.agent = g.agent) and (r.args is null or agentcorp.payload(c.args, c.shard) @> r.args)
            and (p_approval.approvers = '{}' or r.created_by = any (p_approval.approvers))
        where c.task_id = p_approval.task_id and c.turn = p_approval.turn and c.idx = p_approval.idx and c.shard = p_approval.shard
        order by r.decision desc, r.id limit 1;
    return v_rule;
end $$;
comment on function agentcorp.rule_of is 'The rule that answers a request about a call; null when a person must';

-- Asking

-- A call is asked about anew when it is in doubt again; a task only when somebody has retried it after its time was over. One that is
-- asked about already, for another reason, is not asked about twice: only one of two could be decided.
-- locks: topic, approval, fence
create function agentcorp.request_approval(task_id bigint, attempt int, turn int, idx int, reason text, title text, decisions text[], value jsonb default null,
    approvers text[] default '{}', expires interval default null, fallback text default null, schema jsonb default null, out id bigint, out wait interval, out result jsonb) language plpgsql
set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_old agentcorp.approval;
    v_new agentcorp.approval;
    v_rule agentcorp.approval_rule;
    v_tool text;
    v_state text;
begin
    if coalesce(title, '') = '' or cardinality(decisions) is not distinct from 0 or not coalesce(decisions <@ '{approve,edit,reject,respond,again,fail}', false) then
        raise exception 'a request for approval has a title and decisions' using errcode = 'AC007', hint = 'The decisions are some of approve, edit, reject, respond; of a call in doubt also again and fail.';
    elsif expires <= interval '0' or expires > interval '100 years' then
        raise exception 'an approval cannot expire after %', expires using errcode = 'AC007', hint = 'Leave it out to wait for ever.';
    elsif fallback not in ('approve', 'reject', 'fail') or fallback is not null and expires is null then
        raise exception '"%" cannot be what counts when the time is over', fallback using errcode = 'AC007', hint = 'Use approve or reject, and say when an approval expires.';
    elsif approvers is null or cardinality(approvers) > 100 or array_position(approvers, null) is not null then
        raise exception 'approvers is not an array of up to 100 names' using errcode = 'AC007', hint = 'Leave it out where anybody may decide.';
    end if;
    perform agentcorp.check_person(a) from unnest(approvers) a;
    select a.* into v_old from agentcorp.approval a where a.task_id = request_approval.task_id and a.turn is not distinct from request_approval.turn
        and a.idx is not distinct from request_approval.idx
        and (a.reason = 'ambiguous') = (request_approval.reason = 'ambiguous') and a.shard = v_shard
        and (a.turn is null or a.decided_at is null) order by a.id desc limit 1;
    v_new.id := coalesce(v_old.id, (v_shard::bigint << 53) | nextval('agentcorp.approval_id'));
    perform agentcorp.share_topic('approval.requested', null);
    perform agentcorp.share_topic('approval.decided', v_new.id::text);
    if v_old.id is not null then
        select a.* into v_old from agentcorp.approval a where a.id = v_old.id and a.shard = v_shard for update;
    end if;
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    if v_old.id is not null and coalesce(v_old.decision, 'expired') = 'expired' and v_old.expires_at <= v_now and exists (
        select from agentcorp.attempt a where a.task_id = request_approval.task_id and a.outcome = 14 and a.finished_at >= v_old.created_at and a.shard = v_shard)
    then
        update agentcorp.approval a set decided_at = v_now, decision = 'expired', timed_out = true where a.id = v_old.id and a.shard = v_shard and a.decided_at is null;
        v_old.id := null;
        v_new.id := (v_shard::bigint << 53) | nextval('agentcorp.approval_id');
    end if;
    if v_old.id is null and turn is not null then
        select c.tool, agentcorp.payload(c.args, v_shard), c.state into v_tool, value, v_state from agentcorp.tool_call c
            where c.task_id = request_approval.task_id and c.turn = request_approval.turn and c.idx = request_approval.idx and c.shard = v_shard;
        if not found then
            raise exception 'task % has no tool call % in turn %', task_id, idx, turn using errcode = 'AC001';
        elsif v_state not in ('planned', 'ambiguous') then
            -- Decided after the task had looked: a new question could not be decided, and would be waited for in vain.
            select a.* into v_old from agentcorp.approval a where a.task_id = request_approval.task_id and a.turn = request_approval.turn
                and a.idx = request_approval.idx and a.shard = v_shard order by a.id desc limit 1;
            if not found then
                raise exception 'tool call % in turn % of task % is %', idx, turn, task_id, v_state using errcode = 'AC009', hint = 'There is nothing to ask about.';
            end if;
        end if;
    end if;
    if v_old.id is null then
        v_new.task_id := task_id;
        v_new.created_at := v_now;
        v_new.expires_at := v_now + expires;
        v_new.turn := turn;
        v_new.idx := idx;
        v_new.shard := v_shard;
        v_new.timed_out := false;
        v_new.reason := reason;
        v_new.title := left(title, 1000);
        v_new.decisions := decisions;
        v_new.approvers := approvers;
        v_new.fallback := fallback;
        v_new.schema := agentcorp.store_payload(v_shard, task_id, 'schemas', schema);
        if turn is null then
            v_new.value := agentcorp.store_payload(v_shard, task_id, 'values to decide about', value);
        end if;
        v_new.hash := agentcorp.approval_hash(task_id, v_new.title, v_tool, value);
        insert into agentcorp.approval select v_new.*;
        v_old := v_new;
    end if;
    if v_old.decided_at is null and v_old.turn is not null and v_old.reason in ('policy', 'tainted') then
        v_rule := agentcorp.rule_of(v_old);
    end if;
    if v_rule.id is not null then
        v_old := agentcorp.record_decision(v_old, v_rule.decision, v_rule.created_by, null, null, v_rule.id, false);
    elsif v_old.id = v_new.id and v_old.created_at = v_now then
        perform agentcorp.emit_event('approval.requested', jsonb_build_object('approval_id', v_old.id, 'task_id', task_id, 'reason', v_old.reason, 'title', v_old.title,
            'tool', v_tool, 'decisions', v_old.decisions, 'approvers', v_old.approvers, 'expires_at', v_old.expires_at));
    end if;
    id := v_old.id;
    wait := case when v_old.expires_at is not null then greatest(v_old.expires_at - v_now, interval '0') end;
    result := agentcorp.approval_result(v_old);
end $$;
comment on function agentcorp.request_approval is
    'Asks people about a call, or without turn and idx about the task, once. Result is null until it is decided: then wait, at most so long, for the event approval.decided with the id as its key, and ask again; when that has timed out, call agentcorp.expire_approval. A rule may decide at once';

-- The event comes last: who is woken by it finds everything done.
create function agentcorp.record_decision(p_approval agentcorp.approval, p_decision text, p_by text, p_response text, p_edited jsonb, p_rule int, p_timed_out boolean)
returns agentcorp.approval language plpgsql set enable_seqscan = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_state text := case when p_decision in ('approve', 'again', 'edit') then 'approved' when p_decision = 'reject' then 'rejected' when p_decision = 'respond' then 'succeeded' else 'failed' end;
    v_edited jsonb := agentcorp.store_payload(p_approval.shard, p_approval.task_id, 'edited values', p_edited);
    v_result jsonb;
begin
    update agentcorp.approval a set decided_at = v_now, decision = p_decision, decided_by = p_by, response = p_response, edited = v_edited, rule_id = p_rule, timed_out = p_timed_out
        where a.id = p_approval.id and a.shard = p_approval.shard returning a.* into p_approval;
    if p_approval.turn is not null and p_decision <> 'expired' then
        v_result := case when v_state <> 'approved' then jsonb_build_object('is_error', p_decision <> 'respond', 'content', case p_decision when 'respond' then p_response
            when 'fail' then concat_ws(' ', 'This call was interrupted, and nobody knows whether it took place; it was not repeated.', p_response)
            else concat_ws(' ', case when p_timed_out then 'Nobody has approved this call in time: it was not made.'
                when p_rule is not null then 'Calls like this one are refused here.' else 'A person has refused this call.' end, p_response) end) end;
        update agentcorp.tool_call c set state = v_state, edited = coalesce(v_edited, c.edited), result = v_result, finished_at = case when v_state <> 'approved' then v_now end
            where c.task_id = p_approval.task_id and c.turn = p_approval.turn and c.idx = p_approval.idx and c.shard = p_approval.shard and c.state in ('planned', 'ambiguous');
        if not found then
            raise exception 'the call of approval % waits no longer', p_approval.id using errcode = 'AC009', hint = 'Its task has gone on without a decision; there is nothing left to decide.';
        end if;
    end if;
    perform agentcorp.emit_event('approval.decided', jsonb_strip_nulls(jsonb_build_object('approval_id', p_approval.id, 'task_id', p_approval.task_id, 'decision', p_decision,
        'by', p_by, 'rule_id', p_rule, 'timed_out', nullif(p_timed_out, false))), p_approval.id::text);
    return p_approval;
end $$;
comment on function agentcorp.record_decision is 'Writes a decision down, lets the call go on or gives it its result, and tells who waits';

-- locks: topic, approval, fence
create function agentcorp.expire_approval(task_id bigint, attempt int, approval_id bigint) returns jsonb language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(approval_id);
    v_approval agentcorp.approval;
begin
    perform agentcorp.share_topic('approval.decided', approval_id::text);
    select a.* into v_approval from agentcorp.approval a where a.id = approval_id and a.shard = v_shard and a.task_id = expire_approval.task_id for update;
    if not found or v_approval.expires_at is null then
        raise exception 'task % has no approval % that expires', task_id, approval_id using errcode = 'AC001';
    end if;
    perform agentcorp.require_hold(v_shard, task_id, attempt);
    if v_approval.decided_at is null then
        v_approval := agentcorp.record_decision(v_approval, coalesce(v_approval.fallback, 'expired'), null, null, null, null, true);
    end if;
    return agentcorp.approval_result(v_approval);
end $$;
comment on function agentcorp.expire_approval is
    'What the task does whose wait for a decision has timed out: the fallback counts as decided, or "expired" when there is none. Returns the decision, which a person may have made in the last moment';

-- locks: topic, approval, fence. The topic before the others, as agentcorp.await_event has it.
create function agentcorp.decide(approval_id bigint, decision text, decided_by text default null, response text default null, edited jsonb default null,
    expected_hash text default null, always jsonb default null) returns int language plpgsql set enable_seqscan = off as $$
declare
    v_shard smallint := agentcorp.shard_of(approval_id);
    v_now timestamptz := agentcorp.clock();
    v_approval agentcorp.approval;
    v_call agentcorp.tool_call;
    v_hash text;
    v_expires interval;
    v_rule int;
begin
    perform agentcorp.check_person(decided_by);
    if octet_length(response) > 65536 then
        raise exception 'the response has % KiB; the limit is 64 KiB', octet_length(response) / 1024 using errcode = 'AC008', hint = 'Say it in fewer words.';
    end if;
    perform agentcorp.share_topic('approval.decided', approval_id::text);
    select a.* into v_approval from agentcorp.approval a where a.id = approval_id and a.shard = v_shard for update;
    if not found then
        raise exception 'unknown approval %', approval_id using errcode = 'AC001', hint = 'Look it up with: agentcorp approvals list';
    elsif v_approval.decision = 'expired' then
        raise exception 'approval % has expired', approval_id using errcode = 'AC009', hint = format('Its task failed at %s.', v_approval.decided_at);
    elsif v_approval.decided_at is not null then
        raise exception 'approval % was decided: %', approval_id, concat_ws(', ', v_approval.decision, 'by ' || v_approval.decided_by, 'rule ' || v_approval.rule_id)
            using errcode = 'AC009', hint = format('That was at %s; its task goes by it.', v_approval.decided_at);
    end if;
    if agentcorp.hold(v_shard, v_approval.task_id) is null then
        raise exception 'task % has ended', v_approval.task_id using errcode = 'AC009', hint = 'There is nothing left to decide.';
    elsif v_approval.expires_at <= v_now then
        raise exception 'approval % expired at %', approval_id, v_approval.expires_at using errcode = 'AC009',
            hint = coalesce('What counts now is "' || v_approval.fallback || '".', 'Its task fails now.');
    end if;
    select c.* into v_call from agentcorp.tool_call c
        where c.task_id = v_approval.task_id and c.turn = v_approval.turn and c.idx = v_approval.idx and c.shard = v_shard;
    v_hash := encode(agentcorp.approval_hash(v_approval.task_id, v_approval.title, v_call.tool,
        agentcorp.payload(coalesce(v_call.args, v_approval.value), v_shard)), 'hex');
    if v_hash <> encode(v_approval.hash, 'hex') or not starts_with(v_hash, lower(expected_hash)) then
        raise exception 'approval % is not about what was shown: its hash is % now, not %', approval_id, left(v_hash, 12),
            left(coalesce(expected_hash, encode(v_approval.hash, 'hex')), 12) using errcode = 'AC009', hint = format('Look again, with: agentcorp approvals show %s', approval_id);
    elsif length(expected_hash) < 8 then
        raise exception 'hash "%" is too short', expected_hash using errcode = 'AC007', hint = 'Give its first 8 digits at least.';
    elsif v_approval.approvers <> '{}' and coalesce(decided_by, '') <> all (v_approval.approvers) and agentcorp.caller() <> all (v_approval.approvers) then
        raise exception '"%" may not decide approval %', coalesce(decided_by, agentcorp.caller()), approval_id using errcode = 'AC007',
            hint = format('Its approvers are %s.', array_to_string(v_approval.approvers, ', '));
    elsif decision is null or decision <> all (v_approval.decisions) then
        raise exception 'approval % cannot be decided with "%"', approval_id, coalesce(decision, 'null') using errcode = 'AC007',
            hint = format('Use one of: %s.', array_to_string(v_approval.decisions, ', '));
    elsif decision = 'respond' and coalesce(response, '') = '' then
        raise exception 'the decision "respond" needs a response' using errcode = 'AC007',
            hint = case when v_approval.turn is null then 'Say what is to be told to those who have asked.' else 'Say what the model is to be told as the result of the call.' end;
    elsif (decision = 'edit') <> (edited is not null) then
        raise exception 'the decision "%" % an edited value', decision, case when decision = 'edit' then 'needs' else 'goes without' end using errcode = 'AC007',
            hint = 'With "edit", give what takes the place of what was shown, whole.';
    elsif v_approval.turn is not null and edited is not null and (jsonb_typeof(edited) <> 'object' or edited ? '$blob') then
        raise exception 'the arguments of a tool are a JSON object' using errcode = 'AC007', hint = 'Give all of them, not only what is changed.';
    elsif v_approval.turn is not null and octet_length(edited::text) > 1048576 then
        raise exception 'the arguments have % KiB; the limit is 1 MiB', octet_length(edited::text) / 1024 using errcode = 'AC008';
    end if;
    if always is not null then
        if v_approval.reason not in ('policy', 'tainted') or decision not in ('approve', 'reject') then
            raise exception 'only that a call is approved or rejected can be decided for always' using errcode = 'AC007', hint = 'Decide this one alone.';
        elsif jsonb_typeof(always) <> 'object' or coalesce(always ->> 'scope', 'agent') not in ('agent', 'run', 'tool') then
            raise exception 'always is not {"scope": "agent", "run" or "tool", "args": {...}, "expires": "8 hours"}' using errcode = 'AC007',
                hint = 'Each may be left out: {} is always for this tool and this agent.';
        end if;
        perform agentcorp.refuse_unknown_fields('always', always, '{scope,args,expires}');
        begin
            v_expires := always ->> 'expires';
        exception when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
            raise exception '"%" is not an interval', left(always ->> 'expires', 100) using errcode = 'AC007', hint = 'Write "8 hours", for example.';
        end;
        v_rule := agentcorp.add_approval_rule(decision, v_call.tool,
            agent => case when coalesce(always ->> 'scope', 'agent') = 'agent' then (select r.agent from agentcorp.agent_run r where r.task_id = v_approval.task_id and r.shard = v_shard) end,
            run => case when always ->> 'scope' = 'run' then v_approval.task_id end, args => nullif(always -> 'args', 'null'), reason => v_approval.reason,
            expires => v_expires, created_by => coalesce(decided_by, agentcorp.caller()));
    end if;
    perform agentcorp.record_decision(v_approval, decision, coalesce(decided_by, agentcorp.caller()), response, edited, null, false);
    return v_rule;
end $$;
comment on function agentcorp.decide is
    'Answers a request for approval, with one of its decisions: approve (or again) lets the call run, edit with other arguments, reject and fail do not, respond gives the model a result in its place; a task of kind approve ends with it. expected_hash: refused, AC009, when it is about something else than what was shown. always: {"scope": "agent", "run" or "tool", "args", "expires"} makes a rule of it, whose id is returned';

-- Reading

create view agentcorp.approvals as
select a.id, a.task_id, t.root_id run_id, t.name, r.agent, a.turn, a.idx, c.tool, c.effect, a.reason, a.title, agentcorp.payload(c.args, c.shard) args,
    agentcorp.payload(a.value, a.shard) as value, encode(a.hash, 'hex') hash, a.decisions, a.approvers, a.created_at, a.expires_at, a.fallback,
    case when a.decision = 'expired' then 'expired' when a.decided_at is not null then 'decided'
        when c.state not in ('planned', 'ambiguous') or exists (select from agentcorp.attempt x where x.task_id = a.task_id and x.outcome between 1 and 4 and x.shard = a.shard) then 'moot'
        when a.expires_at <= agentcorp.clock() then 'expired' else 'open' end state,
    a.decided_at, a.decision, a.decided_by, a.rule_id, a.timed_out, a.response, agentcorp.payload(a.edited, a.shard) edited,
    agentcorp.payload(a.schema, a.shard) as schema
from agentcorp.approval a
join agentcorp.task t on t.id = a.task_id and t.shard = a.shard
left join agentcorp.tool_call c on c.task_id = a.task_id and c.turn = a.turn and c.idx = a.idx and c.shard = a.shard
left join agentcorp.agent_run r on r.task_id = a.task_id and r.shard = a.shard;
comment on view agentcorp.approvals is 'What waits for a person, or waited: calls of tools, and tasks of kind approve. moot: it goes on, or has ended, without a decision';

create view agentcorp.approval_rules as
select r.id, r.decision, r.tool, r.agent, r.run_id, r.args, r.reason, r.created_at, r.created_by, r.expires_at,
    coalesce(r.expires_at <= agentcorp.clock(), false) expired, (select count(*) from agentcorp.approval a where a.rule_id = r.id) decided
from agentcorp.approval_rule r;
comment on view agentcorp.approval_rules is 'By which rules calls are decided without asking, and how many each has decided';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('helper', 'approval_hash approval_result check_person'),
    ('work', 'request_approval expire_approval'),
    ('manage', 'decide add_approval_rule remove_approval_rule'),
    ('internal', 'rule_of record_decision')) x(c, f);
select agentcorp.grant_roles();
