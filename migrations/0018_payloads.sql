-- Payloads: large ones (agentcorp.blob; agentcorp.store_payload, agentcorp.put_blob and agentcorp.payload stand beside enqueue), their
-- deletion, and what a change of encryption keys needs. Encryption itself happens in the clients: keys never come here.

do $$
declare
    v record;
begin
    if 'lz4' = any ((select s.enumvals from pg_settings s where s.name = 'default_toast_compression')::text[]) then
        for v in select * from (values ('task', 'args'), ('output', 'result'), ('step', 'value'), ('blob', 'data')) x(relation, attribute) loop
            execute format('alter table agentcorp.%I alter column %I set compression lz4', v.relation, v.attribute);
        end loop;
    end if;
end $$;

-- A worker stores a large output from the task itself, so that the batch of its lane carries only the reference.
create function agentcorp.store_output(task_id bigint, attempt int, payload jsonb) returns jsonb language plpgsql as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_stored jsonb;
begin
    perform agentcorp.require_lease(v_shard, task_id, attempt);
    v_stored := agentcorp.store_payload(v_shard, task_id, 'outputs', payload);
    return case when pg_column_size(payload) > 262144 then v_stored end;
end $$;
comment on function agentcorp.store_output is
    'Stores a large output of a running task ahead of its end; returns the reference to finish with, or null when it is small enough to be passed itself';

create function agentcorp.args_of(task_id bigint) returns jsonb language plpgsql stable as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v_args jsonb;
begin
    select agentcorp.payload(t.args, v_shard) into v_args from agentcorp.task t where t.id = task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', task_id using errcode = 'AC001', hint = 'Look it up with: agentcorp tasks list';
    end if;
    return v_args;
end $$;
comment on function agentcorp.args_of is 'The arguments of a task, in full';

-- Looks for uses a second time under the lock, in a statement of its own: whoever took a use meanwhile has committed by then. That
-- takes a new snapshot, which only READ COMMITTED gives.
-- locks: blob (skips what others hold)
create function agentcorp.drop_unused(p_shard smallint, p_shas bytea[]) returns int language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_unused bytea[];
    v_n int;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception 'blobs are deleted under READ COMMITTED only, not %', upper(current_setting('transaction_isolation')) using errcode = 'AC009',
            hint = 'Another isolation level does not show who has come to use one meanwhile.';
    end if;
    v_unused := array(select b.sha256 from agentcorp.blob b where b.shard = p_shard and b.sha256 = any (p_shas)
        and not exists (select from agentcorp.blob_use u where u.sha256 = b.sha256 and u.shard = p_shard offset 0)
        order by b.sha256 for update skip locked);
    if v_unused = '{}' then
        return 0;
    end if;
    delete from agentcorp.blob b where b.shard = p_shard and b.sha256 = any (v_unused)
        and not exists (select from agentcorp.blob_use u where u.sha256 = b.sha256 and u.shard = p_shard offset 0);
    get diagnostics v_n = row_count;
    return v_n;
end $$;
comment on function agentcorp.drop_unused is 'Deletes those of the blobs that no task uses; skips one that somebody is about to use';

-- For whatever deletes tasks, in the same transaction: perform agentcorp.drop_blobs_of(p_shard, p_task_ids).
-- locks: blob_use, blob (skips what others hold)
create function agentcorp.drop_blobs_of(p_shard smallint, p_task_ids bigint[]) returns int language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v_shas bytea[] := array(select distinct u.sha256 from agentcorp.blob_use u where u.shard = p_shard and u.task_id = any (p_task_ids));
begin
    if v_shas = '{}' then
        return 0;
    end if;
    delete from agentcorp.blob_use u where u.shard = p_shard and u.task_id = any (p_task_ids);
    return agentcorp.drop_unused(p_shard, v_shas);
end $$;
comment on function agentcorp.drop_blobs_of is 'Ends the use of blobs by tasks that are deleted, and deletes the blobs that nobody else uses; returns how many';

