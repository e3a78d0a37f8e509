-- Memory: values under keys that outlive the task that wrote them: of a run (its tree), of an agent, of a user, of everybody. A key has
-- one row with its present value, whose lock lets writers take turns, and an insert-only history. How a value is written over is a rule of
-- the key (set, append, max, union, counter), so that many writers lose nothing. The memory of a run lies in its shard and goes with its
-- tree; every other key lies in the shard of its name.
-- A key uses its blobs under its id with a minus before it, where a task has its own id.

create sequence agentcorp.memory_id;

create table agentcorp.memory (
    id bigint not null,
    author_id bigint,
    written_at timestamptz not null,
    version int not null default 0,
    shard smallint not null,
    tainted boolean not null default false,
    scope text collate "C" not null check (scope in ('run', 'agent', 'user', 'global')),
    owner text collate "C" not null,
    key text collate "C" not null,
    merge text not null check (merge in ('set', 'append', 'max', 'union', 'counter')),
    value jsonb,
    words tsvector,
    primary key (scope, owner, key, shard)
) with (fillfactor = 80);
comment on table agentcorp.memory is 'Keys of memories with their present value; null: it was deleted, or never written';
comment on column agentcorp.memory.owner is 'The root of the run, the agent, the user; empty for global';
comment on column agentcorp.memory.author_id is 'The task that wrote it last; null: none';
comment on column agentcorp.memory.tainted is 'Written by a run that had read something from outside: so has who reads it';
comment on column agentcorp.memory.words is 'What agentcorp.memory_search finds it by';
create unique index memory_by_id on agentcorp.memory (id, shard);
create index memory_words on agentcorp.memory using gin (words);

create table agentcorp.memory_version (
    memory_id bigint not null,
    author_id bigint,
    written_at timestamptz not null,
    version int not null,
    shard smallint not null,
    change jsonb,
    write_key text,
    primary key (memory_id, version, shard)
);
comment on table agentcorp.memory_version is 'What has been written, insert-only. The present value is what the changes make of each other by the rule of the key';
comment on column agentcorp.memory_version.change is 'What was given: the value, what was appended or added; null: it was deleted';
comment on column agentcorp.memory_version.write_key is 'Of a write that counts once, however often it is repeated';
create unique index memory_version_write on agentcorp.memory_version (memory_id, write_key, shard) where write_key is not null;
create index memory_version_time on agentcorp.memory_version using brin (written_at) with (pages_per_range = 32, autosummarize = on);

do $$ begin
    if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table agentcorp.memory alter column value set compression lz4;
        alter table agentcorp.memory_version alter column change set compression lz4;
    end if;
end $$;

-- Places

-- With a task, only what that task may see: the memory of its run, of its agent, of the user for whom the run is, and the global one.
-- locks: task (the root of the run, shared, where something is to be written)
create function agentcorp.memory_place(p_scope text, p_owner text, p_task bigint, p_writes boolean, out owner text, out run_shard smallint) language plpgsql as $$
declare
    v_run bigint;
    v_mine text;
