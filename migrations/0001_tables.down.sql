drop table agentcorp.leader, agentcorp.counter, agentcorp.count_delta, agentcorp.progress, agentcorp.blob_use, agentcorp.blob, agentcorp.step, agentcorp.unique_key,
    agentcorp.resolve, agentcorp.blocked, agentcorp.dependency, agentcorp.output, agentcorp.attempt, agentcorp.worker,
    agentcorp.claim, agentcorp.scheduled, agentcorp.queued, agentcorp.ready, agentcorp.task, agentcorp.queue, agentcorp.shard;
drop sequence agentcorp.gate, agentcorp.claim_id, agentcorp.task_id;
