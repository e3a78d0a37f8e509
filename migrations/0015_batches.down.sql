drop view agentcorp.batches;
drop function agentcorp.announce_batch, agentcorp.settle_batch, agentcorp.seal_batch, agentcorp.add_to_batch, agentcorp.require_batch,
    agentcorp.create_batch, agentcorp.check_callback;
drop index agentcorp.task_batch;