begin
    if p_scope is null or p_scope not in ('run', 'agent', 'user', 'global') then
        raise exception 'memory scope "%" is not known', p_scope using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(p_scope, '{run,agent,user,global}'), ' Use run, agent, user or global.'));
    end if;
    if p_task is not null then
        select t.root_id into v_run from agentcorp.task t where t.id = p_task and t.shard = agentcorp.shard_of(p_task);
        if not found then
            raise exception 'unknown task %', p_task using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
        end if;
        v_mine := case p_scope when 'run' then v_run::text when 'global' then ''
            when 'agent' then (select r.agent from agentcorp.agent_run r where r.task_id = p_task and r.shard = agentcorp.shard_of(p_task))
            else (select t.args ->> 'user' from agentcorp.task t where t.id = v_run and t.shard = agentcorp.shard_of(v_run)) end;
        p_owner := coalesce(p_owner, v_mine);
        if p_owner is null and not p_writes then
            -- Who has no agent or no user finds nothing there.
            return;
        end if;
    end if;
    if p_scope = 'global' then
        owner := coalesce(p_owner, '');
        if owner <> '' then
            raise exception 'global memory has no owner' using errcode = 'AC007', hint = 'Leave the owner out.';
        end if;
    elsif coalesce(p_owner, '') = '' then
        raise exception 'whose memory it is, is missing' using errcode = 'AC007',
            hint = case p_scope when 'run' then 'The owner of a run''s memory is a task of the run.' else format('Name the %s.', p_scope) end;
    elsif p_scope = 'run' then
        if p_owner !~ '^[0-9]{1,18}$' then
            raise exception '"%" is no task', left(p_owner, 100) using errcode = 'AC007', hint = 'The owner of a run''s memory is the id of a task of the run.';
        end if;
        run_shard := agentcorp.shard_of(p_owner::bigint);
        select t.root_id into v_run from agentcorp.task t where t.id = p_owner::bigint and t.shard = run_shard;
        if found and p_writes then
            -- The pruner passes over a tree whose root is locked, and whoever comes after it finds nothing.
            perform 1 from agentcorp.task t where t.id = v_run and t.shard = run_shard for key share;
        end if;
        if not found then
            raise exception 'unknown task %', p_owner using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
        end if;
        owner := v_run;
    else
        owner := p_owner;
        if octet_length(owner) > 200 or owner ~ '[[:cntrl:]]' then
            raise exception 'the owner of a memory is too long, or has control characters' using errcode = 'AC007', hint = 'At most 200 bytes.';
        end if;
    end if;
    if p_task is not null and owner is distinct from v_mine then
        raise exception 'task % may not use the % memory of "%"', p_task, p_scope, owner using errcode = 'insufficient_privilege',
            hint = case when v_mine is null then format('It belongs to no %s.', p_scope) else format('Its own is that of "%s".', v_mine) end;
    end if;
end $$;
comment on function agentcorp.memory_place is 'Whose memory is meant, as it is stored, and its shard if it is that of a run; refuses what is not there, and what the task may not see';

create function agentcorp.memory_shard(p_scope text, p_owner text, p_key text, p_run_shard smallint) returns smallint language plpgsql as $$
begin
    return coalesce(p_run_shard, agentcorp.choose_shard(format('memory:%s/%s/%s', p_scope, p_owner, p_key)));
end $$;
comment on function agentcorp.memory_shard is 'The shard of a key';

-- Writing

create function agentcorp.refuse_merge(p_merge text) returns void language plpgsql immutable as $$
begin
    if p_merge not in ('set', 'append', 'max', 'union', 'counter') then
        raise exception 'merge "%" is not known', p_merge using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(p_merge, '{set,append,max,union,counter}'), ' Use set, append, max, union or counter.'));
    end if;
end $$;
comment on function agentcorp.refuse_merge is 'Refuses what is no rule of a key';

-- Its row, locked; made where there is none.
create function agentcorp.memory_row(p_shard smallint, p_scope text, p_owner text, p_key text, p_merge text) returns agentcorp.memory language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_row agentcorp.memory;
    v_now timestamptz := agentcorp.clock();
    v_id bigint;
begin
    if coalesce(p_key, '') = '' or octet_length(p_key) > 500 or p_key ~ '[[:cntrl:]]' then
        raise exception 'memory key "%" is not valid', left(p_key, 100) using errcode = 'AC007', hint = 'Use 1 to 500 bytes without control characters.';
    end if;
    perform agentcorp.refuse_merge(p_merge);
    loop
        select m.* into v_row from agentcorp.memory m where m.scope = p_scope and m.owner = p_owner and m.key = p_key and m.shard = p_shard for update;
        exit when found;
        v_id := (p_shard::bigint << 53) | nextval('agentcorp.memory_id');
        insert into agentcorp.memory (id, written_at, shard, scope, owner, key, merge)
            values (v_id, v_now, p_shard, p_scope, p_owner, p_key, coalesce(p_merge, 'set')) on conflict do nothing;
    end loop;
    return v_row;
end $$;
comment on function agentcorp.memory_row is 'The row of a key, locked until the transaction ends';

