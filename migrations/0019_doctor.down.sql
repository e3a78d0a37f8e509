drop function agentcorp.doctor, agentcorp.doctor_checks, agentcorp.recount, agentcorp.doctor_counters, agentcorp.miscounted, agentcorp.recount_needs,
    agentcorp.doctor_blocked, agentcorp.open_needs, agentcorp.doctor_kinds, agentcorp.doctor_queues, agentcorp.doctor_claims, agentcorp.doctor_workers, agentcorp.doctor_waits,
    agentcorp.doctor_admission, agentcorp.doctor_schedules, agentcorp.doctor_scheduled, agentcorp.doctor_coordinator, agentcorp.doctor_claim_plan, agentcorp.doctor_indexes, agentcorp.doctor_bloat,
    agentcorp.doctor_dead_rows, agentcorp.doctor_autovacuum, agentcorp.doctor_locks, agentcorp.doctor_xmin, agentcorp.doctor_clock,
    agentcorp.doctor_notifications, agentcorp.doctor_wraparound, agentcorp.doctor_connections, agentcorp.doctor_durability, agentcorp.doctor_drift,
    agentcorp.doctor_server, agentcorp.excerpt, agentcorp.spell(interval), agentcorp.spell(timestamptz), agentcorp.record_catalogue, agentcorp.live_catalogue;
drop table agentcorp.catalogue;
drop type agentcorp.finding;
