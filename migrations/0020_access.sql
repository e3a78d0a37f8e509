-- Who may call what, and whose tasks they see. Producers, workers and coordinators touch no table: the functions that they may call run
-- with the rights of their owner. Readers read the tables themselves, so that row-level security can decide what they see.

create table agentcorp.permission (
    function_name text primary key,
    class text not null check (class in ('helper', 'common', 'read', 'enqueue', 'publish', 'work', 'coordinate', 'manage', 'internal'))
);
comment on table agentcorp.permission is 'Which roles may call a function: a class for each name. agentcorp.grant_roles() reads it';
comment on column agentcorp.permission.class is
    'helper, common: all roles; read: readers; enqueue: enqueuers and workers; publish: the same, but no enqueuers while tenants are isolated; work: workers; coordinate: coordinators; manage, internal: admins. Enqueue, publish, common, work and coordinate run as their owner';

create table agentcorp.tenant_role (role_name name primary key, tenant text not null);
comment on table agentcorp.tenant_role is 'The tenant to which a role belongs; see agentcorp.enable_tenant_isolation';

-- A migration that adds functions adds their rows and calls agentcorp.grant_roles() again.
insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('common', 'steps'), ('enqueue', 'create_batch add_to_batch seal_batch'), ('manage', 'fork'),
    ('internal', 'check_callback require_batch settle_batch announce_batch'),
    ('helper', 'caller clock clock_offset bound_tenant shard_of micros outcome_name distance did_you_mean refuse_unknown_fields queue_id payload_key '
        'fingerprint error_hash normal_message is_container '
        'check_topic check_pattern patterns_of topic_lock share_topic event_json wait_end position find_event '
        'check_time_zone clock_change cron_field cron_value latest_moment next_fire next_moment next_wall parse_cron preview_schedule refuse_cron wall_moment zone_offset'),
    ('common', 'own_tenant result_of output_of unhandled_kinds'),
    ('read', 'failure_groups list_failures matching_tasks check_filter states tree describe history list_tasks list_events follow_events next_fires payload live_catalogue miscounted open_needs spell excerpt doctor doctor_checks doctor_autovacuum doctor_bloat doctor_blocked '
        'doctor_claim_plan doctor_claims doctor_clock doctor_connections doctor_coordinator doctor_counters doctor_dead_rows doctor_drift doctor_durability '
        'doctor_indexes doctor_kinds doctor_locks doctor_notifications doctor_queues doctor_scheduled doctor_schedules doctor_admission doctor_server doctor_waits doctor_workers doctor_wraparound doctor_xmin'),
    ('enqueue', 'enqueue enqueue_many enqueue_tree add_subtask add_subtasks add_complex_task add_dependency cancel'),
    ('publish', 'emit_event'),
    ('work', 'register_worker heartbeat retire_worker claim work finish finish_many snooze release release_unknown step_get step_put report_progress needs_of args_of store_output await_event read_events emit_from sleep_until sleep_for'),
    ('coordinate', 'lead resign resolve_ends promote rescue fold_counts admit sweep_slots fire_schedules prune_blobs expire_waits sweep_waits redrive_due prune due'),
    ('manage', 'redrive stop_redrive discard discard_many set_retention remove_retention ended_trees tree_members documents delete_trees create_queue pause_queue resume_queue retry retry_many set_limit remove_limit set_weight set_schedule remove_schedule pause_schedule resume_schedule run_schedule subscribe unsubscribe bulk_begin bulk_end key_usage sealed_payloads reseal recount recount_needs record_catalogue set_tenant tenant_of enable_tenant_isolation disable_tenant_isolation grant_roles'),
    ('internal', 'retry_alone retry_ids discard_ids check_reason outcome_code rule is_due take_trees delete_tasks prune_trees prune_others next_id wake wake_coordinator milliseconds parse_backoff backoff_delay parse_join make_policy confine hold move_counts take_ready make_ready '
        'tolerates_failure counts_as_met open_gate add_needs end_tasks publish_ends check_payload choose_shard withdraw take_key enqueue_node text_array '
        'node_policy check_nodes insert_bodies find_cycle insert_trees refuse_cycle await_subtasks hand_over count_released is_recorded put_output '
        'finish_others close_claims settle_blocked cancel_losers cancel_trees cancel_below last_outcome require_lease require_hold drop_tenant_policies '
        'admit_round free_slots gate_queues must_queue queue_ready queue_up read_arrivals refuse_own_line rule_for share_of take_queued take_tokens take_turn tokens '
        'max_payload put_blob store_payload share_blobs drop_blobs_of drop_unused fire_schedule hold_schedule refuse_schedule scheduled_task wake_waits meet_waits deliver lock_topic park until wait_to_claim insert_leaves place_free')) x(c, f);

