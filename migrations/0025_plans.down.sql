drop function agentcorp.why, agentcorp.why_task, agentcorp.task_notes, agentcorp.retry_run, agentcorp.time_left, agentcorp.why_running, agentcorp.why_unclaimed, agentcorp.why_limited, agentcorp.why_budgets, agentcorp.why_steps, agentcorp.short,
    agentcorp.open_waits, agentcorp.run_tree, agentcorp.list_runs;
drop view agentcorp.runs;
drop function agentcorp.tree_usage, agentcorp.run_state_name;
drop view agentcorp.plan_versions, agentcorp.plans;
drop function agentcorp.plan_children, agentcorp.plan_scope, agentcorp.require_same_tenant, agentcorp.expand, agentcorp.pin_plan, agentcorp.run_plan, agentcorp.check_input, agentcorp.plan_document,
    agentcorp.remove_plan, agentcorp.plan_id, agentcorp.put_fragment, agentcorp.put_plan, agentcorp.check_plan;
drop table agentcorp.shared_task, agentcorp.plan_version, agentcorp.plan;
delete from agentcorp.permission where function_name = any (string_to_array(
    'put_plan remove_plan run_plan put_fragment plan_document pin_plan expand plan_scope plan_children time_left check_plan plan_id check_input require_same_tenant '
    'run_state_name short tree_usage list_runs run_tree open_waits why why_task why_steps why_budgets why_limited why_unclaimed why_running task_notes retry_run', ' '));
