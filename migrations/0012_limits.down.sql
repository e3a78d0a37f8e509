drop view agentcorp.lines, agentcorp.limits;
drop function agentcorp.set_weight, agentcorp.remove_limit, agentcorp.queue_ready, agentcorp.set_limit, agentcorp.sweep_slots, agentcorp.admit,
    agentcorp.admit_round, agentcorp.share_of, agentcorp.rule_for, agentcorp.take_tokens, agentcorp.tokens, agentcorp.take_turn,
    agentcorp.read_arrivals, agentcorp.free_slots, agentcorp.refuse_own_line, agentcorp.gate_queues, agentcorp.must_queue, agentcorp.queue_up;
drop table agentcorp.bucket, agentcorp.slot, agentcorp.tenant_turn, agentcorp.line, agentcorp.arrival, agentcorp.admission, agentcorp.tenant_weight,
    agentcorp.limit_rule;
