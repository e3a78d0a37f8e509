drop view agentcorp.hooks, agentcorp.plan_starts, agentcorp.plan_triggers, agentcorp.webhooks;
drop function agentcorp.acknowledge_hook, agentcorp.read_hook, agentcorp.follow_hooks, agentcorp.follow_hook, agentcorp.hook_news, agentcorp.hook_words, agentcorp.mark,
    agentcorp.pause_hook, agentcorp.remove_hook, agentcorp.hold_hook, agentcorp.add_hook, agentcorp.check_hook, agentcorp.prune_starts, agentcorp.start_by_webhook,
    agentcorp.webhooks_served, agentcorp.start_by_event, agentcorp.start_plan, agentcorp.begin_plan, agentcorp.pause_plan_trigger, agentcorp.set_plan_triggers,
    agentcorp.check_trigger;
drop table agentcorp.hook_seen, agentcorp.hook_cursor, agentcorp.hook, agentcorp.plan_start, agentcorp.plan_trigger;
delete from agentcorp.permission where function_name = any (string_to_array('pause_plan_trigger add_hook remove_hook pause_hook start_plan start_by_event start_by_webhook webhooks_served read_hook acknowledge_hook follow_hooks check_trigger set_plan_triggers begin_plan prune_starts check_hook hold_hook mark hook_words hook_news follow_hook', ' '));
