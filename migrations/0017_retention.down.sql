drop function agentcorp.delete_trees, agentcorp.ended_trees, agentcorp.prune, agentcorp.prune_others, agentcorp.prune_trees, agentcorp.delete_tasks,
    agentcorp.is_due, agentcorp.take_trees, agentcorp.documents, agentcorp.tree_members, agentcorp.rule, agentcorp.remove_retention,
    agentcorp.set_retention;
drop view agentcorp.retention_rules;
drop table agentcorp.archive, agentcorp.sweep, agentcorp.retention;
