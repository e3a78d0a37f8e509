delete from agentcorp.permission p where p.function_name in ('check_session', 'call_key', 'run_state', 'run_progress', 'session_messages', 'ask', 'begin_run', 'begin_turn', 'drop_turn', 'commit_turn',
    'start_call', 'finish_call', 'settle_call', 'add_note', 'add_summary', 'show_partial', 'is_below', 'delegation_room', 'delegated', 'hand_on', 'is_tainted', 'clear_session', 'fork_session', 'remove_session',
    'append_message', 'open_conversation', 'copy_conversation', 'find_session');
drop view agentcorp.sessions, agentcorp.turns, agentcorp.tool_calls;
drop function agentcorp.ask, agentcorp.run_progress, agentcorp.session_messages, agentcorp.remove_session, agentcorp.fork_session, agentcorp.clear_session, agentcorp.find_session,
    agentcorp.show_partial, agentcorp.is_below, agentcorp.delegation_room, agentcorp.delegated, agentcorp.hand_on, agentcorp.is_tainted, agentcorp.add_summary, agentcorp.add_note, agentcorp.settle_call, agentcorp.finish_call, agentcorp.start_call,
    agentcorp.call_key, agentcorp.commit_turn, agentcorp.drop_turn, agentcorp.begin_turn, agentcorp.run_state, agentcorp.begin_run, agentcorp.check_session,
    agentcorp.open_conversation, agentcorp.copy_conversation, agentcorp.append_message;
drop table agentcorp.partial, agentcorp.tool_call, agentcorp.turn, agentcorp.agent_run, agentcorp.message, agentcorp.conversation;
drop sequence agentcorp.conversation_id;
