-- What agents say to each other. A message belongs to a run and goes with its tree. Who has read it is a row of the tool call that was
-- given it: an attempt that comes after a lost one makes the same call again and gets the same messages.

create table agentcorp.mailbox (
    task_id bigint not null,
    sent int not null default 0,
    shard smallint not null,
    primary key (task_id, shard)
) with (fillfactor = 50);
comment on table agentcorp.mailbox is 'Each run in which something was said: how many messages there are. Its row lets senders and readers take turns';
comment on column agentcorp.mailbox.task_id is 'The root of the run';

create table agentcorp.agent_message (
    task_id bigint not null,
    sender_task bigint,
    sent_at timestamptz not null,
    seq int not null,
    shard smallint not null,
    tainted boolean not null default false,
    sender text not null,
    recipient text not null,
    topic text,
    body text not null,
    send_key text,
    primary key (task_id, seq, shard)
);
comment on table agentcorp.agent_message is 'What agents of a run have said to each other, and what was said to them from outside';
comment on column agentcorp.agent_message.task_id is 'The root of the run';
comment on column agentcorp.agent_message.sender_task is 'Null: it came from outside';
comment on column agentcorp.agent_message.recipient is 'An agent, or all: everybody in the run but the sender';
comment on column agentcorp.agent_message.tainted is 'Its sender had read something from outside: so has who reads it';
comment on column agentcorp.agent_message.send_key is 'Of a message that is sent once, however often that is repeated';
create unique index agent_message_key on agentcorp.agent_message (task_id, send_key, shard) where send_key is not null;

create table agentcorp.message_read (
    task_id bigint not null,
    reader_task bigint not null,
    read_at timestamptz not null,
    seq int not null,
    attempt smallint not null,
    shard smallint not null,
    reader text not null,
    read_key text not null,
    primary key (task_id, reader, seq, shard)
);
comment on table agentcorp.message_read is 'Which tool call was given a message, once for each agent that it was sent to';
comment on column agentcorp.message_read.task_id is 'The root of the run';

-- locks: mailbox
create function agentcorp.put_message(p_shard smallint, p_run bigint, p_task bigint, p_sender text, p_recipient text, p_body text, p_topic text, p_key text, p_tainted boolean)
returns int language plpgsql set enable_seqscan = off as $$
declare
    v_seq int;
begin
    if coalesce(p_body, '') = '' or octet_length(p_body) > 32768 then
        raise exception 'a message is empty or over 32 KiB' using errcode = 'AC008', hint = 'Put what is long into the memory of the run or into a file, and say where.';
    elsif p_topic = '' or octet_length(p_topic) > 200 or coalesce(p_sender, '') = '' or octet_length(p_sender) > 400 then
        raise exception 'the topic or the sender of a message is empty or too long' using errcode = 'AC007', hint = 'At most 200 bytes.';
    end if;
    if p_recipient is distinct from 'all' then
        perform agentcorp.require_agent(p_recipient);
    end if;
    -- The pruner passes over a tree whose root is locked.
    perform 1 from agentcorp.task t where t.id = p_run and t.shard = p_shard for key share;
    insert into agentcorp.mailbox as m (task_id, sent, shard) values (p_run, 1, p_shard)
        on conflict on constraint mailbox_pkey do update set sent = m.sent + 1 returning m.sent into v_seq;
    if p_key is not null and exists (select from agentcorp.agent_message m where m.task_id = p_run and m.send_key = p_key and m.shard = p_shard) then
        update agentcorp.mailbox m set sent = m.sent - 1 where m.task_id = p_run and m.shard = p_shard;
        return (select m.seq from agentcorp.agent_message m where m.task_id = p_run and m.send_key = p_key and m.shard = p_shard);
    elsif v_seq > 10000 then
        raise exception 'run % has 10,000 messages', p_run using errcode = 'AC008', hint = 'Agents that say so much to each other should share the memory of the run.';
    end if;
    insert into agentcorp.agent_message (task_id, sender_task, sent_at, seq, shard, tainted, sender, recipient, topic, body, send_key)
        values (p_run, p_task, agentcorp.clock(), v_seq, p_shard, p_tainted, p_sender, p_recipient, p_topic, p_body, p_key);
    return v_seq;
end $$;
comment on function agentcorp.put_message is 'Adds a message to a run, once for each key; returns its number';

create function agentcorp.announce_message(p_run bigint, p_seq int, p_sender text, p_recipient text) returns void language sql as $$
    select agentcorp.emit_event('agent.message', jsonb_build_object('run', p_run, 'message', p_seq, 'from', p_sender, 'to', p_recipient), p_run || '/' || p_seq)
$$;
comment on function agentcorp.announce_message is 'Wakes who waits for the next message of a run';