create function agentcorp.own_tenant() returns text language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.tenant from agentcorp.tenant_role r where r.role_name = agentcorp.caller()
$$;
comment on function agentcorp.own_tenant is 'The tenant of the caller; null when it has none';

create function agentcorp.tenant_of(role name) returns text language sql stable as $$
    select r.tenant from agentcorp.tenant_role r where r.role_name = role
$$;
comment on function agentcorp.tenant_of is 'The tenant to which a role belongs, or null';

-- A "/" parts the tenant from the rest of its unique keys.
create function agentcorp.set_tenant(role name, tenant text) returns void language plpgsql as $$
begin
    if not exists (select from pg_roles r where r.rolname = role) then
        raise exception 'role "%" does not exist', role using errcode = 'AC007', hint = format('Create it with: create role %I login', role);
    end if;
    if tenant = '' or length(tenant) > 200 or tenant ~ '[/[:cntrl:]]' then
        raise exception 'tenant "%" is not valid', tenant using errcode = 'AC007', hint = 'Use 1 to 200 characters without "/".';
    end if;
    delete from agentcorp.tenant_role r where r.role_name = role and set_tenant.tenant is null;
    insert into agentcorp.tenant_role as r (role_name, tenant) select role, set_tenant.tenant where set_tenant.tenant is not null
        on conflict (role_name) do update set tenant = excluded.tenant;
end $$;
comment on function agentcorp.set_tenant is 'Says to which tenant a role belongs; null: to none. Not its member roles: each login or SET ROLE role is named itself';

create function agentcorp.result_of(task_id bigint)
returns table (state text, attempt smallint, finished_at timestamptz, output jsonb, error jsonb) language plpgsql stable as $$
#variable_conflict use_column
declare
    v_shard smallint := agentcorp.shard_of(task_id);
begin
    perform agentcorp.confine(agentcorp.bound_tenant(), null, array[result_of.task_id]);
    return query select s.state, s.attempt, s.finished_at, agentcorp.payload(o.result, v_shard), s.error
        from agentcorp.task t cross join lateral agentcorp.states(v_shard, array[t.id]) s
        left join agentcorp.output o on o.task_id = t.id and o.shard = v_shard
        where t.id = result_of.task_id and t.shard = v_shard;
    if not found then
        raise exception 'unknown task %', result_of.task_id using errcode = 'AC001', hint = 'Use an id that agentcorp.enqueue returned.';
    end if;
end $$;
comment on function agentcorp.result_of is 'How a task stands, for whoever has its id: state, attempt, and once it has one its output or the error of the latest attempt';

create function agentcorp.grant_roles() returns void language plpgsql as $$
declare
    v_role text;
    v record;
    v_isolated boolean := (select c.relrowsecurity from pg_class c where c.oid = 'agentcorp.task'::regclass);
    v_roles text[] := '{agentcorp_enqueuer,agentcorp_worker,agentcorp_reader,agentcorp_coordinator,agentcorp_admin}';
