-- The tables. A task's state is the table it stands in: bodies and history are insert-only, the hot tables are small and
-- insert/delete-only. Every key of a table that belongs to a tree carries `shard`; a tree lives whole in one shard.
-- Columns are ordered bigint, int, smallint, then variable length, so that no byte is lost to alignment.
-- The hot tables are vacuumed early and without pauses: they stay small only as long as that keeps up with the workers.

create schema if not exists agentcorp;
comment on schema agentcorp is 'AgentCorp: a durable task queue and multi-agent orchestration engine';

create sequence agentcorp.task_id;
create sequence agentcorp.claim_id;
create sequence agentcorp.gate;

create table agentcorp.shard (shard smallint primary key check (shard between 0 and 1023));
comment on table agentcorp.shard is 'One row per logical shard: the anchor of set inserts and the mutex of the shard';
insert into agentcorp.shard values (0);

create table agentcorp.queue (
    id int generated always as identity primary key,
    created_at timestamptz not null default now(),
    paused_at timestamptz,
    limited boolean not null default false,
    gated boolean not null default false,
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9_.-]{0,62}$')
);
comment on table agentcorp.queue is 'A named lane that workers subscribe to';
comment on column agentcorp.queue.limited is 'It has a limit of its own: all its tasks are admitted one by one';
comment on column agentcorp.queue.gated is 'Some of its tasks are admitted: it is limited, or a task with a key or a tenant was added once';
insert into agentcorp.queue (name) values ('default');

create table agentcorp.task (
    id bigint not null default nextval('agentcorp.task_id'),
    parent_id bigint,
    root_id bigint not null,
    created_at timestamptz not null,
    queue_id int not null,
    depth smallint not null default 0,
    priority smallint not null default 4 check (priority between 0 and 9),
    max_attempts smallint not null default 10 check (max_attempts between 1 and 1000),
    shard smallint not null default 0,
    kind text not null check (kind <> ''),
    name text,
    args jsonb not null default '{}',
    policy jsonb,
    tags text[],
    concurrency_key text,
    ordered_key text,
    tenant text,
    primary key (id, shard)
);
comment on table agentcorp.task is 'The immutable body of a task; its state is the table it stands in';
comment on column agentcorp.task.policy is 'timeout_ms, backoff, join, on_error, unique_key; batch marks a batch, forked_from a fork; null: the defaults';
comment on column agentcorp.task.concurrency_key is 'At most so many tasks with this key run at once as its limit says; one where there is no limit';
comment on column agentcorp.task.ordered_key is 'Tasks of a queue with this key run one after the other, in the order in which they were added';
comment on column agentcorp.task.tenant is 'Tenants of a queue are served in turns, by weight';
create index task_parent on agentcorp.task (parent_id, name) where parent_id is not null;
create index task_run on agentcorp.task (id) where kind = 'plan' and parent_id is null;
-- One task may have a million subtasks, and so nearly all that there are. By what ANALYZE finds then, those of any other task would be
-- looked for in the whole shard.
alter table agentcorp.task alter column parent_id set (n_distinct = -0.1);

