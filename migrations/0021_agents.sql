-- Agents: who can be asked to do something. A version of an agent is immutable, a run keeps the one it began with; the row of `agent` says
-- which one is current. How many tasks of an agent run at once is a limit on the concurrency key `agent:NAME`, so the admitter keeps it,
-- across the whole fleet, and what holds its slots is how busy the agent is.
-- locks: agent (name asc), then admission (agentcorp.set_limit)

create table agentcorp.agent (
    removed_at timestamptz,
    version int not null,
    name text primary key
);
comment on table agentcorp.agent is 'The agents of the pool, and the version of each that new tasks get';
comment on column agentcorp.agent.removed_at is 'Since when nobody is given it any more; its versions stay for the tasks that have them';

create table agentcorp.agent_version (
    created_at timestamptz not null,
    version int not null,
    price numeric,
    name text not null,
    role text,
    sha256 bytea not null,
    skills text[] not null,
    config jsonb not null,
    primary key (name, version),
    unique (name, sha256)
);
comment on table agentcorp.agent_version is 'Every configuration that an agent has had, complete: with its prompt, without its files and without keys';
comment on column agentcorp.agent_version.sha256 is 'Of the text of config, as PostgreSQL prints it, in UTF-8: the same configuration is the same version';
comment on column agentcorp.agent_version.price is 'A hint for choosing: what a million tokens cost in USD, input and output blended; null: unknown';

create function agentcorp.agent_key(name text) returns text language sql immutable parallel safe as $$
    select 'agent:' || name
$$;
comment on function agentcorp.agent_key is 'The concurrency key of an agent''s tasks: its max_concurrency is the limit of that key';

create function agentcorp.check_agent(p_name text, p_config jsonb, p_price numeric) returns void language plpgsql immutable as $$
declare
    v_max jsonb := p_config -> 'max_concurrency';