begin
    foreach v_role in array v_roles loop
        continue when to_regrole(v_role) is not null;
        begin
            execute format('create role %I nologin', v_role);
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise notice 'role % is missing, and % may not create roles', v_role, current_user
                    using hint = format('Let somebody who may run: create role %I; then call agentcorp.grant_roles() as the owner of the schema.', v_role);
        end;
    end loop;
    v_roles := array(select r from unnest(v_roles) r where to_regrole(r) is not null);

    revoke all on schema agentcorp from public;
    revoke all on all functions in schema agentcorp from public;
    revoke all on all tables in schema agentcorp from public;
    revoke all on all sequences in schema agentcorp from public;
    for v in select p.oid::regprocedure f from pg_proc p join agentcorp.permission m on m.function_name = p.proname
        where p.pronamespace = 'agentcorp'::regnamespace and m.class in ('common', 'enqueue', 'publish', 'work', 'coordinate')
        and (not p.prosecdef or 'search_path=pg_catalog, pg_temp' <> all (coalesce(p.proconfig, '{}')))
    loop
        -- Nothing that the caller has made is found by a name in such a function.
        execute format('alter function %s security definer', v.f);
        execute format('alter function %s set search_path = pg_catalog, pg_temp', v.f);
    end loop;
    if current_setting('server_version_num')::int >= 150000 then
        for v in select c.oid::regclass t from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'v'
            and coalesce(c.reloptions, '{}')::text !~ 'security_(barrier|invoker)=true'
        loop
            execute format('alter view %s set (security_invoker = true)', v.t);
        end loop;
    end if;

    foreach v_role in array v_roles loop
        execute format('revoke all on all functions in schema agentcorp from %I', v_role);
        execute format('revoke all on all tables in schema agentcorp from %I', v_role);
        execute format('grant usage on schema agentcorp to %I', v_role);
        for v in select c.oid::regclass t from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relname in ('shard', 'queue', 'migration') and c.relkind = 'r' loop
            execute format('grant select on %s to %I', v.t, v_role);
        end loop;
    end loop;
    for v in
        select r.role, p.oid::regprocedure f
        from pg_proc p join agentcorp.permission m on m.function_name = p.proname
        join (values ('helper', v_roles), ('common', v_roles), ('read', '{agentcorp_reader}'::text[]), ('enqueue', '{agentcorp_enqueuer,agentcorp_worker}'),
            ('publish', case when v_isolated then '{agentcorp_worker}' else '{agentcorp_enqueuer,agentcorp_worker}'::text[] end),
            ('work', '{agentcorp_worker}'), ('coordinate', '{agentcorp_coordinator}')) c(class, roles) on c.class = m.class
        cross join lateral unnest(c.roles) r(role)
        where p.pronamespace = 'agentcorp'::regnamespace and r.role = any (v_roles)
    loop
        execute format('grant execute on function %s to %I', v.f, v.role);
    end loop;
    if to_regrole('agentcorp_reader') is not null then
        grant select on all tables in schema agentcorp to agentcorp_reader;
    end if;
    if to_regrole('agentcorp_admin') is not null then
        grant execute on all functions in schema agentcorp to agentcorp_admin;
        grant select, insert, update, delete on all tables in schema agentcorp to agentcorp_admin;
        grant usage, select, update on all sequences in schema agentcorp to agentcorp_admin;
    end if;
    if v_isolated then
        perform agentcorp.enable_tenant_isolation();
    end if;
end $$;
comment on function agentcorp.grant_roles is
    'Creates the roles agentcorp_enqueuer, _worker, _reader, _coordinator and _admin where it may, and gives each what agentcorp.permission says. For the owner of the schema; safe to repeat';

create function agentcorp.drop_tenant_policies() returns void language plpgsql as $$
declare
    v record;
begin
    for v in select p.polname, p.polrelid::regclass t from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = 'agentcorp'::regnamespace and p.polname in ('agentcorp_admin', 'agentcorp_tenant', 'agentcorp_needs')
    loop
        execute format('drop policy %I on %s', v.polname, v.t);
    end loop;
