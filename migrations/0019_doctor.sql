-- The doctor: one function per check. A check reads little, waits for no lock longer than a second, and writes nothing; what is
-- wrong comes back as rows, nothing when all is well. Its comment says what holds then. Thresholds are parameters.

create type agentcorp.finding as (check_name text, severity text, found text, mend text, fix text, safe boolean);
comment on type agentcorp.finding is
    'What a check has found: ok, note, warning or error; how to mend it; the exact statement, and whether it may be run without a thought';

create table agentcorp.catalogue (
    server int not null,
    kind text not null,
    object text not null,
    definition text not null,
    primary key (kind, object)
);
comment on table agentcorp.catalogue is 'What the migrations made, object by object, as the server described it then; agentcorp.doctor() compares';
comment on column agentcorp.catalogue.server is 'The major version of the server that described it: another one may use other words';

create function agentcorp.live_catalogue() returns table (kind text, object text, definition text) language sql stable
set search_path = pg_catalog as $$
    with t as (
        select c.oid, c.relname::text relname, c.relkind, c.relpersistence from pg_class c
        where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p', 'v', 'S') and not c.relispartition
    )
    select 'table', t.relname, case t.relpersistence when 'u' then 'unlogged' else 'logged' end from t where t.relkind in ('r', 'p')
    union all select 'sequence', t.relname, '' from t where t.relkind = 'S'
    union all select 'view', t.relname, pg_get_viewdef(t.oid) from t where t.relkind = 'v'
    union all select 'column', format('%s.%s', t.relname, a.attname),
            format('%s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end, ' default ' || pg_get_expr(d.adbin, d.adrelid))
        from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum where t.relkind in ('r', 'p')
    union all select 'constraint', format('%s.%s', t.relname, k.conname), pg_get_constraintdef(k.oid)
        from t join pg_constraint k on k.conrelid = t.oid and k.contype in ('c', 'p', 'u', 'x')
    union all select 'index', c.relname::text, pg_get_indexdef(i.indexrelid)
        from t join pg_index i on i.indrelid = t.oid join pg_class c on c.oid = i.indexrelid where not exists (select from pg_constraint k where k.conindid = i.indexrelid)
    union all select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
        from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and p.prokind in ('f', 'p')
$$;
comment on function agentcorp.live_catalogue is 'Every object of the schema as it is now';

create function agentcorp.record_catalogue() returns void language plpgsql as $$
begin
    delete from agentcorp.catalogue;
    insert into agentcorp.catalogue (server, kind, object, definition)
        select current_setting('server_version_num')::int / 10000, c.kind, c.object, c.definition from agentcorp.live_catalogue() c;
end $$;
comment on function agentcorp.record_catalogue is 'Takes the schema as it is for the schema as it should be; every migration ends with it';

create function agentcorp.spell(p_length interval) returns text language sql immutable parallel safe as $$
    select case when s < 120 then format('%s s', round(s)) when s < 7200 then format('%s min', floor(s / 60))
        when s < 172800 then format('%s h', floor(s / 3600)) else format('%s d', floor(s / 86400)) end
    from (select greatest(extract(epoch from p_length), 0) s) x
$$;
comment on function agentcorp.spell(interval) is 'A length of time in one number and one unit, for people';

create function agentcorp.spell(p_moment timestamptz) returns text language sql stable parallel safe as $$
    select to_char(p_moment, 'YYYY-MM-DD HH24:MI:SS TZ')
$$;
comment on function agentcorp.spell(timestamptz) is 'A moment to the second, in the time zone of the session, for people';

create function agentcorp.excerpt(p_text text) returns text language sql immutable parallel safe as $$
    select left(regexp_replace(btrim(p_text), '\s+', ' ', 'g'), 80) || case when length(p_text) > 80 then '...' else '' end
$$;
comment on function agentcorp.excerpt is 'The beginning of a statement, on one line';

-- What the server must be

create function agentcorp.doctor_server() returns setof agentcorp.finding language plpgsql stable as $$
begin
    if current_setting('server_version_num')::int < 140000 then
        return next row('server', 'error', format('the server runs PostgreSQL %s', current_setting('server_version')),
            'Upgrade it: AgentCorp needs PostgreSQL 14 or newer.', null, false)::agentcorp.finding;
    end if;
    if pg_is_in_recovery() then
        return next row('server', 'error', 'the server is a standby, which takes no writes',
            'Connect to the primary, as with target_session_attrs=read-write.', null, false)::agentcorp.finding;
    end if;
end $$;
comment on function agentcorp.doctor_server is 'The server is recent enough and takes writes';

create function agentcorp.doctor_drift() returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_major int := current_setting('server_version_num')::int / 10000;
    v_recorded int := (select min(c.server) from agentcorp.catalogue c);
begin
    if v_recorded is null then
        return query select 'drift', 'note', 'what the migrations made was not recorded, so changes to the schema go unseen',
            'Create the schema with `agentcorp migrate up`, or with the script of `agentcorp migrate print`; if you trust it as it is, record it.',
            'select agentcorp.record_catalogue()', false;
        return;
    end if;
    if v_recorded <> v_major then
        return query select 'drift', 'note', format('the schema was recorded on PostgreSQL %s and this is %s: only missing and additional objects are found', v_recorded, v_major),
            'Record it again, if you trust it as it is.', 'select agentcorp.record_catalogue()', false;
    end if;
    return query
    select 'drift', case when l.object is null then 'error' else 'warning' end,
        format('%s agentcorp.%s %s', r.kind, r.name, case when l.object is null then 'is missing' else 'is not what the migrations made' end),
        case when r.kind = 'index' and l.object is null then 'Create it again; that may take a while, and locks nothing.'
            when r.kind in ('function', 'view', 'index') then 'Put back what the migrations made, unless the change was meant.'
            when r.kind = 'table' and l.object is not null then 'Make it logged again: after a crash it would be empty.'
            else format('It was: %s. Put it back, or restore a backup.', coalesce(nullif(r.definition, ''), 'there')) end,
        case when r.kind = 'index' and l.object is null then regexp_replace(r.definition, 'INDEX', 'INDEX CONCURRENTLY')
            when r.kind = 'function' then r.definition
            when r.kind = 'view' then format('create or replace view agentcorp.%I as %s', r.object, r.definition)
            when r.kind = 'table' and l.object is not null then format('alter table agentcorp.%I set logged', r.object)
            when r.kind = 'column' and l.object is null then format('alter table agentcorp.%I add column %s', split_part(r.object, '.', 1), r.definition)
            when r.kind = 'constraint' and l.object is null then format('alter table agentcorp.%I add constraint %I %s', split_part(r.object, '.', 1), split_part(r.object, '.', 2), r.definition) end,
        r.kind = 'index' and l.object is null and r.definition !~ 'UNIQUE'
    from (select c.*, regexp_replace(c.object, '^agentcorp\.', '') name from agentcorp.catalogue c) r
    left join agentcorp.live_catalogue() l on l.kind = r.kind and l.object = r.object
    where l.object is null or v_recorded = v_major and l.definition <> r.definition
    order by l.object is not null, r.kind, r.object limit 20;
    return query
    select 'drift', 'note', format('%s in the schema agentcorp, not made by the migrations: %s', case when count(*) = 1 then 'one object is' else count(*) || ' objects are' end,
            string_agg(x.kind || ' ' || regexp_replace(x.object, '^agentcorp\.', ''), ', ' order by x.kind, x.object) filter (where x.i <= 5) || case when count(*) > 5 then ', ...' else '' end),
        'Keep your own objects in a schema of your own: `agentcorp migrate down` and later migrations do not know them.', null, false
    from (select l.kind, l.object, row_number() over (order by l.kind, l.object) i from agentcorp.live_catalogue() l
        where not exists (select from agentcorp.catalogue c where c.kind = l.kind and c.object = l.object)) x
    having count(*) > 0;
end $$;
comment on function agentcorp.doctor_drift is 'The schema is what the migrations made';

create function agentcorp.doctor_durability() returns setof agentcorp.finding language plpgsql stable as $$
begin
    return query
    select 'durability', 'note', format('%s is off: %s', s.name, case s.name
            when 'synchronous_commit' then 'a crash of the server may lose the last moments of acknowledged work'
            else 'a crash of the machine may destroy the database' end),
        format('Fine for tests. Elsewhere: alter system reset %s, then reload.', s.name), format('alter system reset %I', s.name), false
    from pg_settings s where s.name in ('fsync', 'full_page_writes', 'synchronous_commit') and s.setting = 'off';
    -- What agentcorp.partial holds is shown while it comes in, and nothing depends on it.
    return query
    select 'durability', 'error', format('table agentcorp.%s is unlogged: after a crash it is empty', c.relname), 'Make it logged; that locks and rewrites it.',
        format('alter table agentcorp.%I set logged', c.relname), false
    from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'r' and c.relpersistence = 'u' and c.relname <> 'partial';
end $$;
comment on function agentcorp.doctor_durability is 'What is committed survives a crash';

create function agentcorp.doctor_connections(p_share float8 default 0.8) returns setof agentcorp.finding language plpgsql stable as $$
begin
    return query
    select 'connections', case when x.used > x.room * (1 + p_share) / 2 then 'error' else 'warning' end,
        format('%s of %s connections are taken; most by %s', x.used, x.room, (select string_agg(format('%s (%s)', t.who, t.n), ', ' order by t.n desc, t.who) from (
            select coalesce(nullif(a.application_name, ''), a.usename::text, 'others') who, count(*) n from pg_stat_activity a
            where a.backend_type = 'client backend' group by 1 order by 2 desc, 1 limit 3) t)),
        'Put a pooler in front, give the processes smaller pools, or raise max_connections (needs a restart).', null, false
    from (select count(*) used, current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int room
        from pg_stat_activity a where a.backend_type = 'client backend') x
    where x.used > x.room * p_share;
end $$;
comment on function agentcorp.doctor_connections is 'Connections are left';

create function agentcorp.doctor_wraparound(p_age bigint default 700000000) returns setof agentcorp.finding language plpgsql stable as $$
begin
    return query
    select 'wraparound', case when x.age > 2 * p_age then 'error' else 'warning' end,
        format('the oldest %s of this database are %s million old; at 2,100 million the server stops taking writes', x.what, x.age / 1000000),
        'Something keeps vacuum from finishing: see the check xmin. Then vacuum the whole database.', 'vacuum (freeze)', false
    from (select 'transaction ids' what, age(d.datfrozenxid)::bigint age from pg_database d where d.datname = current_database()
        union all select 'multixact ids', mxid_age(d.datminmxid) from pg_database d where d.datname = current_database()) x
    where x.age > p_age;
end $$;
comment on function agentcorp.doctor_wraparound is 'Transaction ids are far from running out';

create function agentcorp.doctor_notifications(p_share float8 default 0.1) returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_used float8 := pg_notification_queue_usage();
begin
    if v_used > p_share then
        return query select 'notifications', case when v_used > (1 + p_share) / 2 then 'error' else 'warning' end,
            format('the notification queue is %s%% full; when it is full every enqueue fails. The oldest open transaction of a session that may listen: %s',
                round((v_used * 100)::numeric, 1), coalesce((select format('process %s (%s), for %s', a.pid, a.usename, agentcorp.spell(agentcorp.clock() - a.xact_start))
                    from pg_stat_activity a where a.xact_start is not null and a.pid <> pg_backend_pid() and a.backend_type = 'client backend' order by a.xact_start limit 1), 'none')),
            'A session that has said LISTEN and stays in a transaction keeps the queue from emptying: end it.',
            (select format('select pg_terminate_backend(%s)', a.pid) from pg_stat_activity a
                where a.xact_start is not null and a.pid <> pg_backend_pid() and a.backend_type = 'client backend' order by a.xact_start limit 1), false;
    end if;
end $$;
comment on function agentcorp.doctor_notifications is 'The notification queue is nearly empty';

create function agentcorp.doctor_clock() returns setof agentcorp.finding language plpgsql stable as $$
begin
    if coalesce(current_setting('agentcorp.clock_offset', true), '') <> '' then
        return query select 'clock', 'error', format('this session''s clock is shifted by %s: leases and schedules go wrong for whoever has another', current_setting('agentcorp.clock_offset')),
            coalesce((select 'It is set for this database or role: reset it, and restart the processes.' from pg_db_role_setting s
                where exists (select from unnest(s.setconfig) c where c like 'agentcorp.clock\_offset=%') limit 1), 'It comes from PGOPTIONS or from this session: remove it there.'),
            (select case when s.setrole = 0 then format('alter database %I reset agentcorp.clock_offset', current_database())
                    when s.setdatabase = 0 then format('alter role %s reset agentcorp.clock_offset', s.setrole::regrole)
                    else format('alter role %s in database %I reset agentcorp.clock_offset', s.setrole::regrole, current_database()) end
                from pg_db_role_setting s where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
                and exists (select from unnest(s.setconfig) c where c like 'agentcorp.clock\_offset=%') limit 1), false;
    end if;
end $$;
comment on function agentcorp.doctor_clock is 'The engine''s clock is the server''s';

-- What keeps the hot tables small

create function agentcorp.doctor_xmin(p_age interval default '5 minutes', p_xids bigint default 1000000) returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    -- A transaction that has written holds deleted rows back by its id, one that reads by its snapshot; those of other databases do not.
    return query
    select 'xmin', case when v_now - a.xact_start > 12 * p_age then 'error' else 'warning' end,
        format('process %s (%s) keeps deleted rows from being removed since %s, for %s; it is %s: %s', a.pid,
            concat_ws(', ', a.usename, nullif(a.application_name, ''), coalesce(host(a.client_addr), 'local')), agentcorp.spell(a.xact_start),
            agentcorp.spell(v_now - a.xact_start), a.state, agentcorp.excerpt(a.query)),
        case when a.state = 'active' then 'Wait for it, or end it.'
            else 'A forgotten transaction: end it, and set idle_in_transaction_session_timeout for that role.' end,
        format('select pg_terminate_backend(%s)', a.pid), false
    from pg_stat_activity a
    where a.datname = current_database() and a.pid <> pg_backend_pid() and (a.backend_xmin is not null or a.backend_xid is not null)
        and a.xact_start < v_now - p_age and a.backend_type not in ('autovacuum worker', 'walsender') and a.query !~* '^\s*vacuum'
    order by a.xact_start limit 10;
    return query
    select 'xmin', case when v_now - p.prepared > 12 * p_age then 'error' else 'warning' end,
        format('the prepared transaction %s (%s) keeps deleted rows from being removed since %s, for %s', quote_literal(p.gid), p.owner,
            agentcorp.spell(p.prepared), agentcorp.spell(v_now - p.prepared)),
        'Ask its transaction manager; if that has forgotten it, commit it or roll it back.', format('rollback prepared %L', p.gid), false
    from pg_prepared_xacts p where p.database = current_database() and p.prepared < v_now - p_age order by p.prepared limit 10;
    return query
    select 'xmin', case when s.active then 'warning' else 'error' end,
        format('the replication slot %s (%s, %s) holds back %s', s.slot_name, s.slot_type, case when s.active then 'active' else 'nobody reads it' end,
            case when s.xids > p_xids then format('rows deleted by the last %s transactions', s.xids) else format('%s of write-ahead log', pg_size_pretty(s.wal)) end),
        case when s.active then 'Look at why its reader is behind.' else 'Start its reader, or drop it.' end,
        case when not s.active then format('select pg_drop_replication_slot(%L)', s.slot_name) end, false
    from (select r.slot_name, r.slot_type, r.active, greatest(age(r.xmin), age(r.catalog_xmin)) xids,
            case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), r.restart_lsn) end wal
        from pg_replication_slots r where coalesce(r.database, current_database()) = current_database()) s
    where s.xids > p_xids or not s.active and s.wal > p_xids * 1000.0 limit 10;
    return query
    select 'xmin', 'warning', format('the standby %s reports a query so old that rows deleted by the last %s transactions stay (hot_standby_feedback)',
            coalesce(nullif(r.application_name, ''), host(r.client_addr), r.pid::text), age(r.backend_xmin)),
        'End the long query there, or set hot_standby_feedback off there.', null, false
    from pg_stat_replication r where age(r.backend_xmin) > p_xids limit 10;
    if not pg_has_role(current_user, 'pg_read_all_stats', 'usage') then
        return query select 'xmin', 'note', format('%s does not see other users'' sessions, nor what they hold', current_user), 'Let it.',
            format('grant pg_monitor to %I', current_user), false;
    end if;
