drop view agentcorp.plan_versions, agentcorp.plans;
drop function agentcorp.plan_children, agentcorp.plan_scope, agentcorp.expand, agentcorp.pin_plan, agentcorp.run_plan, agentcorp.check_input, agentcorp.plan_document,
    agentcorp.remove_plan, agentcorp.plan_id, agentcorp.put_fragment, agentcorp.put_plan, agentcorp.check_plan;
drop table agentcorp.shared_task, agentcorp.plan_version, agentcorp.plan;
delete from agentcorp.permission where function_name = any (string_to_array(
    'put_plan remove_plan run_plan put_fragment plan_document pin_plan expand plan_scope plan_children check_plan plan_id check_input', ' '));
