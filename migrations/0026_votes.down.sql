drop view agentcorp.ballots;
drop function agentcorp.record_ballots;
drop table agentcorp.ballot;
delete from agentcorp.permission where function_name = 'record_ballots';
