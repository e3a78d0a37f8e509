drop function agentcorp.discard_many, agentcorp.discard_ids, agentcorp.check_reason, agentcorp.discard, agentcorp.redrive_due, agentcorp.stop_redrive,
    agentcorp.redrive, agentcorp.retry_many, agentcorp.retry_ids, agentcorp.retry_alone, agentcorp.list_failures, agentcorp.matching_tasks,
    agentcorp.check_filter, agentcorp.failure_groups;
drop view agentcorp.redrives, agentcorp.discards, agentcorp.failures;
drop index agentcorp.attempt_error;
drop function agentcorp.fingerprint, agentcorp.error_hash, agentcorp.normal_message;
drop table agentcorp.redrive, agentcorp.discarded;
