drop function agentcorp.unhandled_kinds, agentcorp.rescue, agentcorp.release_unknown, agentcorp.retire_worker, agentcorp.heartbeat, agentcorp.register_worker;