end $$;
comment on function agentcorp.doctor_xmin is 'Nothing keeps deleted rows from being removed';

create function agentcorp.doctor_locks(p_age interval default '30 seconds') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'locks', 'warning', format('process %s (%s) waits for a lock on agentcorp.%s for %s: %s. It is held by %s', a.pid,
            concat_ws(', ', a.usename, nullif(a.application_name, '')), c.relname, agentcorp.spell(v_now - a.query_start), agentcorp.excerpt(a.query),
            (select string_agg(format('process %s (%s): %s', b.pid, b.state, agentcorp.excerpt(b.query)), '; ') from pg_stat_activity b where b.pid = any (pg_blocking_pids(a.pid)))),
        'End the one that holds it, if it is not about to end by itself. Workers queue up behind whoever waits for the whole table.',
        (select format('select pg_terminate_backend(%s)', b) from unnest(pg_blocking_pids(a.pid)) b where b > 0 limit 1), false
    from pg_locks l join pg_stat_activity a on a.pid = l.pid join pg_class c on c.oid = l.relation
    where not l.granted and l.locktype in ('relation', 'tuple') and c.relnamespace = 'agentcorp'::regnamespace and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and a.query_start < v_now - p_age
    order by a.query_start limit 5;
end $$;
comment on function agentcorp.doctor_locks is 'Nobody waits long for a lock on a table of the schema';

