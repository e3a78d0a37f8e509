drop view agentcorp.approval_rules, agentcorp.approvals;
drop function agentcorp.decide, agentcorp.expire_approval, agentcorp.record_decision, agentcorp.request_approval, agentcorp.rule_of, agentcorp.check_person,
    agentcorp.remove_approval_rule, agentcorp.add_approval_rule, agentcorp.approval_result, agentcorp.approval_hash;
drop table agentcorp.approval, agentcorp.approval_rule;
drop sequence agentcorp.approval_id;
delete from agentcorp.permission where function_name = any (string_to_array(
    'approval_hash approval_result check_person request_approval expire_approval decide add_approval_rule remove_approval_rule rule_of record_decision', ' '));
