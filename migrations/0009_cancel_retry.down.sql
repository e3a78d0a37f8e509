drop function agentcorp.retry, agentcorp.last_outcome, agentcorp.cancel, agentcorp.cancel_below, agentcorp.cancel_trees;
