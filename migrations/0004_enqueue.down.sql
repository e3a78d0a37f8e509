drop function agentcorp.bulk_end, agentcorp.bulk_begin, agentcorp.enqueue_node, agentcorp.enqueue_many, agentcorp.enqueue, agentcorp.take_key, agentcorp.withdraw,
    agentcorp.choose_shard, agentcorp.payload, agentcorp.put_blob, agentcorp.store_payload, agentcorp.max_payload, agentcorp.check_payload;
