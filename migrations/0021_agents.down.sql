drop view agentcorp.agent_versions, agentcorp.agents;
drop function agentcorp.pick_agent, agentcorp.busy_agents, agentcorp.remove_agent, agentcorp.agent_config, agentcorp.require_agent, agentcorp.put_agents,
    agentcorp.put_agent, agentcorp.store_agent, agentcorp.check_agent, agentcorp.agent_key;
drop table agentcorp.agent_version, agentcorp.agent;
delete from agentcorp.permission where function_name in ('agent_key', 'busy_agents', 'pick_agent', 'agent_config', 'put_agent', 'put_agents', 'remove_agent',
    'check_agent', 'store_agent', 'require_agent');
