drop function agentcorp.report_progress, agentcorp.fork, agentcorp.steps, agentcorp.step_put, agentcorp.step_get, agentcorp.require_hold, agentcorp.require_lease;
