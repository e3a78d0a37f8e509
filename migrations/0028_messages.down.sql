drop view agentcorp.agent_messages;
drop function agentcorp.hear, agentcorp.say, agentcorp.send_message, agentcorp.announce_message, agentcorp.put_message;
drop table agentcorp.message_read, agentcorp.agent_message, agentcorp.mailbox;
delete from agentcorp.permission where function_name = any (string_to_array('send_message say hear put_message announce_message', ' '));