create function agentcorp.memory_merged(p_merge text, p_old jsonb, p_change jsonb) returns jsonb language plpgsql immutable as $$
begin
    if p_merge = 'set' then
        return p_change;
    elsif p_merge = 'append' then
        return coalesce(p_old, '[]') || jsonb_build_array(p_change);
    elsif p_merge = 'union' then
        return coalesce(p_old, '[]') || coalesce((select jsonb_agg(n.value order by n.i) from (
                select e.value, min(e.i) i from jsonb_array_elements(case when jsonb_typeof(p_change) = 'array' then p_change else jsonb_build_array(p_change) end)
                    with ordinality e(value, i) group by 1) n
            where n.value not in (select o.value from jsonb_array_elements(coalesce(p_old, '[]')) o)), '[]');
    elsif p_merge = 'counter' then
        if jsonb_typeof(p_change) <> 'number' then
            raise exception 'a counter counts numbers, not %', left(p_change::text, 100) using errcode = 'AC007';
        end if;
        return to_jsonb(coalesce(p_old #>> '{}', '0')::numeric + (p_change #>> '{}')::numeric);
    end if;
    if jsonb_typeof(p_change) not in ('number', 'string') or jsonb_typeof(p_change) <> jsonb_typeof(coalesce(p_old, p_change)) then
        raise exception 'the greater of % and % is not known', left(coalesce(p_old, p_change)::text, 100), left(p_change::text, 100) using errcode = 'AC007',
            hint = 'A key with the rule max holds numbers only, or texts only.';
    end if;
    return case when p_old is null then p_change
        when jsonb_typeof(p_change) = 'number' then to_jsonb(greatest((p_old #>> '{}')::numeric, (p_change #>> '{}')::numeric))
        when (p_change #>> '{}') collate "C" > (p_old #>> '{}') collate "C" then p_change else p_old end;
end $$;
comment on function agentcorp.memory_merged is 'What a change makes of a value, by the rule of its key; of null at first';

create function agentcorp.memory_words(p_key text, p_value jsonb) returns tsvector language sql immutable parallel safe as $$
    select to_tsvector('simple', translate(p_key, '/._-', '    ') || ' ' || left(coalesce(p_value #>> '{$blob,preview}', p_value #>> '{}'), 100000))
$$;
comment on function agentcorp.memory_words is 'The words of a key and of the first 100,000 characters of its value';

-- Ends the use of a blob that the key has no more.
create function agentcorp.drop_memory_blob(p_shard smallint, p_id bigint, p_stored jsonb) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
begin
    if p_stored is null or jsonb_typeof(p_stored) <> 'object' or not p_stored ? '$blob'
        or exists (select from agentcorp.memory m where m.id = p_id and m.shard = p_shard and m.value = p_stored)
        or exists (select from agentcorp.memory_version v where v.memory_id = p_id and v.shard = p_shard and v.change = p_stored) then
        return;
    end if;
    delete from agentcorp.blob_use u where u.task_id = -p_id and u.shard = p_shard and u.sha256 = decode(p_stored #>> '{$blob,sha256}', 'hex');
    perform agentcorp.drop_unused(p_shard, array[decode(p_stored #>> '{$blob,sha256}', 'hex')]);
end $$;
comment on function agentcorp.drop_memory_blob is 'Ends the use of a blob by a key in which neither its value nor its history refers to it';

-- locks: the key, then topic (shared) and what emit_event locks, blob
create function agentcorp.memory_write(p_shard smallint, p_row agentcorp.memory, p_change jsonb, p_value jsonb, p_author bigint, p_write_key text) returns int language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_change jsonb := agentcorp.store_payload(p_shard, -p_row.id, 'memory values', p_change);
    v_value jsonb := agentcorp.store_payload(p_shard, -p_row.id, 'memory values', p_value);
    v_version int := p_row.version + 1;
    v_tainted boolean := coalesce((select r.tainted from agentcorp.agent_run r where r.task_id = p_author and r.shard = agentcorp.shard_of(p_author)), false)
        or p_row.tainted and p_row.value is not null and p_row.merge in ('append', 'union');
begin
    insert into agentcorp.memory_version (memory_id, author_id, written_at, version, shard, change, write_key)
        values (p_row.id, p_author, v_now, v_version, p_shard, v_change, p_write_key);
    update agentcorp.memory m set author_id = p_author, written_at = v_now, version = v_version, tainted = v_tainted, value = v_value,
            words = case when p_value is not null then agentcorp.memory_words(p_row.key, p_value) end
        where m.scope = p_row.scope and m.owner = p_row.owner and m.key = p_row.key and m.shard = p_shard;
    if p_row.value is distinct from v_value then
        perform agentcorp.drop_memory_blob(p_shard, p_row.id, p_row.value);
    end if;
    perform agentcorp.emit_event('memory.' || p_row.scope, jsonb_build_object('scope', p_row.scope, 'owner', p_row.owner, 'key', p_row.key, 'version', v_version,
        'deleted', p_value is null, 'author', p_author), format('%s/%s@%s', p_row.owner, p_row.key, v_version));
    if pg_try_advisory_xact_lock(20264, hashtext(p_row.scope || p_row.owner)) then
        perform pg_notify('agentcorp_memory', p_row.scope || ':' || p_row.owner);
    end if;
    return v_version;
end $$;
comment on function agentcorp.memory_write is 'Writes the next version of a key, whose row is locked, and tells those who wait and watch';

create function agentcorp.memory_set(scope text, owner text, key text, value jsonb, expected_version int default null, merge text default null,
    author_task bigint default null, write_key text default null) returns table (written boolean, version int, current jsonb) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_variable
declare
    v_place record;
    v_shard smallint;
    v_row agentcorp.memory;
    v_old jsonb;
    v_new jsonb;
begin
    if memory_set.value is null then
        raise exception 'the value for memory key "%" is missing', key using errcode = 'AC007',
            hint = 'Use the JSON null to say that there is nothing; agentcorp.memory_delete deletes.';
    elsif write_key = '' or octet_length(write_key) > 500 then
        raise exception 'the write_key is empty or over 500 bytes' using errcode = 'AC007';
    end if;
    select * into v_place from agentcorp.memory_place(scope, owner, author_task, true);
    v_shard := agentcorp.memory_shard(scope, v_place.owner, key, v_place.run_shard);
    v_row := agentcorp.memory_row(v_shard, scope, v_place.owner, key, merge);
    v_old := agentcorp.payload(v_row.value, v_shard);
    if write_key is not null and exists (select from agentcorp.memory_version v where v.memory_id = v_row.id and v.write_key = memory_set.write_key and v.shard = v_shard) then
        return query select true, v_row.version, v_old;
        return;
    end if;
    if expected_version is not null and expected_version <> v_row.version and not (expected_version = 0 and v_row.value is null) then
        return query select false, v_row.version, v_old;
        return;
    end if;
    if merge <> v_row.merge then
        raise exception 'memory key "%" has the rule %, not %', key, v_row.merge, merge using errcode = 'AC009',
            hint = 'Use its rule, or another key. The rule of a key without a value is changed with agentcorp.memory_declare.';
    end if;
    v_new := agentcorp.memory_merged(v_row.merge, v_old, memory_set.value);
    -- What changes nothing is no version; for set it is: somebody has said so again.
    if v_row.merge in ('max', 'union') and v_new = v_old then
        return query select true, v_row.version, v_old;
        return;
    end if;
    return query select true, agentcorp.memory_write(v_shard, v_row, memory_set.value, v_new, author_task, write_key), v_new;
end $$;
comment on function agentcorp.memory_set is
    'Writes a key, by its rule: set, append (adds an element), union (adds what is not there), max, counter (adds a number). With expected_version only if that is its version, 0: if it has no value; else written is false, and version and current are what is there. merge declares the rule with the first write. With a write_key it counts once. author_task: who writes, and may write only its own memories';

create function agentcorp.memory_delete(scope text, owner text, key text, expected_version int default null, author_task bigint default null)
returns table (written boolean, version int) language plpgsql set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_variable
declare
    v_place record;
    v_shard smallint;
    v_row agentcorp.memory;
begin
    select * into v_place from agentcorp.memory_place(scope, owner, author_task, true);
    v_shard := agentcorp.memory_shard(scope, v_place.owner, key, v_place.run_shard);
    select m.* into v_row from agentcorp.memory m where m.scope = memory_delete.scope and m.owner = v_place.owner and m.key = memory_delete.key and m.shard = v_shard for update;
    if v_row.value is null or expected_version <> v_row.version then
        return query select false, coalesce(v_row.version, 0);
        return;
    end if;
    return query select true, agentcorp.memory_write(v_shard, v_row, null, null, author_task, null);
end $$;
comment on function agentcorp.memory_delete is 'Deletes the value of a key, as a version of it; its history and its rule stay. False: it has none, or another version than the expected';

create function agentcorp.memory_declare(scope text, owner text, key text, merge text, author_task bigint default null) returns void language plpgsql as $$
#variable_conflict use_variable
declare
    v_place record;
    v_shard smallint;
    v_row agentcorp.memory;
begin
    if merge is null then
        raise exception 'the rule for memory key "%" is missing', key using errcode = 'AC007', hint = 'Use set, append, max, union or counter.';
    end if;
    select * into v_place from agentcorp.memory_place(scope, owner, author_task, true);
    v_shard := agentcorp.memory_shard(scope, v_place.owner, key, v_place.run_shard);
    v_row := agentcorp.memory_row(v_shard, scope, v_place.owner, key, merge);
    if v_row.merge = merge then
        return;
    elsif v_row.value is not null then
        raise exception 'memory key "%" has a value by the rule %', key, v_row.merge using errcode = 'AC009', hint = 'Delete the value first, or use another key.';
    end if;
    update agentcorp.memory m set merge = memory_declare.merge
        where m.scope = memory_declare.scope and m.owner = v_place.owner and m.key = memory_declare.key and m.shard = v_shard;
end $$;
comment on function agentcorp.memory_declare is 'Says by which rule a key is written; that is possible while it has no value';

-- Reading

create function agentcorp.memory_json(p_row agentcorp.memory, p_inline int default null) returns jsonb language sql stable as $$
    select jsonb_build_object('scope', p_row.scope, 'owner', p_row.owner, 'key', p_row.key, 'version', p_row.version, 'merge', p_row.merge,
        'author', p_row.author_id, 'tainted', p_row.tainted, 'written_at', p_row.written_at, 'bytes', s.bytes)
        || case when p_inline is null or s.bytes <= p_inline then jsonb_build_object('value', agentcorp.payload(p_row.value, p_row.shard)) else '{}' end
    from (select coalesce((p_row.value #>> '{$blob,size}')::int, pg_column_size(p_row.value)) bytes) s
$$;
comment on function agentcorp.memory_json is 'A key as people and agents get it; a value that takes more than p_inline bytes is left out';

create function agentcorp.memory_get(scope text, owner text, key text, as_task bigint default null) returns jsonb language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
declare
    v_place record;
    v_shard smallint;
    v_row agentcorp.memory;
begin
    select * into v_place from agentcorp.memory_place(scope, owner, as_task, false);
    v_shard := agentcorp.memory_shard(scope, v_place.owner, key, v_place.run_shard);
    select m.* into v_row from agentcorp.memory m where m.scope = memory_get.scope and m.owner = v_place.owner and m.key = memory_get.key and m.shard = v_shard;
    return case when v_row.value is not null then agentcorp.memory_json(v_row) end;
end $$;
comment on function agentcorp.memory_get is 'A key: its value, version, rule, author, when it was written; null when it has no value. With as_task only what that task may see';

create function agentcorp.memory_list(scope text, owner text, prefix text default '', after text default '', limit_to int default 100, as_task bigint default null)
returns setof jsonb language plpgsql set enable_seqscan = off set jit = off as $$
declare
    v_place record;
begin
    select * into v_place from agentcorp.memory_place(scope, owner, as_task, false);
    return query select agentcorp.memory_json(m, 8192) from agentcorp.memory m
        where m.scope = memory_list.scope and m.owner = v_place.owner and m.key > memory_list.after collate "C" and m.key >= memory_list.prefix collate "C"
            and starts_with(m.key, memory_list.prefix) and m.value is not null and (v_place.run_shard is null or m.shard = v_place.run_shard)
        order by m.key limit limit_to;
end $$;
comment on function agentcorp.memory_list is 'Keys that have a value, in their order; after is the key to go on from. Values over 8 KiB are left out';

create function agentcorp.memory_search(scope text, owner text, query text, limit_to int default 20, config regconfig default 'simple', as_task bigint default null)
returns table (key text, version int, rank real, excerpt text, value jsonb, author bigint, tainted boolean, written_at timestamptz) language plpgsql
set enable_seqscan = off set jit = off as $$
#variable_conflict use_variable
declare
    v_place record;
    v_query tsquery := websearch_to_tsquery(config, query);
begin
    if limit_to is null or limit_to not between 1 and 1000 then
        raise exception 'limit_to: % is not between 1 and 1000', limit_to using errcode = 'AC007';
    end if;
    select * into v_place from agentcorp.memory_place(scope, owner, as_task, false);
    return query
        select f.key, f.version, f.rank, ts_headline(config, left(f.body, 20000), v_query, 'MaxFragments=2, MaxWords=25, MinWords=8, StartSel=**, StopSel=**'),
            case when f.bytes <= 8192 then f.value end, f.author_id, f.tainted, f.written_at
        from (
            select m.key::text, m.version, r.rank, coalesce(m.value #>> '{$blob,preview}', m.value #>> '{}') body, m.value,
                coalesce((m.value #>> '{$blob,size}')::int, pg_column_size(m.value)) bytes, m.author_id, m.tainted, m.written_at
            from agentcorp.memory m
            -- Another configuration than that of the index has to read all that the owner has.
            cross join lateral (select ts_rank_cd(w.words, v_query) rank from (
                select case when config = 'simple'::regconfig then m.words
                    else to_tsvector(config, m.key || ' ' || left(coalesce(m.value #>> '{$blob,preview}', m.value #>> '{}'), 100000)) end words) w where w.words @@ v_query) r
            where m.scope = memory_search.scope and m.owner = v_place.owner and m.value is not null and (v_place.run_shard is null or m.shard = v_place.run_shard)
                and (config <> 'simple'::regconfig or m.words @@ v_query)
            order by r.rank desc, m.written_at desc, m.key limit limit_to) f
        order by f.rank desc, f.written_at desc, f.key;
end $$;
comment on function agentcorp.memory_search is
    'Finds keys by words in key and value, the best first: words, "phrases", or, -without. config: a text search configuration such as english for word stems. Values over 8 KiB are left out';

create function agentcorp.memory_history(scope text, owner text, key text, before int default null, limit_to int default 50, as_task bigint default null)
returns table (version int, change jsonb, deleted boolean, author bigint, written_at timestamptz) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set jit = off as $$
#variable_conflict use_variable
declare
    v_place record;
    v_shard smallint;
begin
    select * into v_place from agentcorp.memory_place(scope, owner, as_task, false);
    v_shard := agentcorp.memory_shard(scope, v_place.owner, key, v_place.run_shard);
    return query select v.version, agentcorp.payload(v.change, v_shard), v.change is null, v.author_id, v.written_at
        from agentcorp.memory m join agentcorp.memory_version v on v.memory_id = m.id and v.shard = m.shard
        where m.scope = memory_history.scope and m.owner = v_place.owner and m.key = memory_history.key and m.shard = v_shard
            and (memory_history.before is null or v.version < memory_history.before) order by v.version desc limit limit_to;
end $$;
comment on function agentcorp.memory_history is 'What was written to a key, the latest first; before is the version to go on from';

-- As agentcorp.follow_events: by what is committed, so that nothing is missed.
create function agentcorp.memory_changes(scope text, owner text, since text default null, key text default null, as_task bigint default null, out reached text, out changes jsonb)
language plpgsql set enable_seqscan = off set jit = off as $$
declare
    v_place record;
    v_since pg_snapshot;
    v_now pg_snapshot := pg_current_snapshot();
begin
    begin
        v_since := since;
    exception when invalid_text_representation then
        raise exception 'position "%" is not valid', left(since, 100) using errcode = 'AC007', hint = 'Pass what an earlier call has returned as reached.';
    end;
    select * into v_place from agentcorp.memory_place(scope, owner, as_task, false);
    reached := v_now;
    select coalesce(jsonb_agg(coalesce(m.found, jsonb_build_object('scope', memory_changes.scope, 'owner', v_place.owner, 'key', e.key, 'version', e.version))
            || jsonb_build_object('deleted', m.found is null) order by e.id), '[]') into changes
        from (select x.data ->> 'key' as key, max((x.data ->> 'version')::int) as version, max(x.id) id from agentcorp.event x
            where x.topic = 'memory.' || memory_changes.scope and x.xact >= pg_snapshot_xmin(v_since) and x.xact < pg_snapshot_xmax(v_now)
                and not pg_visible_in_snapshot(x.xact, v_since) and pg_visible_in_snapshot(x.xact, v_now)
                and x.data ->> 'owner' = v_place.owner and (memory_changes.key is null or x.data ->> 'key' = memory_changes.key)
            group by 1) e
        left join lateral (select agentcorp.memory_json(c, 8192) as found from agentcorp.memory c where c.scope = memory_changes.scope and c.owner = v_place.owner
            and c.key = e.key and c.value is not null and c.shard = agentcorp.memory_shard(memory_changes.scope, v_place.owner, e.key, v_place.run_shard)) m on true;
end $$;
comment on function agentcorp.memory_changes is
    'The keys that were written since a position, as they are now, and the position to go on from; without one, none and the present position. Listen to agentcorp_memory to know when to ask';

create view agentcorp.memories as
select m.scope, m.owner, m.key, m.version, m.merge, agentcorp.payload(m.value, m.shard) as value, m.author_id author, m.tainted, m.written_at
from agentcorp.memory m where m.value is not null;
comment on view agentcorp.memories is 'Keys of memories with their present values';

-- The end

create function agentcorp.drop_memories(p_shard smallint, p_ids bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
begin
    delete from agentcorp.memory_version v where v.shard = p_shard and v.memory_id = any (p_ids);
    delete from agentcorp.memory m where m.shard = p_shard and m.id = any (p_ids);
    perform agentcorp.drop_blobs_of(p_shard, array(select -i from unnest(p_ids) i));
end $$;
comment on function agentcorp.drop_memories is 'Deletes keys with all that belongs to them';

create function agentcorp.drop_memories_of_runs(p_shard smallint, p_roots bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_ids bigint[] := array(select m.id from unnest(p_roots) u(id)
        cross join lateral (select m.id from agentcorp.memory m where m.scope = 'run' and m.owner = u.id::text and m.shard = p_shard offset 0) m);
begin
    if v_ids <> '{}' then
        perform agentcorp.drop_memories(p_shard, v_ids);
    end if;
end $$;
comment on function agentcorp.drop_memories_of_runs is 'Deletes the memories of runs, for whatever deletes their trees';

-- Of a deleted key nothing is left after a while, of every other key its present value and the latest versions.
create function agentcorp.prune_memory(p_shard smallint, p_limit int default 1000, p_keep interval default '90 days') returns boolean language plpgsql
set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_before timestamptz := agentcorp.clock() - p_keep;
    v_deleted bigint[];
    v_ids bigint[];
    v_versions int[];
    v_changes jsonb[];
begin
    v_deleted := array(select m.id from agentcorp.memory m where m.shard = p_shard and m.value is null and m.written_at < v_before limit p_limit for update skip locked);
    if v_deleted <> '{}' then
        perform agentcorp.drop_memories(p_shard, v_deleted);
    end if;
    select array_agg(q.memory_id), array_agg(q.version), array_agg(q.change) into v_ids, v_versions, v_changes from (
        select v.memory_id, v.version, v.change from agentcorp.memory_version v
        where v.shard = p_shard and v.written_at < v_before
            and exists (select from agentcorp.memory m where m.id = v.memory_id and m.shard = p_shard and m.version > v.version offset 0)
        limit p_limit for update of v skip locked) q;
    if v_ids is not null then
        delete from agentcorp.memory_version v where v.shard = p_shard and (v.memory_id, v.version) in (select * from unnest(v_ids, v_versions));
        for i in 1 .. cardinality(v_ids) loop
            perform agentcorp.drop_memory_blob(p_shard, v_ids[i], v_changes[i]);
        end loop;
    end if;
    return cardinality(v_deleted) = p_limit or coalesce(cardinality(v_ids), 0) = p_limit;
end $$;
comment on function agentcorp.prune_memory is 'Deletes versions that were written over 90 days ago, and keys that were deleted then; says whether there may be more';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('work', 'memory_set memory_delete memory_declare memory_get memory_list memory_search memory_history memory_changes'),
    ('internal', 'memory_place memory_shard memory_row memory_merged memory_words memory_write refuse_merge drop_memory_blob memory_json drop_memories drop_memories_of_runs prune_memory')) x(c, f);
select agentcorp.grant_roles();
