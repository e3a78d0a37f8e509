drop function agentcorp.resign, agentcorp.lead, agentcorp.fold_counts, agentcorp.promote, agentcorp.resolve_ends, agentcorp.cancel_losers,
    agentcorp.settle_blocked;
