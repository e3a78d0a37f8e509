drop view agentcorp.fires, agentcorp.schedules;
drop function agentcorp.fire_schedules, agentcorp.fire_schedule, agentcorp.next_fires, agentcorp.preview_schedule, agentcorp.run_schedule,
    agentcorp.scheduled_task, agentcorp.resume_schedule, agentcorp.pause_schedule, agentcorp.remove_schedule, agentcorp.set_schedule,
    agentcorp.hold_schedule, agentcorp.refuse_schedule, agentcorp.next_fire, agentcorp.check_time_zone, agentcorp.latest_moment, agentcorp.next_moment, agentcorp.wall_moment,
    agentcorp.clock_change, agentcorp.zone_offset, agentcorp.next_wall, agentcorp.parse_cron, agentcorp.cron_field, agentcorp.cron_value,
    agentcorp.refuse_cron;
drop type agentcorp.timetable;
drop table agentcorp.fire, agentcorp.schedule;