end $$;
comment on function agentcorp.drop_tenant_policies is 'Drops what agentcorp.enable_tenant_isolation has made';

-- locks: every table of the schema, exclusively, for a moment
create function agentcorp.enable_tenant_isolation() returns void language plpgsql as $$
declare
    v record;
begin
    if current_setting('server_version_num')::int < 150000 then
        raise exception 'tenants can be isolated from PostgreSQL 15 on' using errcode = 'feature_not_supported',
            hint = 'Before 15 a view reads with the rights of its owner, whoever asks.';
    end if;
    if to_regrole('agentcorp_reader') is null or to_regrole('agentcorp_enqueuer') is null or to_regrole('agentcorp_worker') is null or to_regrole('agentcorp_admin') is null then
        raise exception 'the roles that are to be isolated are missing' using errcode = 'undefined_object', hint = 'Call agentcorp.grant_roles() first.';
    end if;
    perform agentcorp.drop_tenant_policies();
    for v in
        select c.oid::regclass t, c.relname, k.* from pg_class c cross join lateral (
            select coalesce(bool_or(a.attname = 'task_id'), false) and coalesce(bool_or(a.attname = 'shard'), false) has_task,
                coalesce(bool_or(a.attname = 'needs_id'), false) has_needs, coalesce(bool_or(a.attname = 'tenant'), false) has_tenant
            from pg_attribute a where a.attrelid = c.oid and a.attnum > 0) k
        where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') order by c.relname
    loop
        execute format('alter table %s enable row level security', v.t);
        execute format('create policy agentcorp_admin on %s to agentcorp_admin using (true) with check (true)', v.t);
        -- What has no other policy shows nothing.
        if v.relname in ('shard', 'queue', 'migration') then
            execute format('create policy agentcorp_tenant on %s for select to agentcorp_reader using (true)', v.t);
        elsif v.has_tenant and (v.relname = 'task' or not v.has_task) then
            execute format('create policy agentcorp_tenant on %s for select to agentcorp_reader using (tenant = (select agentcorp.own_tenant()))', v.t);
        elsif v.relname = 'blob' then
            execute format('create policy agentcorp_tenant on %1$s for select to agentcorp_reader
                using (exists (select from agentcorp.blob_use own where own.sha256 = %1$s.sha256 and own.shard = %1$s.shard))', v.t);
        elsif v.has_task then
            execute format('create policy agentcorp_tenant on %1$s for select to agentcorp_reader
                using (exists (select from agentcorp.task own where own.id = %1$s.task_id and own.shard = %1$s.shard))', v.t);
        end if;
        if v.has_needs then
            execute format('create policy agentcorp_needs on %1$s as restrictive for select to agentcorp_reader
                using (pg_has_role(agentcorp.caller(), ''agentcorp_admin'', ''usage'') or exists (select from agentcorp.task own where own.id = %1$s.needs_id and own.shard = %1$s.shard))', v.t);
        end if;
    end loop;
    for v in select p.oid::regprocedure f from pg_proc p join agentcorp.permission m on m.function_name = p.proname
        where p.pronamespace = 'agentcorp'::regnamespace and m.class = 'publish'
    loop
        execute format('revoke execute on function %s from agentcorp_enqueuer', v.f);
    end loop;
end $$;
comment on function agentcorp.enable_tenant_isolation is
    'From now on readers and enqueuers see and touch only tasks of the tenant that agentcorp.set_tenant gave their role; without one, nothing. Workers, coordinators, admins and the owner serve all';

create function agentcorp.disable_tenant_isolation() returns void language plpgsql as $$
declare
    v record;
begin
    perform agentcorp.drop_tenant_policies();
    for v in select c.oid::regclass t from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity order by c.relname loop
        execute format('alter table %s disable row level security', v.t);
    end loop;
    perform agentcorp.grant_roles();
end $$;
comment on function agentcorp.disable_tenant_isolation is 'Takes agentcorp.enable_tenant_isolation back';

select agentcorp.grant_roles();
