/// Documents that are no plans, and what is said of each.
enum BrokenPlans {
    static let all: [(text: String, message: String)] = [
        (#"[]"#, "an array instead of an object"),
        (#"{"plan": "a"}"#, "has no tasks"),
        (#"{"tasks": {}}"#, "/tasks: is empty"),
        (#"{"plan": "A b", "tasks": {"a": {"wait": {"for": 1}}}}"#, "/plan: \"A b\" cannot be the name"),
        (#"{"version": 2, "tasks": {"a": {"wait": {"for": 1}}}}"#, "/version: 2 is no version"),
        (#"{"tasks": {"item": {"wait": {"for": 1}}}}"#, "/tasks/item: \"item\" means something else"),
        (#"{"tasks": {"A": {"wait": {"for": 1}}}}"#, "/tasks/A: \"A\" cannot be the id"),
        (#"{"tasks": {"a/b": {"wait": {"for": 1}}}}"#, "/tasks/a~1b: \"a/b\" cannot be the id"),
        (#"{"tasks": {"a": {}}}"#, "/tasks/a: has no verb"),
        (#"{"tasks": {"a": {"agnet": "x"}}}"#, "/tasks/a/agnet: unknown field \"agnet\". Did you mean \"agent\"?"),
        (#"{"tasks": {"a": {"wait": {"for": 1}, "emit": {"topic": "t"}}}}"#, "/tasks/a: has 2 verbs: wait, emit"),
        (#"{"tasks": {"a": {"agent": "x"}}}"#, "/tasks/a: prompt is missing"),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "prompt": "x"}}}"#,
            "/tasks/a/prompt: unknown field \"prompt\". It goes with agent."
        ),
        (#"{"tasks": {"a": {"wait": {"for": 1}, "needs": "b"}}}"#, "/tasks/a/needs: a string instead of an array"),
        (
            #"{"tasks": {"abc": {"wait": {"for": 1}}, "b": {"wait": {"for": 1}, "needs": ["abd"]}}}"#,
            "/tasks/b/needs/0: there is no task \"abd\" in this plan. Did you mean \"abc\"?"
        ),
        (#"{"tasks": {"a": {"wait": {"for": 1}, "needs": ["a"]}}}"#, "/tasks/a/needs/0: the task needs itself"),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "needs": ["b"]}, "b": {"wait": {"for": 1}, "needs": ["a"]}}}"#,
            "wait for each other: a waits for b waits for a"
        ),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "join": {"quorum": 0}}}}"#,
            "/tasks/a/join/quorum: 0 is not a whole number"
        ),
        (#"{"tasks": {"a": {"wait": {"for": 1}, "repeat": {"until": "x"}}}}"#, "/tasks/a/repeat: max is missing"),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "max_items": 3}}}"#,
            "/tasks/a/max_items: says nothing without each"
        ),
        (#"{"tasks": {"a": {"wait": {"for": 1}, "when": "{{ input.x }}"}}}"#, "/tasks/a/when: "),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "retry": {"max": 1, "backoff": "9s..1s"}}}}"#,
            "/tasks/a/retry/backoff: "
        ),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "timeout": "soon"}}}"#,
            "/tasks/a/timeout: \"soon\" is not a duration"
        ),
        (
            #"{"tasks": {"a": {"wait": {"for": 1}, "on_error": {"run": "b"}}}}"#,
            "/tasks/a/on_error/run: there is no task \"b\""
        ),
        (#"{"tasks": {"a": {"agent": "x", "prompt": "p", "schema": {"type": "objekt"}}}}"#, "/tasks/a/schema/type"),
        (#"{"tasks": {"a": {"agent": {"rol": "x"}, "prompt": "p"}}}"#, "/tasks/a/agent/rol: unknown field"),
        (#"{"tasks": {"a": {"agent": "x", "prompt": "{{ 1 + }}"}}}"#, "/tasks/a/prompt: "),
        (#"{"tasks": {"a": {"tool": "t", "args": {"x": ["{{ ) }}"]}}}}"#, "/tasks/a/args/x/0: "),
        (
            #"{"tasks": {"a": {"plan": {"plan": "x", "tasks": {"b": {"wait": {"for": 1}}}}}}}"#,
            "/tasks/a/plan/plan: unknown field \"plan\". It is for plans that are loaded"
        ),
        (
            #"{"tasks": {"a": {"plan": {"tasks": {"b": {"wait": {}}}}}}}"#,
            "/tasks/a/plan/tasks/b/wait: waits for nothing"
        ),
        (
            #"{"tasks": {"a": {"vote": {"options": ["x"], "voters": ["v"], "rule": "majority"}}}}"#,
            "/tasks/a/vote/options: there is nothing to choose"
        ),
        (
            #"{"tasks": {"a": {"approve": {"title": "t", "decisions": ["aprove"]}}}}"#,
            "/tasks/a/approve/decisions/0: \"aprove\" is not a decision. Did you mean \"approve\"?"
        ),
        (
            #"{"on": [{"webhook": "w", "secret": "s3cr3t"}], "tasks": {"a": {"wait": {"for": 1}}}}"#,
            "/on/0/secret: a string instead of an object"
        ),
        (
            #"{"on": [{"cron": "61 * * * *"}], "tasks": {"a": {"wait": {"for": 1}}}}"#,
            "/on/0/cron: minute: 61 is not between 0 and 59"
        ),
        (#"{"on": [{"cron": "* * * *"}], "tasks": {"a": {"wait": {"for": 1}}}}"#, "/on/0/cron: it has 4 fields"),
        (#"{"on": [{"cron": "@dayly"}], "tasks": {"a": {"wait": {"for": 1}}}}"#, "/on/0/cron: there is no @dayly"),
        (#"{"on": [{"topic": "a..b"}], "tasks": {"a": {"wait": {"for": 1}}}}"#, "/on/0/topic: \"a..b\" is no pattern"),
        (#"{"on": [{}], "tasks": {"a": {"wait": {"for": 1}}}}"#, "/on/0: has no trigger"),
        (
            #"{"tasks": {"a": {"agent": "x", "prompt": "p", "retry": {"max": 2, "elsewhere": "yes"}}}}"#,
            "/tasks/a/retry/elsewhere: a string instead of true or false"
        ),
    ]
}