create function agentcorp.doctor_autovacuum() returns setof agentcorp.finding language plpgsql stable as $$
begin
    return query
    select 'autovacuum', 'error', format('%s is off: deleted rows stay forever, and everything gets slower', s.name), 'Turn it on and reload.', format('alter system set %I = on', s.name), false
    from pg_settings s where s.name in ('autovacuum', 'track_counts') and s.setting = 'off';
    return query
    select 'autovacuum', 'warning', format('autovacuum is off for agentcorp.%s', c.relname), 'Let it work again.',
        format('alter table agentcorp.%I reset (autovacuum_enabled)', c.relname), false
    from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'r'
        and exists (select from unnest(c.reloptions) o where o ~* '^autovacuum_enabled=(off|false|no|0|f|n)');
    return query
    select 'autovacuum', 'warning', format('autovacuum_naptime is %s s: the hot tables grow meanwhile', s.setting), 'Set it to a minute or less and reload.', 'alter system set autovacuum_naptime = ''1min''', false
    from pg_settings s where s.name = 'autovacuum_naptime' and s.setting::int > 300;
    return query
    select 'autovacuum', 'warning', format('autovacuum works at most %s units of cost, then sleeps %s ms: too tame to keep up with a busy queue', x.cost, x.delay),
        'Set autovacuum_vacuum_cost_delay to 2ms, as PostgreSQL does, and reload.', 'alter system set autovacuum_vacuum_cost_delay = ''2ms''', false
    from (select coalesce(nullif(current_setting('autovacuum_vacuum_cost_limit')::int, -1), current_setting('vacuum_cost_limit')::int) cost,
            (select coalesce(nullif(s.setting::float8, -1), current_setting('vacuum_cost_delay')::float8) from pg_settings s where s.name = 'autovacuum_vacuum_cost_delay') delay) x
    where x.delay > 0 and x.cost / x.delay < 10;