create function agentcorp.prune_blobs(p_shard smallint, p_limit int default 1000) returns int language plpgsql set jit = off as $$
begin
    -- Under its negative id a key of a memory uses blobs.
    delete from agentcorp.blob_use u where u.shard = p_shard and u.task_id > 0 and not exists (
        select from agentcorp.task t where t.id = u.task_id and t.shard = p_shard);
    return agentcorp.drop_unused(p_shard, array(select b.sha256 from agentcorp.blob b where b.shard = p_shard
        and not exists (select from agentcorp.blob_use u where u.sha256 = b.sha256 and u.shard = p_shard) limit p_limit));
end $$;
comment on function agentcorp.prune_blobs is
    'Deletes blobs that no task uses: what agentcorp.drop_blobs_of had to skip. It looks at every blob, so call it rarely; returns how many it deleted';

create function agentcorp.share_blobs(p_shard smallint, p_from bigint, p_to bigint) returns void language plpgsql as $$
begin
    -- The source keeps its use until this transaction ends, so that what it refers to stays.
    perform 1 from agentcorp.blob_use u where u.task_id = p_from and u.shard = p_shard order by u.sha256 for key share;
    insert into agentcorp.blob_use (task_id, shard, sha256)
        select p_to, s.shard, u.sha256 from agentcorp.shard s join agentcorp.blob_use u on u.shard = s.shard
        where s.shard = p_shard and u.task_id = p_from on conflict do nothing;
end $$;
comment on function agentcorp.share_blobs is 'For rows copied from one task to another in the same shard: the other uses the same blobs from now on';

-- Encryption is the clients' work: `{"$enc": {"v": 1, "k": "key id", "c": "base64"}}` is all that the database sees of it. A change of
-- keys is the one exception to bodies being insert-only.

