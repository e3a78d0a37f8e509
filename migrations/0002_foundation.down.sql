drop function agentcorp.confine, agentcorp.bound_tenant, agentcorp.make_policy, agentcorp.parse_join, agentcorp.backoff_delay, agentcorp.parse_backoff, agentcorp.milliseconds,
    agentcorp.wake_coordinator, agentcorp.wake, agentcorp.resume_queue, agentcorp.pause_queue, agentcorp.create_queue,
    agentcorp.queue_id, agentcorp.refuse_unknown_fields, agentcorp.until, agentcorp.did_you_mean, agentcorp.distance, agentcorp.outcome_code, agentcorp.outcome_name, agentcorp.micros, agentcorp.next_id,
    agentcorp.shard_of, agentcorp.clock, agentcorp.clock_offset, agentcorp.caller;
