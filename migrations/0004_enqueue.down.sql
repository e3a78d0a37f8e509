drop function agentcorp.bulk_end, agentcorp.bulk_begin, agentcorp.enqueue_node, agentcorp.enqueue_many, agentcorp.enqueue, agentcorp.take_key, agentcorp.withdraw,
    agentcorp.choose_shard, agentcorp.check_payload;
