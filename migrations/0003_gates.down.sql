drop function agentcorp.publish_ends, agentcorp.end_tasks, agentcorp.add_needs, agentcorp.open_gate, agentcorp.counts_as_met, agentcorp.tolerates_failure,
    agentcorp.make_ready, agentcorp.take_queued, agentcorp.take_ready, agentcorp.move_counts, agentcorp.hold;
