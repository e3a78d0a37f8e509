drop view agentcorp.subscriptions, agentcorp.waits, agentcorp.events;
drop function agentcorp.follow_events, agentcorp.list_events, agentcorp.unsubscribe, agentcorp.subscribe, agentcorp.sleep_for, agentcorp.sleep_until,
    agentcorp.sweep_waits, agentcorp.due, agentcorp.expire_waits, agentcorp.park, agentcorp.read_events, agentcorp.find_event, agentcorp.await_event, agentcorp.deliver, agentcorp.meet_waits,
    agentcorp.wake_waits, agentcorp.emit_from, agentcorp.emit_event, agentcorp.position, agentcorp.wait_end, agentcorp.event_json, agentcorp.lock_topic, agentcorp.share_topic, agentcorp.topic_lock, agentcorp.patterns_of,
    agentcorp.check_pattern, agentcorp.check_topic;
drop table agentcorp.subscription, agentcorp.wait, agentcorp.event;
drop sequence agentcorp.event_id;
