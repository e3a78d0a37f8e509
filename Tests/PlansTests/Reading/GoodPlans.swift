/// Plans that between them use every field there is.
enum GoodPlans {
    static let all = [everything, votes, waits]

    static let everything = #"""
        {"$schema": "plan.schema.json", "plan": "all.of-it_1", "version": 1, "description": "d",
         "input": {"type": "object", "properties": {"n": {"type": "array"}}}, "budget": {"usd": 1.5, "tokens": 1000, "turns": 5, "time": "1h30m"},
         "context_settings": {"root": "."},
         "on": [{"topic": "a.*.b", "where": "event.x == 1", "key": "{{ event.id }}", "debounce": 2.5},
                {"cron": "*/5 1-3 * * MON", "timezone": "UTC"}, {"cron": "every 15m"}, {"webhook": "hook-1", "secret": {"env": "S_1"}}],
         "tasks": {
          "a": {"agent": {"role": "r", "skills": ["s"], "pick": "model"}, "prompt": "p", "schema": {"type": "object"}, "repairs": 0,
                "retry": {"max": 2, "backoff": "linear 1s..1m jitter 0.5", "elsewhere": true}, "timeout": 30, "budget": {"usd": 0},
                "tools": [], "delegate": {"agents": ["x"], "max_tasks": 3, "max_depth": 2}, "queue": "q", "priority": 0, "key": "k-{{ input.n }}",
                "description": "does it", "on_error": "skip"},
          "b": {"agent": ["x", {"role": "r"}], "prompt": "{{ a }}", "needs": ["a"], "join": "settled", "when": "a.ok", "on_error": {"run": "h", "then": "fail"}},
          "h": {"kind": "command", "args": {"argv": ["echo", "{{ error.message }}"]}},
          "c": {"tool": "t.u", "args": "{{ item }}", "each": "input.n", "max_items": 3, "parallel": 2, "needs": ["b"], "on_error": {"default": null}},
          "d": {"plan": {"tasks": {"e": {"kind": "noop", "args": {}}}, "output": "e", "input": true, "budget": {}, "description": "x", "context_settings": {}},
                "with": [1, "{{ round }}"], "repeat": {"until": "output == 1 && e != 2", "max": 3}, "needs": ["c"], "join": {"quorum": 2}},
          "f": {"plan": "other", "with": null, "on_error": "fail"},
          "g": {"kind": "noop", "repeat": {"max": 1}, "join": "any", "needs": ["d", "f"]}},
         "output": "g"}
        """#

    static let votes = #"""
        {"tasks": {
          "v": {"vote": {"options": ["x", {"y": 1}], "question": "which?", "voters": ["a", {"agent": "b", "weight": 0.5}, {"agent": {"role": "r"}}, {"role": "s", "weight": 2}],
                "rule": "ranked", "method": "borda", "quorum": 2, "blind": false, "abstain": false, "rounds": {"max": 2, "share": "tally"},
                "tie": {"judge": "j"}, "otherwise": "fail"}},
          "w": {"vote": {"options": "{{ input }}", "voters": ["a"], "rule": "judge", "judge": {"role": "r"}, "tie": "first"}},
          "x": {"vote": {"options": [1, 2], "voters": ["a", "b"], "rule": "score", "method": "median", "tie": "none", "otherwise": "result"}}}}
        """#

    static let waits = #"""
        {"tasks": {
          "a": {"wait": {"topic": "t.{{ input.x }}", "key": "k", "where": "event.y", "for": "10s"}},
          "b": {"wait": {"until": "2030-01-31T12:00:00Z"}},
          "c": {"emit": {"topic": "t", "data": null, "key": "k"}},
          "d": {"emit": {"topic": "t"}},
          "e": {"approve": {"title": "T", "value": {"v": "{{ input }}"}, "approvers": ["ops"], "decisions": ["approve", "edit", "reject", "respond"],
                "expires": "1d", "default": "reject"}}}}
        """#
}
