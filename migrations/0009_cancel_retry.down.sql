drop function agentcorp.retry_many, agentcorp.retry, agentcorp.last_outcome, agentcorp.cancel, agentcorp.cancel_below, agentcorp.cancel_trees;
