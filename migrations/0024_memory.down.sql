drop view agentcorp.memories;
drop function agentcorp.prune_memory, agentcorp.drop_memories_of_runs, agentcorp.drop_memories, agentcorp.memory_changes, agentcorp.memory_history, agentcorp.memory_search,
    agentcorp.memory_list, agentcorp.memory_get, agentcorp.memory_json, agentcorp.memory_declare, agentcorp.memory_delete, agentcorp.memory_set, agentcorp.memory_write,
    agentcorp.drop_memory_blob, agentcorp.memory_words, agentcorp.memory_merged, agentcorp.memory_row, agentcorp.refuse_merge, agentcorp.memory_shard, agentcorp.memory_place;
drop table agentcorp.memory_version, agentcorp.memory;
drop sequence agentcorp.memory_id;
delete from agentcorp.permission where function_name = any (string_to_array(
    'memory_set memory_delete memory_declare memory_get memory_list memory_search memory_history memory_changes '
    'memory_place memory_shard memory_row memory_merged memory_words memory_write refuse_merge drop_memory_blob memory_json drop_memories drop_memories_of_runs prune_memory', ' '));