end $$;
comment on function agentcorp.doctor_autovacuum is 'Autovacuum is on and keeps pace';

create function agentcorp.doctor_dead_rows(p_rows bigint default 50000, p_age interval default '10 minutes') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    -- Right after a burst of work dead rows are normal: autovacuum comes within minutes.
    return query
    select 'dead_rows', 'warning', format('agentcorp.%s has %s dead rows beside %s live ones; last vacuumed %s', x.relname, x.dead, x.live,
            coalesce(agentcorp.spell(x.vacuumed), 'never')),
        'Vacuum it. If they stay, something holds them: see the check xmin.', format('vacuum agentcorp.%I', x.relname), true
    from (select s.relname, s.n_dead_tup dead, s.n_live_tup live, greatest(s.last_vacuum, s.last_autovacuum) vacuumed,
            coalesce(greatest(s.last_vacuum, s.last_autovacuum), (select d.stats_reset from pg_stat_database d where d.datname = current_database()), pg_postmaster_start_time()) since
        from pg_stat_user_tables s where s.schemaname = 'agentcorp') x
    where x.dead > p_rows and x.dead > x.live / 5 and x.since < v_now - p_age
    order by x.dead desc;
end $$;
comment on function agentcorp.doctor_dead_rows is 'Vacuum keeps up with the dead rows';

create function agentcorp.doctor_bloat(p_bytes bigint default 268435456) returns setof agentcorp.finding language plpgsql stable as $$
begin
    return query
    select 'bloat', case when x.heap > 4 * p_bytes then 'warning' else 'note' end,
        format('agentcorp.%s takes %s for about %s rows', x.relname, pg_size_pretty(x.heap), x.live),
        'Vacuum gives the end of the file back to the system, if it is empty. `vacuum full` gives back all, but stops the queue meanwhile.',
        format('vacuum (truncate) agentcorp.%I', x.relname), true
    from (select s.relname, s.n_live_tup live, pg_relation_size(s.relid) heap from pg_stat_user_tables s where s.schemaname = 'agentcorp'
        and s.relname in ('ready', 'queued', 'scheduled', 'claim', 'blocked', 'resolve', 'count_delta', 'worker', 'slot', 'wait')) x
    where x.heap > p_bytes and x.heap > x.live * 2000 order by x.heap desc;
    return query
    select 'bloat', case when x.size > 4 * p_bytes then 'warning' else 'note' end,
        format('index agentcorp.%s takes %s for about %s rows', x.indexrelname, pg_size_pretty(x.size), x.live),
        'Build it anew; that may take a while, and locks nothing.', format('reindex index concurrently agentcorp.%I', x.indexrelname), true
    from (select i.indexrelname, t.n_live_tup live, pg_relation_size(i.indexrelid) size
        from pg_stat_user_indexes i join pg_stat_user_tables t on t.relid = i.relid
        where i.schemaname = 'agentcorp' and i.relname <> 'catalogue') x
    where x.size > p_bytes and x.size > x.live * 1000 order by x.size desc;
end $$;
comment on function agentcorp.doctor_bloat is 'Tables and indexes are as large as their rows need';

create function agentcorp.doctor_indexes() returns setof agentcorp.finding language plpgsql stable as $$
begin
    -- One that is being built is invalid too.
    return query
    select 'indexes', 'warning',
        format('index agentcorp.%s on agentcorp.%s is invalid: it costs every write and serves no read', c.relname, t.relname),
        case when x.leftover then 'What a REINDEX or CREATE INDEX CONCURRENTLY left that did not finish: drop it.' else 'Build it anew.' end,
        format('%s index concurrently agentcorp.%I', case when x.leftover then 'drop' else 'reindex' end, c.relname), true
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    cross join lateral (select c.relname ~ '_cc(new|old)\d*$' leftover) x
    where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'i' and not (i.indisvalid and i.indisready and i.indislive)
        and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid or p.relid = i.indrelid);
end $$;
comment on function agentcorp.doctor_indexes is 'All indexes are valid';

create function agentcorp.doctor_claim_plan() returns setof agentcorp.finding language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
declare
    v record;
    v_line text;
    v_plan text;
