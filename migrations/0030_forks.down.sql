drop function agentcorp.diff_runs, agentcorp.run_summary, agentcorp.shared_tasks, agentcorp.run_paths, agentcorp.fork_source, agentcorp.fork_version, agentcorp.fork_run,
    agentcorp.rename_agents, agentcorp.fork_place, agentcorp.task_at, agentcorp.child_at;
delete from agentcorp.permission where function_name = any (string_to_array(
    'fork_run task_at run_paths shared_tasks run_summary diff_runs fork_source child_at fork_place fork_version rename_agents', ' '));
