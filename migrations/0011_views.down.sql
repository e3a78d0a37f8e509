drop function agentcorp.list_tasks, agentcorp.history, agentcorp.needs_of, agentcorp.output_of, agentcorp.describe, agentcorp.tree, agentcorp.states;
drop view agentcorp.queues, agentcorp.workers, agentcorp.dependencies, agentcorp.attempts, agentcorp.tasks, agentcorp.claimed;