begin
    if coalesce(p_name, '') = '' or length(p_name) > 100 or p_name <> trim(p_name) or p_name ~ '[[:cntrl:]*/:"]' then
        raise exception 'agent name "%" is not valid', p_name using errcode = 'AC007',
            hint = 'Use 1 to 100 characters without * / : " and control characters, and no space at either end.';
    elsif jsonb_typeof(p_config) is distinct from 'object' then
        raise exception 'agent "%": config is not a JSON object', p_name using errcode = 'AC007', hint = 'Write one as {"model": "...", "system_prompt": "..."}.';
    elsif p_config ->> 'name' <> p_name then
        raise exception 'agent "%": config is that of "%"', p_name, p_config ->> 'name' using errcode = 'AC007', hint = 'Give it the same name, or leave the field out.';
    elsif octet_length(p_config::text) > 1048576 then
        raise exception 'agent "%": config takes % KiB; the limit is 1024 KiB', p_name, octet_length(p_config::text) / 1024 using errcode = 'AC008',
            hint = 'Let the agent read what is long with a tool.';
    -- In the text of a string these quotes would have backslashes. A schema may ask for a password.
    elsif (p_config - 'output_schema')::text ~* '"([a-z0-9_-]*api[_-]?key|secret[_-]?key|access[_-]?token|auth[_-]?token|authorization|password)": ("|\{|\[)' then
        raise exception 'agent "%": config holds a key or a password', p_name using errcode = 'AC007',
            hint = 'Keys are read from the environment ({PROVIDER}_API_KEY), never from the database. Take it out, and replace it where it came from.';
    elsif v_max is not null and (jsonb_typeof(v_max) <> 'number' or v_max::text !~ '^[0-9]{1,6}$' or v_max = '0') then
        raise exception 'agent "%": max_concurrency % is not a whole number from 1 to 999999', p_name, v_max using errcode = 'AC007', hint = 'Leave it out for no limit.';
    elsif jsonb_typeof(p_config -> 'role') <> 'string' or length(p_config ->> 'role') not between 1 and 100 then
        raise exception 'agent "%": role is not a string of 1 to 100 characters', p_name using errcode = 'AC007';
    elsif jsonb_typeof(p_config -> 'skills') <> 'array' then
        raise exception 'agent "%": skills is not an array', p_name using errcode = 'AC007', hint = 'Write ["swift", "sql"].';
    elsif exists (select from jsonb_array_elements(p_config -> 'skills') s where jsonb_typeof(s) <> 'string' or length(s #>> '{}') not between 1 and 100)
        or jsonb_array_length(p_config -> 'skills') > 100 then
        raise exception 'agent "%": skills are not up to 100 strings of 1 to 100 characters', p_name using errcode = 'AC007', hint = 'Write ["swift", "sql"].';
    elsif p_price < 0 or p_price = 'NaN' or p_price = 'Infinity' then
        raise exception 'agent "%": price % is not a price', p_name, p_price using errcode = 'AC007', hint = 'Give USD per million tokens, or null where it is not known.';
    end if;
end $$;
comment on function agentcorp.check_agent is 'Refuses an agent that the pool could not hold, or that would bring a key into the database';

create function agentcorp.store_agent(p_name text, p_config jsonb, p_price numeric, p_dry_run boolean, out version int, out change text) language plpgsql as $$
#variable_conflict use_column
declare
    v_config jsonb;
    v_sha256 bytea;
    v_current record;
    v_same int;
begin
    perform agentcorp.check_agent(p_name, p_config, p_price);
    v_config := p_config || jsonb_build_object('name', p_name);
    v_sha256 := sha256(convert_to(v_config::text, 'UTF8'));
    if not p_dry_run then
        -- Version 0 is that of an agent whose first version comes below; the row is the mutex of the name.
        insert into agentcorp.agent (version, name) values (0, p_name) on conflict do nothing;
        perform 1 from agentcorp.agent a where a.name = p_name for update;
    end if;
    select a.version, a.removed_at, v.sha256, v.price, v.config into v_current
        from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version where a.name = p_name;
    change := case when v_current.version is null or v_current.removed_at is not null then 'new' when v_current.sha256 <> v_sha256 then 'changed' else 'unchanged' end;
    select v.version into v_same from agentcorp.agent_version v where v.name = p_name and v.sha256 = v_sha256;
    version := coalesce(v_same, (select max(v.version) from agentcorp.agent_version v where v.name = p_name) + 1, 1);
    if p_dry_run then
        return;
    end if;
    if v_same is null then
        insert into agentcorp.agent_version (created_at, version, price, name, role, sha256, skills, config)
            values (agentcorp.clock(), store_agent.version, p_price, p_name, v_config ->> 'role', v_sha256,
                array(select s from jsonb_array_elements_text(v_config -> 'skills') s), v_config);
    elsif p_price is not null then
        update agentcorp.agent_version v set price = p_price
            where v.name = p_name and v.version = v_same and v.price is distinct from p_price;
    end if;
    if change = 'unchanged' then
        return;
    end if;
    update agentcorp.agent a set version = store_agent.version, removed_at = null where a.name = p_name;
    if v_config ? 'max_concurrency' then
        perform agentcorp.set_limit(key => agentcorp.agent_key(p_name), concurrency => (v_config ->> 'max_concurrency')::int);
    elsif v_current.config ? 'max_concurrency' then
        perform agentcorp.remove_limit(key => agentcorp.agent_key(p_name));
    end if;
    -- A key without a limit runs one task at a time.
    if not exists (select from agentcorp.limit_rule r where r.queue_id = 0 and r.key = agentcorp.agent_key('*')) then
        perform agentcorp.set_limit(key => agentcorp.agent_key('*'), concurrency => 1000000);
    end if;
end $$;
comment on function agentcorp.store_agent is 'Makes a configuration the current version of an agent, or says what that would change: new, changed or unchanged';

create function agentcorp.put_agent(name text, config jsonb, price numeric default null) returns table (version int, changed boolean) language plpgsql as $$
begin
    return query select s.version, s.change <> 'unchanged' from agentcorp.store_agent(put_agent.name, put_agent.config, put_agent.price, false) s;
end $$;
comment on function agentcorp.put_agent is
    'Puts an agent into the pool, or gives it another configuration: a new version, or the old one with the same content. price: a hint in USD per million tokens. Its max_concurrency becomes the limit of key agent:NAME';

create function agentcorp.put_agents(agents jsonb, dry_run boolean default false) returns table (name text, version int, change text) language plpgsql as $$
declare
    v record;
    v_twice text;
begin
    if jsonb_typeof(agents) is distinct from 'array' then
        raise exception 'agents is not a JSON array' using errcode = 'AC007', hint = 'Pass [{"config": {"name": "writer", ...}, "price": 2.5}, ...].';
    end if;
    for v in select x.a, x.i - 1 i from jsonb_array_elements(agents) with ordinality x(a, i) loop
        if jsonb_typeof(v.a) <> 'object' or jsonb_typeof(v.a #> '{config,name}') is distinct from 'string' or jsonb_typeof(v.a -> 'price') not in ('number', 'null') then
            raise exception '/% is not an object with a config that has a name, and perhaps a price', v.i using errcode = 'AC007',
                hint = 'Pass [{"config": {"name": "writer", ...}, "price": 2.5}, ...].';
        end if;
        perform agentcorp.refuse_unknown_fields(format('/%s', v.i), v.a, '{config,price}');
    end loop;
    select x.a #>> '{config,name}' into v_twice from jsonb_array_elements(agents) x(a) group by 1 having count(*) > 1 limit 1;
    if found then
        raise exception 'agent "%" is there twice', v_twice using errcode = 'AC007', hint = 'Give each agent a name of its own.';
    end if;
    for v in select x.a from jsonb_array_elements(agents) x(a) order by x.a #>> '{config,name}' collate "C" loop
        return query select v.a #>> '{config,name}', s.version, s.change
            from agentcorp.store_agent(v.a #>> '{config,name}', v.a -> 'config', (v.a ->> 'price')::numeric, dry_run) s;
    end loop;
end $$;
comment on function agentcorp.put_agents is
    'Puts an array of {"config": {"name": ...}, "price"} into the pool, all or none, and says of each by name what changed: new, changed or unchanged. dry_run: only says it';

create function agentcorp.require_agent(p_name text) returns int language plpgsql stable as $$
declare
    v_agent agentcorp.agent;
begin
    select * into v_agent from agentcorp.agent a where a.name = p_name;
    if v_agent.removed_at is not null then
        raise exception 'agent "%" was removed at %', p_name, v_agent.removed_at using errcode = 'AC001',
            hint = 'Load it again, or name one of its versions.';
    elsif v_agent.name is null then
        raise exception 'unknown agent "%"', p_name using errcode = 'AC001',
            hint = trim(concat(agentcorp.did_you_mean(p_name, array(select a.name from agentcorp.agent a where a.removed_at is null)),
                coalesce((select format(' There are %s.', string_agg(x.name, ', ')) from (select a.name from agentcorp.agent a where a.removed_at is null
                    order by a.name limit 20) x having count(*) > 0), ' The pool is empty: load a folder with agentcorp agents load.')));
    end if;
    return v_agent.version;
end $$;
comment on function agentcorp.require_agent is 'The current version of an agent; AC001 with a suggestion when there is none of that name';

create function agentcorp.agent_config(name text, inout version int default null, out config jsonb) language plpgsql stable as $$
begin
    if version is null then
        version := agentcorp.require_agent(agent_config.name);
    elsif not exists (select from agentcorp.agent a where a.name = agent_config.name) then
        perform agentcorp.require_agent(agent_config.name);
    end if;
    select v.config into config from agentcorp.agent_version v where v.name = agent_config.name and v.version = agent_config.version;
    if not found then
        raise exception 'agent "%" has no version %', name, version using errcode = 'AC001',
            hint = (select format('It has 1 to %s.', max(v.version)) from agentcorp.agent_version v where v.name = agent_config.name);
    end if;
end $$;
comment on function agentcorp.agent_config is 'The current version of an agent and its configuration, or those of another version, also of one that was removed';

create function agentcorp.remove_agent(name text) returns void language plpgsql as $$
begin
    perform agentcorp.require_agent(remove_agent.name);
    update agentcorp.agent a set removed_at = agentcorp.clock() where a.name = remove_agent.name and a.removed_at is null;
end $$;
comment on function agentcorp.remove_agent is 'Takes an agent out of the pool. The tasks that it has go on with their version, within its limit';

-- What holds a slot of the key, and what stands in line for one; a line is there once the admitter has read its arrival. Lines of other
-- keys may be many and have no index by key: to pass over all of them once, with the wanted keys in a hash table, is the fastest.
create function agentcorp.busy_agents(p_names text[]) returns table (agent text, busy bigint) language plpgsql stable set jit = off as $$
begin
    return query
        with wanted as (
            select n.name, agentcorp.agent_key(n.name) key from unnest(p_names) n(name)
        ), waiting as (
            select l.key, sum(q.n) n from (
                select l.queue_id, l.tenant, w.key, l.ordered_key from agentcorp.line l join wanted w on w.key = l.concurrency_key
                union select a.queue_id, a.tenant, w.key, a.ordered_key from agentcorp.arrival a join wanted w on w.key = a.concurrency_key) l
            cross join lateral (select count(*) n from (select from agentcorp.queued x where x.queue_id = l.queue_id and x.tenant = l.tenant
                and x.concurrency_key = l.key and x.ordered_key = l.ordered_key limit 1000) x) q
            group by 1
        ), running as (
            select w.key, count(*) n from agentcorp.slot s join wanted w on w.key = s.concurrency_key where s.concurrency_key <> '' group by 1
        )
        select w.name, coalesce(l.n, 0)::bigint + coalesce(r.n, 0) from wanted w left join waiting l on l.key = w.key left join running r on r.key = w.key;
end $$;
comment on function agentcorp.busy_agents is 'How many tasks of each agent run or stand in line, of each line no more than 1000';

create function agentcorp.pick_agent(role text, skills text[] default '{}', pick text default 'least_busy', besides text[] default '{}') returns text language plpgsql stable as $$
declare
    v_skills text[] := coalesce(skills, '{}');
    v_names text[];
    v_name text;
    v_roles text[];
    v_known text[];
    v_hint text;
begin
    if pick is null or pick not in ('least_busy', 'cheapest') then
        raise exception 'pick "%" is not understood', pick using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(pick, '{least_busy,cheapest}'), ' Use least_busy or cheapest.'));
    elsif role is null and v_skills = '{}' then
        raise exception 'neither a role nor a skill is asked for' using errcode = 'AC007', hint = 'Name a role, skills or both, as in agentcorp.pick_agent(''reviewer'', ''{swift}'').';
    end if;
    v_names := array(select a.name from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version
        where a.removed_at is null and (pick_agent.role is null or v.role = pick_agent.role) and v.skills @> v_skills);
    if v_names <> '{}' and v_names <@ besides then
        return null;
    end if;
    v_names := array(select n from unnest(v_names) n where n <> all (besides));
    if cardinality(v_names) > 1 and pick = 'least_busy' then
        select b.agent into v_name from agentcorp.busy_agents(v_names) b cross join lateral (select agentcorp.rule_for(agentcorp.agent_key(b.agent)) rule offset 0) r
            order by b.busy / coalesce((r.rule).concurrency, case when (r.rule).queue_id is null then 1 end, 1000000)::float8, b.agent collate "C" limit 1;
    elsif v_names <> '{}' then
        select a.name into v_name from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version
            where a.name = any (v_names) order by v.price nulls last, a.name collate "C" limit 1;
    else
        v_roles := array(select distinct v.role from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version
            where a.removed_at is null and v.role is not null order by 1 limit 50);
        -- Where the role is known its skills are of interest, else all.
        v_known := array(select distinct s from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version cross join unnest(v.skills) s
            where a.removed_at is null and (pick_agent.role is null or pick_agent.role <> all (v_roles) or v.role = pick_agent.role) order by 1 limit 50);
        v_hint := concat_ws(' ', nullif(agentcorp.did_you_mean(role, case when role <> all (v_roles) then v_roles end), ''),
            (select nullif(agentcorp.did_you_mean(s, v_known), '') from unnest(v_skills) s where s <> all (v_known) limit 1),
            case when v_roles <> '{}' then format('Roles: %s.', array_to_string(v_roles, ', ')) else 'No agent of the pool has a role.' end,
            case when v_known <> '{}' then format('Skills%s: %s.', case when role = any (v_roles) then format(' of role %s', role) end, array_to_string(v_known, ', ')) end);
        raise exception 'no agent has %', concat_ws(' with ', 'role "' || role || '"', case when v_skills <> '{}' then format('skills %s', array_to_string(v_skills, ', ')) end)
            using errcode = 'AC001', hint = v_hint;
    end if;
    return v_name;
end $$;
comment on function agentcorp.pick_agent is
    'The name of the agent with this role and all these skills that has the fewest tasks for its max_concurrency (least_busy), or the lowest price (cheapest, unknown last); the first by name among equals. Null: there are only those of besides. AC001 says which roles and skills there are';

create view agentcorp.agents as
select a.name, a.version, v.role, v.skills,
    coalesce(v.config ->> 'provider', substring(coalesce(v.config #>> '{model,0}', v.config ->> 'model') from '^([^/]+)/')) provider,
    case jsonb_typeof(v.config -> 'model') when 'array' then array(select m from jsonb_array_elements_text(v.config -> 'model') m)
        when 'string' then array[v.config ->> 'model'] else '{}' end models,
    case jsonb_typeof(v.config -> 'tools') when 'array' then array(select t from jsonb_array_elements_text(v.config -> 'tools') t) else '{}' end tools,
    v.config ->> 'description' description, (v.config ->> 'max_concurrency')::int max_concurrency, b.busy, v.price, v.created_at
from agentcorp.agent a join agentcorp.agent_version v on v.name = a.name and v.version = a.version
join agentcorp.busy_agents(array(select x.name from agentcorp.agent x where x.removed_at is null)) b on b.agent = a.name;
comment on view agentcorp.agents is 'The agents of the pool. busy: how many of its tasks run or stand in line';

create view agentcorp.agent_versions as
select v.name, v.version, a.version = v.version and a.removed_at is null as is_current, a.removed_at, v.role, v.skills, v.price, v.created_at, encode(v.sha256, 'hex') sha256, v.config
from agentcorp.agent_version v join agentcorp.agent a on a.name = v.name;
comment on view agentcorp.agent_versions is 'Every version of every agent, also of those that were removed';

insert into agentcorp.permission (function_name, class) select unnest(string_to_array(f, ' ')), c from (values
    ('helper', 'agent_key'), ('read', 'busy_agents'), ('enqueue', 'pick_agent'), ('work', 'agent_config'),
    ('manage', 'put_agent put_agents remove_agent'), ('internal', 'check_agent store_agent require_agent')) x(c, f);
select agentcorp.grant_roles();
