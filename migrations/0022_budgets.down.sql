drop view agentcorp.provider_limits, agentcorp.budgets;
drop function agentcorp.costs, agentcorp.cool_down, agentcorp.remove_provider_limit, agentcorp.set_provider_limit, agentcorp.check_provider, agentcorp.budget_left, agentcorp.remove_budget,
    agentcorp.set_budget, agentcorp.sweep_reservations, agentcorp.settle_lost, agentcorp.unreserve, agentcorp.settle, agentcorp.end_reservation, agentcorp.reserve,
    agentcorp.take_from_buckets, agentcorp.provider_room, agentcorp.in_flight, agentcorp.refilled;
drop table agentcorp.provider_limit, agentcorp.reservation, agentcorp.budget;
delete from agentcorp.permission where function_name = any (string_to_array(
    'budget_left set_budget remove_budget reserve settle unreserve settle_lost cool_down in_flight costs sweep_reservations set_provider_limit remove_provider_limit '
    'refilled provider_room take_from_buckets end_reservation check_provider', ' '));