-- locks: mailbox, then what emit_event locks
create function agentcorp.send_message(task_id bigint, recipient text, body text, topic text default null, sender text default null) returns int language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_run bigint;
    v_sender text := coalesce(send_message.sender, agentcorp.caller());
    v_seq int;
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[send_message.task_id]);
    select t.root_id into v_run from agentcorp.task t where t.id = send_message.task_id and t.shard = v_shard;
    if v_run is null then
        raise exception 'unknown task %', send_message.task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    elsif (select l.outcome from agentcorp.last_outcome(v_shard, v_run) l) between 1 and 4 then
        raise exception 'run % has ended', v_run using errcode = 'AC009', hint = 'Nobody is left to read a message.';
    end if;
    v_seq := agentcorp.put_message(v_shard, v_run, null, v_sender, send_message.recipient, send_message.body, send_message.topic, null, false);
    perform agentcorp.announce_message(v_run, v_seq, v_sender, send_message.recipient);
    return v_seq;
end $$;
comment on function agentcorp.send_message is
    'Says something to an agent of a run, or to all: the run is that of any of its tasks. They read it when they call message.read. Returns the number of the message';

-- Without the fence: who emits takes the topic first, and it changes nothing when a lost attempt says once more what it has said.
-- locks: mailbox, then what emit_event locks
create function agentcorp.say(task_id bigint, attempt int, key text, recipient text, body text, topic text default null) returns int language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_run bigint;
    v_agent agentcorp.agent_run;
    v_seq int;
begin
    perform agentcorp.require_lease(v_shard, say.task_id, say.attempt);
    select t.root_id into v_run from agentcorp.task t where t.id = say.task_id and t.shard = v_shard;
    select r.* into v_agent from agentcorp.agent_run r where r.task_id = say.task_id and r.shard = v_shard;
    v_seq := agentcorp.put_message(v_shard, v_run, say.task_id, v_agent.agent, say.recipient, say.body, say.topic, say.key, coalesce(v_agent.tainted, false));
    perform agentcorp.announce_message(v_run, v_seq, v_agent.agent, say.recipient);
    return v_seq;
end $$;
comment on function agentcorp.say is 'The agent of a task says something to another of its run, or to all; once for each key. Returns the number of the message';

-- locks: mailbox
create function agentcorp.hear(task_id bigint, attempt int, key text, limit_to int default 50) returns jsonb language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_now timestamptz := agentcorp.clock();
    v_run bigint;
    v_reader text;
    v_sent int;
begin
    perform agentcorp.require_lease(v_shard, hear.task_id, hear.attempt);
    select t.root_id into v_run from agentcorp.task t where t.id = hear.task_id and t.shard = v_shard;
    select r.agent into v_reader from agentcorp.agent_run r where r.task_id = hear.task_id and r.shard = v_shard;
    select m.sent into v_sent from agentcorp.mailbox m where m.task_id = v_run and m.shard = v_shard for update;
    if v_sent > 0 and not exists (select from agentcorp.message_read r where r.task_id = v_run and r.reader = v_reader and r.read_key = hear.key and r.shard = v_shard) then
        insert into agentcorp.message_read (task_id, reader_task, read_at, seq, attempt, shard, reader, read_key)
            select v_run, hear.task_id, v_now, m.seq, hear.attempt, v_shard, v_reader, hear.key from agentcorp.agent_message m
            where m.task_id = v_run and m.shard = v_shard and (m.recipient = v_reader or m.recipient = 'all' and m.sender <> v_reader)
                and not exists (select from agentcorp.message_read r where r.task_id = v_run and r.reader = v_reader and r.seq = m.seq and r.shard = v_shard)
            order by m.seq limit hear.limit_to;
    end if;
    return (select jsonb_build_object('sent', coalesce(v_sent, 0), 'now_ms', floor(extract(epoch from v_now) * 1000)::bigint, 'tainted', coalesce(bool_or(m.tainted), false),
            'messages', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('from', m.sender, 'to', m.recipient, 'topic', m.topic, 'sent_at', m.sent_at, 'text', m.body))
                order by m.seq), '[]'))
        from agentcorp.message_read r join agentcorp.agent_message m on m.task_id = r.task_id and m.seq = r.seq and m.shard = r.shard
        where r.task_id = v_run and r.reader = v_reader and r.read_key = hear.key and r.shard = v_shard);
end $$;
comment on function agentcorp.hear is
    'What was said to the agent of a task and not read yet, marked as read by this key; the same key gets the same messages again. sent: how many messages the run has, so the next one is the event agent.message with the key RUN/(sent + 1)';

create view agentcorp.agent_messages as
select m.task_id run_id, m.seq, m.sender, m.recipient, m.topic, m.body, m.sent_at, m.sender_task, m.tainted, r.readers, r.read_at
from agentcorp.agent_message m
left join lateral (select array_agg(r.reader order by r.read_at, r.reader) readers, min(r.read_at) read_at from agentcorp.message_read r
    where r.task_id = m.task_id and r.seq = m.seq and r.shard = m.shard) r on true;
comment on view agentcorp.agent_messages is 'What was said in runs: from whom, to whom, and which agents have read it';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('enqueue', 'send_message'), ('work', 'say hear'), ('internal', 'put_message announce_message')) x(c, f);
select agentcorp.grant_roles();