create table agentcorp.ready (
    seq bigint not null,
    task_id bigint not null,
    queue_id int not null,
    priority smallint not null,
    shard smallint not null,
    attempt smallint not null,
    primary key (queue_id, shard, priority, seq, task_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.ready is 'Tasks that may be claimed now';
comment on column agentcorp.ready.seq is 'The clock in microseconds when the task became ready: first in, first out';

create table agentcorp.queued (
    seq bigint not null,
    task_id bigint not null,
    queue_id int not null,
    priority smallint not null,
    shard smallint not null,
    attempt smallint not null,
    tenant text not null default '',
    concurrency_key text not null default '',
    ordered_key text not null default '',
    primary key (queue_id, tenant, concurrency_key, ordered_key, shard, priority, seq, task_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.queued is
    'Tasks whose time has come, waiting to be admitted: for a slot, a token, their turn. A line is what shares queue, tenant and keys';
create unique index queued_task on agentcorp.queued (task_id, shard);

create table agentcorp.scheduled (
    run_at timestamptz not null,
    task_id bigint not null,
    attempt smallint not null,
    why smallint not null,
    shard smallint not null,
    primary key (task_id, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.scheduled is 'Tasks that wait for a time';
comment on column agentcorp.scheduled.why is '0 enqueued for later, 1 retry, 2 snoozed, 3 given back: no handler';
create index scheduled_due on agentcorp.scheduled (shard, run_at, task_id);

create table agentcorp.claim (
    claim_id bigint not null,
    worker_id bigint not null,
    claimed_at timestamptz not null,
    queue_id int not null,
    shard smallint not null,
    task_ids bigint[] not null,
    attempts smallint[] not null,
    primary key (claim_id, shard)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0, toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 1000, toast.autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.claim is
    'One row per claimed batch. A task in it runs while it has no attempt row of that number; the last one to end closes the claim';
create index claim_worker on agentcorp.claim (worker_id);
-- A thousand ids are too long for a row. To compress them first takes longer than everything else that is done to a claim.
alter table agentcorp.claim alter column task_ids set storage external, alter column attempts set storage external;

create table agentcorp.worker (
    id bigint primary key,
    started_at timestamptz not null,
    beat_at timestamptz not null,
    stopped_at timestamptz,
    pid int not null,
    concurrency int not null,
    lost boolean not null default false,
    host text not null,
    version text not null,
    queues text[] not null,
    kinds text[] not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.1);
comment on table agentcorp.worker is
    'One row per started worker process. The id is random, so that a restored backup or a reused host name never revives an old worker';

create table agentcorp.attempt (
    task_id bigint not null,
    finished_at timestamptz not null,
    worker_id bigint,
    ran_ms real,
    attempt smallint not null,
    outcome smallint not null,
    shard smallint not null,
    error jsonb,
    primary key (task_id, attempt, shard)
) with (autovacuum_vacuum_insert_scale_factor = 0.2);
comment on table agentcorp.attempt is
    'The history, and the fence: whoever inserts (task, attempt) first has ended that attempt; everyone else is too late';
comment on column agentcorp.attempt.outcome is
    'The end of the task: 1 completed, 2 failed, 3 cancelled, 4 skipped. The end of this attempt only: 10 errored, 11 lost, 12 suspended, 13 snoozed, 14 reopened';
create index attempt_unsuccessful on agentcorp.attempt (outcome, task_id) where outcome in (2, 3, 4);
create index attempt_finished on agentcorp.attempt using brin (finished_at) with (pages_per_range = 32, autosummarize = on);

create table agentcorp.output (
    task_id bigint not null,
    shard smallint not null,
    result jsonb not null,
    primary key (task_id, shard)
);
comment on table agentcorp.output is 'What a task returned; no row when it returned nothing';

create table agentcorp.dependency (
    needs_id bigint not null,
    task_id bigint not null,
    gate bigint not null,
    shard smallint not null,
    primary key (needs_id, task_id, gate, shard)
);
comment on table agentcorp.dependency is 'An edge: task_id needs needs_id';
comment on column agentcorp.dependency.gate is
    'The blocked row that this edge counts for; an edge of an earlier gate never touches a later one';
create index dependency_task on agentcorp.dependency (task_id);
-- As in task.parent_id.
alter table agentcorp.dependency alter column task_id set (n_distinct = -0.1);

create table agentcorp.blocked (
    task_id bigint not null,
    gate bigint not null,
    run_at timestamptz,
    wake_at timestamptz,
    remaining int not null,
    met int not null default 0,
    failed int not null default 0,
    quorum int not null default 0,
    attempt smallint not null,
    phase smallint not null,
    shard smallint not null,
    primary key (task_id, shard)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.blocked is 'Tasks that wait on other tasks, with the count of what is still open';
comment on column agentcorp.blocked.wake_at is 'In phases 2 and 4: when it runs again at the latest, whatever it waits for; else null';
create index blocked_wake on agentcorp.blocked (shard, wake_at) where wake_at is not null;
comment on column agentcorp.blocked.phase is
    '0 blocked before its first run, 1 running (or about to) with open subtasks or a wait, 2 waiting for subtasks, 3 done, completes when its subtasks do, 4 waiting for an event, 5 a batch that is not sealed';
comment on column agentcorp.blocked.quorum is '0 all needs must succeed, -1 all must end, -2 a batch: all must end, and it fails when one has failed, n at least n must succeed';

create table agentcorp.resolve (
    seq bigint not null,
    needs_id bigint not null,
    met boolean not null,
    shard smallint not null,
    primary key (shard, seq, needs_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.resolve is 'Outbox: tasks that have ended and that others need; the coordinator empties it';

create table agentcorp.unique_key (
    task_id bigint not null,
    shard smallint not null,
    key text not null,
    primary key (key, shard)
);
comment on table agentcorp.unique_key is
    'Which task holds a unique key. A key whose task has ended is free: the next enqueue takes the row over, so finishing never touches it';

create table agentcorp.step (
    task_id bigint not null,
    created_at timestamptz not null,
    attempt smallint not null,
    shard smallint not null,
    name text not null,
    value jsonb not null,
    primary key (task_id, name, shard)
);
comment on table agentcorp.step is 'A named durable checkpoint inside a task: computed once, replayed on every later attempt';

create table agentcorp.blob (
    created_at timestamptz not null,
    size int not null,
    shard smallint not null,
    sha256 bytea not null,
    data jsonb not null,
    primary key (sha256, shard)
);
comment on table agentcorp.blob is 'Payloads over 256 KiB, once per content; in their columns stands a reference';
comment on column agentcorp.blob.sha256 is 'Of the text of the value, as PostgreSQL prints it, in UTF-8';
comment on column agentcorp.blob.size is 'The length of that text in bytes';

create table agentcorp.blob_use (
    task_id bigint not null,
    shard smallint not null,
    sha256 bytea not null,
    primary key (task_id, sha256, shard)
);
comment on table agentcorp.blob_use is 'Which task refers to which blob; a blob without a use may be deleted';
create index blob_use_blob on agentcorp.blob_use (sha256, shard);

create table agentcorp.progress (
    task_id bigint not null,
    reported_at timestamptz not null,
    fraction real,
    attempt smallint not null,
    shard smallint not null,
    message text,
    primary key (task_id, shard)
) with (fillfactor = 50);
comment on table agentcorp.progress is 'The last progress that a task reported';

create table agentcorp.count_delta (
    queue_id int not null,
    ready int not null default 0,
    queued int not null default 0,
    scheduled int not null default 0,
    blocked int not null default 0,
    running int not null default 0,
    completed int not null default 0,
    failed int not null default 0,
    cancelled int not null default 0,
    skipped int not null default 0,
    shard smallint not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table agentcorp.count_delta is 'Changes of the depths of a queue, one row per call; folded into counter by the coordinator';

create table agentcorp.counter (
    ready bigint not null default 0,
    queued bigint not null default 0,
    scheduled bigint not null default 0,
    blocked bigint not null default 0,
    running bigint not null default 0,
    completed bigint not null default 0,
    failed bigint not null default 0,
    cancelled bigint not null default 0,
    skipped bigint not null default 0,
    queue_id int not null,
    shard smallint not null,
    primary key (queue_id, shard)
) with (fillfactor = 50);
comment on table agentcorp.counter is 'The folded depths of each queue';

create table agentcorp.leader (
    name text primary key,
    term bigint not null,
    holder bigint not null,
    expires_at timestamptz not null
);
comment on table agentcorp.leader is 'Who leads, under which term, until when; a lease row, safe behind poolers';
