-- Ballots. Who votes is a task of an agent below the task of the vote; that one counts, and what it has counted stands here.

create table agentcorp.ballot (
    task_id bigint not null,
    cast_in bigint,
    created_at timestamptz not null,
    round smallint not null,
    voter smallint not null,
    shard smallint not null,
    confidence real,
    weight numeric not null,
    agent text not null,
    state text not null check (state in ('cast', 'abstained', 'invalid', 'failed')),
    choice jsonb,
    labels smallint[] not null,
    rationale text,
    primary key (task_id, round, voter, shard)
);
comment on table agentcorp.ballot is 'What each voter has said in each round of a vote. Options are known by their numbers: places in the list that was voted on, from 0';
comment on column agentcorp.ballot.task_id is 'The task of the vote';
comment on column agentcorp.ballot.cast_in is 'The task in which the agent voted';
comment on column agentcorp.ballot.voter is 'Its place in the list of voters, from 1; 0 is the judge';
comment on column agentcorp.ballot.state is 'All but cast count as abstentions. invalid: it could not be read, also when asked again. failed: its task failed';
comment on column agentcorp.ballot.choice is 'By the rule: an option, an array of them (the best first, or all that are approved of), or an object of scores by option. Null unless it was cast';
comment on column agentcorp.ballot.labels is 'Which options the voter saw as A, B, C and so on';
comment on column agentcorp.ballot.rationale is 'Options are named in it as [option 2]';

do $$ begin
    if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table agentcorp.ballot alter column rationale set compression lz4;
    end if;
end $$;

-- A round that is counted again, since ballots that had failed were retried, takes the place of the first count.
-- locks: fence, ballot
create function agentcorp.record_ballots(task_id bigint, attempt int, round int, ballots jsonb) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(record_ballots.task_id);
    v_now timestamptz := agentcorp.clock();
    v_count int;
begin
    perform agentcorp.require_hold(v_shard, record_ballots.task_id, record_ballots.attempt);
    if jsonb_typeof(ballots) is distinct from 'array' then
        raise exception 'ballots is not an array' using errcode = 'AC007', hint = 'Pass [{"voter": 1, "agent": "...", "weight": 1, "state": "cast", "choice": 0, "labels": [0, 1]}, ...].';
    end if;
    insert into agentcorp.ballot as b (task_id, cast_in, created_at, round, voter, shard, confidence, weight, agent, state, choice, labels, rationale)
        select record_ballots.task_id, x.task, v_now, record_ballots.round, x.voter, s.shard, x.confidence, x.weight, x.agent, x.state, x.choice, x.labels, x.rationale
        from agentcorp.shard s
        cross join lateral jsonb_to_recordset(ballots) x(task bigint, voter smallint, confidence real, weight numeric, agent text, state text, choice jsonb, labels smallint[], rationale text)
        where s.shard = v_shard order by x.voter
        on conflict on constraint ballot_pkey do update set cast_in = excluded.cast_in, created_at = excluded.created_at, confidence = excluded.confidence, weight = excluded.weight,
            agent = excluded.agent, state = excluded.state, choice = excluded.choice, labels = excluded.labels, rationale = excluded.rationale;
    get diagnostics v_count = row_count;
    return v_count;
end $$;
comment on function agentcorp.record_ballots is
    'Records the ballots of a round of a vote, for the attempt that counts them: [{"voter", "agent", "task", "weight", "state", "choice", "labels", "confidence", "rationale"}]; voter 0 is the judge. What was recorded of that round and voter before is replaced. Returns how many there were';

create view agentcorp.ballots as
select b.task_id, b.round, nullif(b.voter, 0) voter, b.voter = 0 is_judge, b.agent, b.weight, b.state, b.choice, b.confidence, b.rationale, b.labels, b.cast_in, b.created_at
from agentcorp.ballot b;
comment on view agentcorp.ballots is 'Who voted how and why, by vote, round and voter';

insert into agentcorp.permission (function_name, class) values ('record_ballots', 'work');
select agentcorp.grant_roles();
