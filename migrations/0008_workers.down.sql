drop function agentcorp.unhandled_kinds, agentcorp.rescue, agentcorp.retire_worker, agentcorp.heartbeat, agentcorp.register_worker;
