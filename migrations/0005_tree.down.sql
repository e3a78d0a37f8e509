drop function agentcorp.add_dependency, agentcorp.refuse_cycle, agentcorp.add_complex_task, agentcorp.add_subtasks, agentcorp.add_subtask,
    agentcorp.enqueue_tree, agentcorp.insert_trees, agentcorp.insert_leaves, agentcorp.place_free, agentcorp.find_cycle, agentcorp.insert_bodies, agentcorp.check_nodes,
    agentcorp.node_policy, agentcorp.text_array;
