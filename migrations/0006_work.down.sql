drop function agentcorp.snooze, agentcorp.finish_many, agentcorp.finish, agentcorp.claim, agentcorp.close_claims, agentcorp.release,
    agentcorp.finish_others, agentcorp.put_output, agentcorp.is_recorded, agentcorp.count_released, agentcorp.hand_over, agentcorp.await_subtasks, agentcorp.wait_to_claim, agentcorp.work;
