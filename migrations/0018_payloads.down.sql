drop function agentcorp.reseal, agentcorp.sealed_payloads, agentcorp.key_usage, agentcorp.payload_key, agentcorp.share_blobs, agentcorp.prune_blobs,
    agentcorp.drop_blobs_of, agentcorp.drop_unused, agentcorp.args_of, agentcorp.store_output;
alter table agentcorp.task alter column args set compression default;
alter table agentcorp.output alter column result set compression default;
alter table agentcorp.step alter column value set compression default;
alter table agentcorp.blob alter column data set compression default;
