drop function agentcorp.retry, agentcorp.is_container, agentcorp.last_outcome, agentcorp.cancel, agentcorp.cancel_below, agentcorp.cancel_trees;
