/// The plans by which the format is explained.
enum SixPatterns {
    static let all = [pipeline, research, project, review, incident, team]

    static let pipeline = #"""
        {"plan":"pipeline","version":1,"input":{"type":"object","required":["csv"]},
         "tasks":{
          "analyze":{"agent":"data_analyzer","prompt":"Analyse {{ input.csv }}",
                     "schema":{"type":"object","required":["findings"],"properties":{"findings":{"type":"array","items":{"type":"string"}}}}},
          "report":{"agent":"writer","needs":["analyze"],"prompt":"Write a report on {{ analyze.findings }}"}},
         "output":"report"}
        """#

    static let research = #"""
        {"plan":"research","version":1,"tasks":{
          "split":{"agent":"planner","prompt":"At most six sub-questions for: {{ input.topic }}","schema":{"type":"array","maxItems":6,"items":{"type":"string"}}},
          "dig":{"agent":{"role":"researcher"},"needs":["split"],"each":"split","max_items":6,"parallel":3,"prompt":"{{ item }}","on_error":"skip","timeout":"5m"},
          "merge":{"agent":"writer","needs":["dig"],"join":{"quorum":4},"prompt":"Synthesise:\n{{ dig }}"}},
         "output":"merge"}
        """#

    static let project = #"""
        {"plan":"project","version":1,"budget":{"usd":3},"tasks":{
          "lead":{"agent":"supervisor","prompt":"Deliver: {{ input.goal }}",
                  "delegate":{"agents":["coder","tester","documenter"],"max_tasks":12,"max_depth":2},"budget":{"turns":20}}},
         "output":"lead"}
        """#

    static let review = #"""
        {"plan":"review","version":1,"tasks":{
          "propose":{"agent":["coder_a","coder_b","coder_c"],"prompt":"Propose a fix for {{ input.issue }}"},
          "decide":{"needs":["propose"],"vote":{"options":"{{ propose }}","voters":["reviewer_1",{"agent":"reviewer_2","weight":2},"reviewer_3"],
              "rule":"majority","threshold":0.5,"quorum":3,"blind":true,"abstain":true,
              "rounds":{"max":3,"share":"rationales"},"tie":{"judge":"architect"},"otherwise":"fail"}},
          "apply":{"agent":"coder_a","needs":["decide"],"when":"decide.status == 'decided'","prompt":"Implement {{ decide.winner }}"}},
         "output":"decide"}
        """#

    static let incident = #"""
        {"plan":"incident","version":1,
         "on":[{"topic":"alerts.*","where":"event.severity >= 3","key":"{{ event.id }}","debounce":"30s"},{"cron":"0 * * * *","timezone":"Europe/Amsterdam"},{"webhook":"pagerduty","secret":{"env":"PD_SECRET"}}],
         "tasks":{
          "triage":{"agent":"oncall","prompt":"{{ trigger }}","schema":{"type":"object","required":["fix"]}},
          "ask":{"needs":["triage"],"approve":{"title":"Apply {{ triage.fix }}?","approvers":["ops"],"decisions":["approve","edit","reject"],"expires":"2h","default":"reject"}},
          "do":{"needs":["ask"],"when":"ask.decision != 'reject'","tool":"terminal.run_command","args":{"argv":["./apply","{{ ask.value }}"]}},
          "tell":{"needs":["do"],"emit":{"topic":"incidents.fixed","data":{"id":"{{ trigger.id }}"}}},
          "calm":{"needs":["tell"],"wait":{"topic":"alerts.resolved","where":"event.id == trigger.id","for":"30m"},"on_error":"skip"}}}
        """#

    static let team = #"""
        {"plan":"team","version":1,"tasks":{
          "find":{"agent":{"role":"researcher"},"prompt":"Find files about {{ input.q }}","tools":["filesys.file_search","filesys.grep_search"]},
          "edit":{"needs":["find"],"repeat":{"until":"check.ok","max":4},"with":{"find":"{{ find }}"},
            "plan":{"tasks":{
              "code":{"agent":{"role":"coder","skills":["swift"]},"prompt":"{{ input.find }}\nFeedback: {{ previous.check.notes }}"},
              "check":{"agent":{"role":"reviewer"},"needs":["code"],"prompt":"Review {{ code }}","schema":{"type":"object","required":["ok","notes"]}}}}}},
         "output":"edit"}
        """#

}
