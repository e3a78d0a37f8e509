drop view agentcorp.evaluation_results, agentcorp.evaluations;
drop function agentcorp.compare_evaluations, agentcorp.remove_evaluation, agentcorp.finish_evaluation, agentcorp.score_example, agentcorp.evaluation_example,
    agentcorp.resume_evaluation, agentcorp.find_evaluation, agentcorp.run_evaluation, agentcorp.check_scorers;
drop table agentcorp.evaluation_result, agentcorp.evaluation;
delete from agentcorp.permission where function_name = any (string_to_array(
    'run_evaluation resume_evaluation remove_evaluation compare_evaluations evaluation_example score_example finish_evaluation check_scorers find_evaluation', ' '));