begin
    for v in select q.id, q.name, p, s.shard from (select * from agentcorp.queue order by id limit 20) q cross join (values (0), (4), (9)) l(p)
            cross join (select * from agentcorp.shard order by shard limit 1) s order by 1, 3 loop
        v_plan := '';
        for v_line in execute format('explain (costs off) select r.ctid, r.task_id, r.attempt, r.seq from agentcorp.ready r
                where r.shard = %s and r.queue_id = %s and r.priority = %s and r.seq > 0 order by r.seq, r.task_id limit 100', v.shard, v.id, v.p) loop
            v_plan := v_plan || v_line || E'\n';
        end loop;
        if v_plan !~ 'Index Scan using \S*ready\S*' or v_plan ~ 'Sort|Seq Scan' then
            return query select 'claim_plan', 'error', format('the claim of queue %s does not read the index of agentcorp.ready in order: %s', v.name, agentcorp.excerpt(v_plan)),
                'Bring the primary key of agentcorp.ready back (see the checks drift and indexes); with it, analyze the table.', 'analyze agentcorp.ready', false;
            return;
        end if;
    end loop;
end $$;
comment on function agentcorp.doctor_claim_plan is 'A claim reads the first rows of an index, whatever the size of the queue';

-- What the processes must do

create function agentcorp.doctor_coordinator(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_expired timestamptz := coalesce((select l.expires_at from agentcorp.leader l where l.name = 'coordinator'), '-infinity');
    v_oldest timestamptz;
begin
    -- What only a coordinator moves, by how long it has been there: ended tasks to tell of, due tasks and schedules, those to admit, blocked ones.
    v_oldest := least(
        (select to_timestamp(min(r.seq) / 1000000.0) from agentcorp.shard s cross join lateral (select r.seq from agentcorp.resolve r where r.shard = s.shard order by r.seq limit 1) r),
        (select min(x.run_at) from agentcorp.shard s cross join lateral (select x.run_at from agentcorp.scheduled x where x.shard = s.shard order by x.run_at limit 1) x where x.run_at < v_now),
        (select min(s.due_at) from agentcorp.schedule s where s.due_at < v_now),
        (select to_timestamp(min(q.seq) / 1000000.0) from (select q.seq from agentcorp.queued q order by q.queue_id, q.tenant limit 10) q),
        (select min(t.created_at) from (select b.task_id, b.shard from agentcorp.blocked b order by b.task_id limit 10) b join agentcorp.task t on t.id = b.task_id and t.shard = b.shard));
    if v_expired < v_now - p_age then
        return query select 'coordinator', case when v_oldest < v_now - p_age then 'error' else 'note' end,
            format('no coordinator leads%s%s', case when v_expired > '-infinity' then format(' since %s, for %s', agentcorp.spell(v_expired), agentcorp.spell(v_now - v_expired)) else ', and none ever has' end,
                case when v_oldest < v_now - p_age then format('; tasks wait for it for %s', agentcorp.spell(v_now - v_oldest)) else '; nothing waits for one yet' end),
            'Start one or more: agentcorp coordinator', null, false;
    end if;
    return query
    select 'coordinator', 'warning', format('ended tasks wait for %s to be told to those who need them', agentcorp.spell(v_now - x.at)),
        'The coordinator is behind or stuck: look at its log, and at the check locks.', null, false
    from (select to_timestamp(min(r.seq) / 1000000.0) at from agentcorp.shard s cross join lateral (select r.seq from agentcorp.resolve r where r.shard = s.shard order by r.seq limit 1) r) x
    where v_expired >= v_now - p_age and x.at < v_now - p_age;
    return query
    select 'coordinator', 'warning', format('%s%s changes of counters wait to be folded', case when x.n > 200000 then 'over ' else '' end, least(x.n, 200000)),
        'The coordinator is behind, or none leads; fold them.', 'select agentcorp.fold_counts(s.shard, 200000) from agentcorp.shard s', true
    from (select count(*) n from (select from agentcorp.count_delta limit 200001) d) x where x.n > 100000;
end $$;
comment on function agentcorp.doctor_coordinator is 'A coordinator leads, or nothing waits for one';

create function agentcorp.doctor_scheduled(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'scheduled', 'warning', format('%s%s scheduled tasks are overdue, the first (task %s) since %s, by %s', case when count(*) > 1000 then 'over ' else '' end,
            least(count(*), 1000), (array_agg(x.task_id order by x.run_at))[1], agentcorp.spell(min(x.run_at)), agentcorp.spell(v_now - min(x.run_at))),
        'A coordinator promotes them, a thousand at once: see that one runs. This does it by hand.', 'select agentcorp.promote(s.shard) from agentcorp.shard s', true
    from (select x.task_id, x.run_at from agentcorp.shard s cross join lateral (select x.task_id, x.run_at from agentcorp.scheduled x
        where x.shard = s.shard and x.run_at < v_now - p_age order by x.run_at limit 1001) x) x
    having count(*) > 0;
end $$;
comment on function agentcorp.doctor_scheduled is 'Scheduled tasks are promoted when they are due';

create function agentcorp.doctor_waits(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable
set enable_seqscan = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'waits', 'warning', format('%s%s waits have outlived their time, the first (of task %s) by %s', case when count(*) > 1000 then 'over ' else '' end,
            least(count(*), 1000), (array_agg(x.task_id order by x.timeout_at))[1], agentcorp.spell(v_now - min(x.timeout_at))),
        'A coordinator ends them, unless an open transaction holds their tasks: see that one runs. This does it by hand.',
        'select agentcorp.expire_waits(s.shard) from agentcorp.shard s', true
    from (select x.task_id, x.timeout_at from agentcorp.shard s cross join lateral (select x.task_id, x.timeout_at from agentcorp.wait x
        where x.shard = s.shard and x.timeout_at < v_now - p_age and not x.met order by x.timeout_at limit 1001) x) x
    having count(*) > 0;
    return query
    select 'waits', 'warning', format('task %s waits for an event that is there: %s', x.task_id, x.topic),
        'A coordinator looks for such waits, unless an open transaction holds their tasks: see that one runs. This does it by hand.',
        'select agentcorp.sweep_waits(s.shard, p_limit => 100000) from agentcorp.shard s', true
    from (select w.* from agentcorp.wait w where not w.met and w.created_at < v_now - p_age order by w.task_id limit 1000) x
    where agentcorp.find_event(x) is not null limit 20;
    return query
    select 'waits', 'error', format('task %s waits for %s, and cannot be woken: it has ended, or is not there', x.task_id, x.topic), 'Remove what is left of it.',
        format('delete from agentcorp.wait where task_id = %s and shard = %s', x.task_id, x.shard), true
    from (select w.* from agentcorp.wait w order by w.task_id limit 1000) x
    where not exists (select from agentcorp.blocked b where b.task_id = x.task_id and b.shard = x.shard) limit 20;
    return query
    select 'waits', 'error', format('task %s is parked and waits for no event: nothing will wake it', b.task_id), 'Cancel it, and retry it if it is still wanted.',
        format('select agentcorp.cancel(%s)', b.task_id), false
    from (select b.task_id, b.shard from agentcorp.blocked b where b.phase = 4 order by b.task_id limit 1000) b
    where not exists (select from agentcorp.wait w where w.task_id = b.task_id and w.shard = b.shard and not w.met) limit 20;
    return query
    select 'waits', 'warning', format('subscription %s could not enqueue its task %s times, last at %s: %s', s.name, s.failures, agentcorp.spell(s.failed_at), s.error),
        'Subscribe it again with what the error asks for.', null, false
    from agentcorp.subscription s where s.enabled and s.error is not null order by s.name limit 20;
end $$;
comment on function agentcorp.doctor_waits is 'Every wait has an open task, ends with its time, and misses no event';

create function agentcorp.doctor_schedules(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'schedules', 'warning', format('schedule %s cannot fire, last tried %s: %s', s.name, agentcorp.spell(s.failed_at), s.error),
        'Set it again with what the error asks for; it is tried every 10 seconds.', null, false
    from agentcorp.schedule s where s.error is not null order by s.name limit 20;
    return query
    select 'schedules', 'warning', format('%s schedules are due and do not fire, the first (%s) since %s', count(*), (array_agg(s.name order by s.due_at))[1], agentcorp.spell(min(s.due_at))),
        'A coordinator fires them: see that one runs. This does it by hand.', 'select agentcorp.fire_schedules(s.shard) from agentcorp.shard s', true
    from agentcorp.schedule s where s.due_at < v_now - p_age and s.error is null having count(*) > 0;
end $$;
comment on function agentcorp.doctor_schedules is 'Every schedule fires when it is due';

create function agentcorp.doctor_admission(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable set enable_seqscan = off set jit = off as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'admission', 'warning', format('%s slots of limits are held by attempts that ended over %s ago, the first by task %s', count(*), agentcorp.spell(p_age), min(x.task_id)),
        'The coordinator frees them now and then: see that one runs. This does it by hand.', 'select agentcorp.sweep_slots(s.shard) from agentcorp.shard s', true
    from (select s.task_id, s.shard, s.attempt from agentcorp.slot s order by s.task_id limit 1000) x
    where exists (select from agentcorp.attempt a where a.shard = x.shard and a.task_id = x.task_id and a.attempt = x.attempt and a.finished_at < v_now - p_age offset 0)
    having count(*) > 0;
    return query
    select 'admission', 'error', format('%s tasks wait to be admitted in lines that nobody looks at, the first is task %s', count(*), min(x.task_id)), 'Tell the admitter of their lines.',
        'insert into agentcorp.arrival (queue_id, shard, freed, tenant, concurrency_key, ordered_key) select distinct q.queue_id, q.shard, false, q.tenant, q.concurrency_key, q.ordered_key from agentcorp.queued q', true
    from (select q.* from agentcorp.queued q order by q.queue_id, q.tenant, q.concurrency_key, q.ordered_key limit 1000) x
    where not exists (select from agentcorp.line l where l.queue_id = x.queue_id and l.tenant = x.tenant and l.concurrency_key = x.concurrency_key
            and l.ordered_key = x.ordered_key and l.shard = x.shard and (l.parked_until is not null or l.holder is not null
                or exists (select from agentcorp.tenant_turn t where t.queue_id = l.queue_id and t.tenant = l.tenant and t.shard = l.shard and t.active)))
        and not exists (select from agentcorp.arrival a where a.shard = x.shard)
    having count(*) > 0;
end $$;
comment on function agentcorp.doctor_admission is 'Every slot is held by work that goes on, and every line is looked at';

create function agentcorp.doctor_workers(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'workers', 'warning', format('worker %s on %s (process %s) is silent for %s, and nobody has declared it dead', w.id, w.host, w.pid, agentcorp.spell(v_now - w.beat_at)),
        'A coordinator does that after 15 seconds: see that one runs. This does it by hand.', 'select * from agentcorp.rescue()', true
    from agentcorp.worker w where w.stopped_at is null and w.beat_at < v_now - p_age order by w.beat_at limit 10;
    return query
    select 'workers', 'note', format('%s workers were lost in the last hour, the last one on %s', count(*), (array_agg(w.host order by w.stopped_at desc))[1]),
        'Look at why they died: the log of the system, memory limits, deployments that do not wait for SIGTERM.', null, false
    from agentcorp.worker w where w.lost and w.stopped_at > v_now - interval '1 hour' having count(*) > 1;
    return query
    select 'workers', 'note', format('live workers run different versions: %s', string_agg(x.version || ' (' || x.n || ')', ', ' order by x.version)), 'Fine during a deployment; finish it.', null, false
    from (select w.version, count(*) n from agentcorp.worker w where w.stopped_at is null and w.beat_at >= v_now - p_age group by 1) x having count(*) > 1;
end $$;
comment on function agentcorp.doctor_workers is 'Every registered worker beats';

create function agentcorp.doctor_claims(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'claims', 'warning', format('worker %s %s holds %s tasks since %s, but %s', x.worker_id, coalesce(format('on %s (process %s)', w.host, w.pid), ''), sum(cardinality(x.task_ids)),
            agentcorp.spell(min(x.claimed_at)), case when w.id is null then 'was never registered' when w.stopped_at is not null then 'has stopped' else format('is silent for %s', agentcorp.spell(v_now - w.beat_at)) end),
        'A coordinator gives them to others: see that one runs. This does it by hand.', 'select * from agentcorp.rescue()', true
    from (select c.* from agentcorp.claim c where c.claimed_at < v_now - p_age and not exists (
            select from agentcorp.worker w where w.id = c.worker_id and w.stopped_at is null and w.beat_at >= v_now - p_age) order by c.claim_id limit 1000) x
    left join agentcorp.worker w on w.id = x.worker_id group by x.worker_id, w.id order by min(x.claimed_at) limit 10;
    return query
    select 'claims', 'warning', format('worker %s on %s (process %s) holds %s claims in which every task ended over %s ago, the first of %s', w.id, w.host, w.pid, count(*), agentcorp.spell(p_age), agentcorp.spell(min(x.claimed_at))),
        'Close them; what runs is not touched.', format('select agentcorp.close_claims(%s::smallint, %s)', x.shard, w.id), true
    from (select c.* from agentcorp.claim c where c.claimed_at < v_now - p_age order by c.claim_id limit 200) x
    join agentcorp.worker w on w.id = x.worker_id and w.stopped_at is null and w.beat_at >= v_now - p_age
    where not exists (select from unnest(x.task_ids, x.attempts) u(t, a) where not exists (
        select from agentcorp.attempt a where a.shard = x.shard and a.task_id = u.t and a.attempt = u.a and a.finished_at < v_now - p_age offset 0))
    group by w.id, x.shard limit 10;
end $$;
comment on function agentcorp.doctor_claims is 'Every claim belongs to a live worker and to work that goes on';

create function agentcorp.doctor_queues(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    return query
    select 'queues', case when q.paused_at is not null then 'note' else 'warning' end,
        case when q.paused_at is not null then format('queue %s is paused since %s with about %s ready tasks', q.name, agentcorp.spell(q.paused_at), q.ready + q.queued)
            else format('no live worker serves queue %s; about %s tasks are ready, the oldest for %s', q.name, q.ready + q.queued, agentcorp.spell(q.oldest_ready)) end,
        case when q.paused_at is not null then 'Resume it when its time has come.' else format('Start one: agentcorp worker --queues %s', q.name) end,
        case when q.paused_at is not null then format('select agentcorp.resume_queue(%L)', q.name) end, false
    from agentcorp.queues q where q.oldest_ready > p_age and (q.paused_at is not null
        or not exists (select from agentcorp.worker w where w.stopped_at is null and w.beat_at >= v_now - p_age and q.name = any (w.queues)))
    order by q.name limit 20;
end $$;
comment on function agentcorp.doctor_queues is 'Every queue with ready tasks has a live worker';

create function agentcorp.doctor_kinds(p_age interval default '1 minute') returns setof agentcorp.finding language plpgsql stable as $$
declare
    v_now timestamptz := agentcorp.clock();
begin
    -- Tasks that no worker could handle come back later; those that no worker was asked about are seen among the first of each queue.
    return query
    select 'kinds', 'warning', format('no live worker of queue %s handles kind %s: %s tasks wait (of those looked at), the first is task %s', q.name, quote_literal(t.kind), count(*), min(t.id)),
        format('Start a worker that registers it: agentcorp tasks list --kind %s shows them.', t.kind), null, false
    from (select r.task_id, r.shard from agentcorp.queue q cross join agentcorp.shard s cross join generate_series(0, 9) p
            cross join lateral (select r.task_id, r.shard from agentcorp.ready r where r.queue_id = q.id and r.priority = p and r.shard = s.shard
                and r.seq < agentcorp.micros(v_now - p_age) order by r.seq, r.task_id limit 100) r where q.paused_at is null
        union all (select s.task_id, s.shard from agentcorp.scheduled s where s.why = 3 limit 1000)) x
    cross join lateral (select t.id, t.kind, t.queue_id from agentcorp.task t where t.id = x.task_id and t.shard = x.shard offset 0) t
    join agentcorp.queue q on q.id = t.queue_id
    where exists (select from agentcorp.worker w where w.stopped_at is null and w.beat_at >= v_now - p_age and q.name = any (w.queues))
        and not exists (select from agentcorp.worker w where w.stopped_at is null and w.beat_at >= v_now - p_age and q.name = any (w.queues) and t.kind = any (w.kinds))
    group by q.name, t.kind order by count(*) desc, q.name, t.kind limit 20;
end $$;
comment on function agentcorp.doctor_kinds is 'A live worker handles every kind that waits';

-- What must hold between the rows

-- A need counts as open until the resolver has read of its end.
create function agentcorp.open_needs(p_shard smallint, p_task bigint, p_gate bigint) returns int language sql stable as $$
    select count(*)::int from agentcorp.dependency d where d.task_id = p_task and d.shard = p_shard and d.gate = p_gate and (
        not exists (select from agentcorp.attempt a where a.shard = p_shard and a.task_id = d.needs_id and a.outcome between 1 and 4)
        or exists (select from agentcorp.resolve r where r.shard = p_shard and r.needs_id = d.needs_id))
$$;
comment on function agentcorp.open_needs is 'How many needs of a blocked task have not been told to it: what blocked.remaining should be';

create function agentcorp.doctor_blocked() returns setof agentcorp.finding language plpgsql stable set enable_seqscan = off set jit = off as $$
begin
    return query
    select 'blocked', 'error', format('task %s waits for %s tasks, but %s: nobody will release it', x.task_id, x.remaining,
            case when x.open_needs = 0 then 'all that it needs have ended' else format('only %s of those that it needs are open', x.open_needs) end),
        'Count its needs anew, and let it go on if there are none.', format('select agentcorp.recount_needs(%s)', x.task_id), true
    from (select b.task_id, b.remaining, agentcorp.open_needs(b.shard, b.task_id, b.gate) open_needs
        from (select b.* from agentcorp.blocked b where b.remaining <= 100 order by b.task_id limit 1000) b) x
    where x.remaining > x.open_needs limit 20;
    return query
    select 'blocked', 'error', format('task %s has all that it waits for, and still stands still', b.task_id), 'Let it go on.', format('select agentcorp.recount_needs(%s)', b.task_id), true
    from (select b.* from agentcorp.blocked b where b.remaining <= 100 and b.phase in (0, 2, 3) order by b.task_id limit 1000) b
    where b.remaining = 0 or b.quorum = 0 and b.failed > 0 or b.quorum > 0 and b.met + b.remaining < b.quorum or b.phase <> 3 and b.quorum > 0 and b.met >= b.quorum
    limit 20;
end $$;
comment on function agentcorp.doctor_blocked is 'Every blocked task waits for something that is open';

-- What an edge says now replaces what was counted. Needs that had ended before they were added have no edge: their counts stay.
-- locks: blocked, then as settle_blocked
create function agentcorp.recount_needs(task_id bigint) returns int language plpgsql set enable_seqscan = off set jit = off as $$
declare
    v_shard smallint := agentcorp.shard_of(task_id);
    v agentcorp.blocked;
    v_open int;
    v_met int;
    v_all int;
begin
    select * into v from agentcorp.blocked b where b.task_id = recount_needs.task_id and b.shard = v_shard for update;
    if not found then
        return null;
    end if;
    v_open := agentcorp.open_needs(v_shard, task_id, v.gate);
    select count(*), count(*) filter (where agentcorp.counts_as_met(v_shard, d.needs_id, a.outcome, a.error ->> 'reason')) into v_all, v_met
        from agentcorp.dependency d cross join lateral (select x.outcome, x.error from agentcorp.attempt x
            where x.shard = v_shard and x.task_id = d.needs_id and x.outcome between 1 and 4 offset 0) a
        where d.task_id = recount_needs.task_id and d.shard = v_shard and d.gate = v.gate
            and not exists (select from agentcorp.resolve r where r.shard = v_shard and r.needs_id = d.needs_id);
    update agentcorp.blocked b set remaining = v_open, met = greatest(b.met, v_met), failed = greatest(b.failed, v_all - v_met)
        where b.task_id = recount_needs.task_id and b.shard = v_shard;
    perform agentcorp.settle_blocked(v_shard, array[task_id]);
    return v_open;
end $$;
comment on function agentcorp.recount_needs is 'Counts the open needs of a blocked task anew and lets it go on if there are none; returns their number, null when it is not blocked';

create function agentcorp.miscounted() returns table (queue_id int, shard smallint, ready bigint, queued bigint, scheduled bigint, blocked bigint, running bigint) language sql stable as $$
    with standing as (
        select r.queue_id, r.shard, 1 ready, 0 queued, 0 scheduled, 0 blocked, 0 running from agentcorp.ready r
        union all select q.queue_id, q.shard, 0, 1, 0, 0, 0 from agentcorp.queued q
        union all select t.queue_id, t.shard, 0, 0, 1, 0, 0 from agentcorp.scheduled s join agentcorp.task t on t.id = s.task_id and t.shard = s.shard
        union all select t.queue_id, t.shard, 0, 0, 0, 1, 0 from agentcorp.blocked b join agentcorp.task t on t.id = b.task_id and t.shard = b.shard where b.phase <> 1
        union all select t.queue_id, t.shard, 0, 0, 0, 0, 1 from agentcorp.claim c cross join lateral unnest(c.task_ids, c.attempts) u(t, a) join agentcorp.task t on t.id = u.t and t.shard = c.shard
            where not exists (select from agentcorp.attempt x where x.shard = c.shard and x.task_id = u.t and x.attempt = u.a)
        union all select c.queue_id, c.shard, -c.ready, -c.queued, -c.scheduled, -c.blocked, -c.running from agentcorp.counter c
        union all select d.queue_id, d.shard, -d.ready, -d.queued, -d.scheduled, -d.blocked, -d.running from agentcorp.count_delta d
    ), missing as (
        select s.queue_id, s.shard, sum(s.ready)::bigint ready, sum(s.queued)::bigint queued, sum(s.scheduled)::bigint scheduled, sum(s.blocked)::bigint blocked, sum(s.running)::bigint running
        from standing s group by 1, 2
    )
    select * from missing m where (m.ready, m.queued, m.scheduled, m.blocked, m.running) <> (0, 0, 0, 0, 0)
$$;
comment on function agentcorp.miscounted is 'By how much the counted depths of queues are short of a recount, in one snapshot; reads all open tasks';

create function agentcorp.doctor_counters(p_limit int default 50000) returns setof agentcorp.finding language plpgsql stable as $$
begin
    -- A recount reads every open task: only where there are few.
    if (select count(*) from (select from agentcorp.ready limit p_limit) x) + (select count(*) from (select from agentcorp.queued limit p_limit) x)
        + (select count(*) from (select from agentcorp.scheduled limit p_limit) x) + (select count(*) from (select from agentcorp.blocked limit p_limit) x)
        + (select coalesce(sum(cardinality(x.task_ids)), 0) from (select c.task_ids from agentcorp.claim c limit p_limit) x)
        + (select count(*) from (select from agentcorp.count_delta limit p_limit) x) >= p_limit
    then
        return;
    end if;
    return query
    select 'counters', 'warning', format('the depths of queue %s are off by %s', q.name, concat_ws(', ', nullif(m.ready, 0) || ' ready', nullif(m.queued, 0) || ' queued', nullif(m.scheduled, 0) || ' scheduled',
            nullif(m.blocked, 0) || ' blocked', nullif(m.running, 0) || ' running')),
        'Only what is shown is wrong. Recount.', 'select agentcorp.recount()', true
    from agentcorp.miscounted() m join agentcorp.queue q on q.id = m.queue_id order by q.name limit 20;
end $$;
comment on function agentcorp.doctor_counters is 'The counted depths of queues equal a recount';

-- One statement, one snapshot: what others change meanwhile they count themselves.
create function agentcorp.recount() returns int language plpgsql as $$
declare
    v_n int;
begin
    insert into agentcorp.count_delta (queue_id, shard, ready, queued, scheduled, blocked, running)
        select m.queue_id, m.shard, m.ready, m.queued, m.scheduled, m.blocked, m.running from agentcorp.miscounted() m;
    get diagnostics v_n = row_count;
    return v_n;
end $$;
comment on function agentcorp.recount is 'Corrects the counted depths of queues; returns in how many something was wrong';

create function agentcorp.doctor_checks() returns text[] language sql immutable parallel safe as $$
    select '{server, drift, durability, connections, wraparound, notifications, clock, xmin, locks, autovacuum, dead_rows, bloat, indexes, claim_plan, coordinator, scheduled, schedules, waits, admission, workers, claims, queues, kinds, blocked, counters}'::text[]
$$;
comment on function agentcorp.doctor_checks is 'The names of the checks, in their order';

create function agentcorp.doctor(only_check text default null) returns setof agentcorp.finding language plpgsql
set lock_timeout = '1s' set jit = off as $$
declare
    v_name text;
    v_n bigint;
begin
    if only_check <> all (agentcorp.doctor_checks()) then
        raise exception 'unknown check %', quote_literal(only_check) using errcode = 'AC007',
            hint = concat_ws(' ', nullif(agentcorp.did_you_mean(only_check, agentcorp.doctor_checks()), ''),
                format('Checks: %s.', array_to_string(agentcorp.doctor_checks(), ', ')));
    end if;
    foreach v_name in array agentcorp.doctor_checks() loop
        continue when v_name <> only_check;
        if v_name in ('claims', 'blocked', 'waits', 'counters', 'admission') and row_security_active('agentcorp.task') then
            return query select v_name, 'note', 'this compares rows of which you see only those of your tenant', 'Look as somebody who sees all.', null::text, false;
            continue;
        end if;
        begin
            return query execute format('select * from agentcorp.%I()', 'doctor_' || v_name);
            get diagnostics v_n = row_count;
            if v_n = 0 then
                return query select v_name, 'ok', lower(left(d, 1)) || substr(d, 2), null::text, null::text, false
                    from obj_description(format('agentcorp.%I', 'doctor_' || v_name)::regproc, 'pg_proc') d;
            end if;
        exception when others then
            -- One that fails says so and stops nothing.
            return next row(v_name, case when sqlstate = '42501' then 'note' else 'warning' end, format('this could not be checked: %s', sqlerrm),
                case when sqlstate = '42501' then 'Run it as a user who may, or grant what is missing.' else 'Mend that, then look again.' end, null, false)::agentcorp.finding;
        end;
    end loop;
end $$;
comment on function agentcorp.doctor is
    'Examines the installation; one row per finding, with its mend: a sentence and, where there is one, the exact statement. Changes nothing. A name runs that check alone';