create function agentcorp.payload_key(value jsonb) returns text language sql immutable parallel safe as $$
    select coalesce(value #>> '{$enc,k}', value #>> '{$blob,key}')
$$;
comment on function agentcorp.payload_key is 'The id of the key that a stored payload is encrypted with; null when it is not encrypted';

create function agentcorp.key_usage() returns table (key text, args bigint, outputs bigint, steps bigint, schedules bigint) language sql stable as $$
    select k.key, sum(k.args)::bigint, sum(k.outputs)::bigint, sum(k.steps)::bigint, sum(k.schedules)::bigint from (
        select agentcorp.payload_key(t.args) key, 1 args, 0 outputs, 0 steps, 0 schedules from agentcorp.task t
        union all select agentcorp.payload_key(o.result), 0, 1, 0, 0 from agentcorp.output o
        union all select agentcorp.payload_key(s.value), 0, 0, 1, 0 from agentcorp.step s
        union all select agentcorp.payload_key(s.task -> 'args'), 0, 0, 0, 1 from agentcorp.schedule s) k
    where k.key is not null group by 1 order by 1
$$;
comment on function agentcorp.key_usage is 'How many payloads are encrypted with which key. It reads them all';

-- Ten thousand rows are looked at in a call, so that none runs long where little is encrypted.
create function agentcorp.sealed_payloads(p_what text, p_shard smallint, p_key text, p_after bigint default 0, p_after_name text default '', p_limit int default 100,
    out scanned_to bigint, out scanned_name text, out task_ids bigint[], out names text[], out stored jsonb[])
language plpgsql stable set enable_seqscan = off set jit = off as $$
declare
    v_from bigint := greatest(p_after, (p_shard::bigint << 53) - 1);
begin
    if p_what is null or p_what not in ('args', 'outputs', 'steps', 'schedules') then
        raise exception 'there are no payloads called "%"', p_what using errcode = 'AC007', hint = 'Use args, outputs, steps or schedules.';
    end if;
    with looked as materialized (
        (select t.id, '' as name, t.args as value from agentcorp.task t where p_what = 'args' and t.shard = p_shard and t.id > v_from order by t.id limit 10000)
        union all
        (select o.task_id, '', o.result from agentcorp.output o where p_what = 'outputs' and o.shard = p_shard and o.task_id > v_from order by o.task_id limit 10000)
        union all
        (select s.task_id, s.name, s.value from agentcorp.step s where p_what = 'steps' and s.shard = p_shard
            and (s.task_id, s.name) > (p_after, p_after_name) order by s.task_id, s.name limit 10000)
        union all
        (select 0, s.name, s.task -> 'args' from agentcorp.schedule s where p_what = 'schedules' and s.shard = p_shard and s.name > p_after_name
            order by s.name limit 10000)
    ), found as (
        select l.id, l.name, l.value from looked l where agentcorp.payload_key(l.value) <> p_key order by l.id, l.name limit p_limit
    ), position as (
        (select f.id, f.name, 1 as rank from found f where (select count(*) from found) = p_limit order by f.id desc, f.name desc limit 1)
        union all (select l.id, l.name, 2 from looked l order by l.id desc, l.name desc limit 1)
        order by rank limit 1
    )
    select p.id, p.name, (select array_agg(f.id order by f.id, f.name) from found f), (select array_agg(f.name order by f.id, f.name) from found f),
            (select array_agg(f.value order by f.id, f.name) from found f)
        into scanned_to, scanned_name, task_ids, names, stored from position p;
end $$;
comment on function agentcorp.sealed_payloads is
    'Some of the args, outputs, steps or args in schedules that are encrypted with another key than this one, as they are stored, and where to go on; scanned_to is null at the end';

-- Only what is still as it was read is replaced: an output may have been written anew, a task pruned. A worker that has claimed the
-- task reads what is there then; it must know both keys.
-- locks: the payload's row, blob (shared, then skips what others hold)
create function agentcorp.reseal(p_what text, p_shard smallint, p_task_ids bigint[], p_names text[], p_old jsonb[], p_new jsonb[]) returns int language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
    v_stored jsonb;
    v_sha bytea;
    v_n int := 0;
begin
    for v in select * from unnest(p_task_ids, p_names, p_old, p_new) u(id, name, old, new) order by u.id, u.name loop
        v_stored := null;
        if p_what = 'args' then
            select t.args into v_stored from agentcorp.task t where t.id = v.id and t.shard = p_shard for no key update;
        elsif p_what = 'outputs' then
            select o.result into v_stored from agentcorp.output o where o.task_id = v.id and o.shard = p_shard for no key update;
        elsif p_what = 'schedules' then
            select s.task -> 'args' into v_stored from agentcorp.schedule s where s.name = v.name and s.shard = p_shard for no key update;
        else
            select s.value into v_stored from agentcorp.step s where s.task_id = v.id and s.name = v.name and s.shard = p_shard for no key update;
        end if;
        continue when v_stored is distinct from v.old;
        if p_what = 'schedules' then
            update agentcorp.schedule s set task = jsonb_set(s.task, '{args}', v.new) where s.name = v.name and s.shard = p_shard;
            v_n := v_n + 1;
            continue;
        end if;
        v_stored := agentcorp.store_payload(p_shard, v.id, p_what, v.new);
        if p_what = 'args' then
            update agentcorp.task t set args = v_stored where t.id = v.id and t.shard = p_shard;
        elsif p_what = 'outputs' then
            update agentcorp.output o set result = v_stored where o.task_id = v.id and o.shard = p_shard;
        else
            update agentcorp.step s set value = v_stored where s.task_id = v.id and s.name = v.name and s.shard = p_shard;
        end if;
        v_n := v_n + 1;
        if v.old ? '$blob' then
            v_sha := decode(v.old #>> '{$blob,sha256}', 'hex');
            delete from agentcorp.blob_use u where u.task_id = v.id and u.shard = p_shard and u.sha256 = v_sha and not exists (
                select from agentcorp.task t where t.id = v.id and t.shard = p_shard and t.args #>> '{$blob,sha256}' = encode(v_sha, 'hex')
                union all select from agentcorp.output o where o.task_id = v.id and o.shard = p_shard and o.result #>> '{$blob,sha256}' = encode(v_sha, 'hex')
                union all select from agentcorp.step s where s.task_id = v.id and s.shard = p_shard and s.value #>> '{$blob,sha256}' = encode(v_sha, 'hex'));
            perform agentcorp.drop_unused(p_shard, array[v_sha]);
        end if;
    end loop;
    return v_n;
end $$;
comment on function agentcorp.reseal is
    'Replaces payloads by the same content under another key, where they are still as they were read; returns how many it replaced';
