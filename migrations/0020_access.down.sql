select agentcorp.disable_tenant_isolation();
-- The roles stay: other databases of the server may use them, and logins are their members.
do $$
declare
    v record;
begin
    for v in select p.oid::regprocedure f from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace and p.prosecdef loop
        execute format('alter function %s security invoker', v.f);
        execute format('alter function %s reset search_path', v.f);
    end loop;
    if current_setting('server_version_num')::int >= 150000 then
        for v in select c.oid::regclass t from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'v' loop
            execute format('alter view %s reset (security_invoker)', v.t);
        end loop;
    end if;
    for v in select r from unnest('{agentcorp_enqueuer,agentcorp_worker,agentcorp_reader,agentcorp_coordinator,agentcorp_admin}'::text[]) r where to_regrole(r) is not null loop
        execute format('revoke all on all functions in schema agentcorp from %I', v.r);
        execute format('revoke all on all tables in schema agentcorp from %I', v.r);
        execute format('revoke all on all sequences in schema agentcorp from %I', v.r);
        execute format('revoke all on schema agentcorp from %I', v.r);
    end loop;
    grant execute on all functions in schema agentcorp to public;
end $$;
drop function agentcorp.disable_tenant_isolation, agentcorp.enable_tenant_isolation, agentcorp.drop_tenant_policies, agentcorp.grant_roles, agentcorp.result_of, agentcorp.set_tenant,
    agentcorp.tenant_of, agentcorp.own_tenant;
drop table agentcorp.tenant_role, agentcorp.permission;
