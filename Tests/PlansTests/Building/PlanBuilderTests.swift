import JSON
import Plans
import Testing

struct PlanBuilderTests {
    @Test("a plan in Swift is the same document as in JSON")
    func same() throws {
        let plan = try Plan(
            "notes", description: "Release notes", input: .object(["tag": .string()]), budget: ["usd": 1],
            context: ["root": "."], on: [["cron": "@daily"]], returns: "notes"
        ) {
            ToolTask("log", "git.log", args: ["since": "{{ input.tag }}"]).retry(2, backoff: "1s..1m").timeout(
                .seconds(90))
            AgentTask("draft", "a", "b", prompt: "Notes of {{ log }}").needs("log").onError(.skip).budget(
                usd: 0.5, turns: 3)
            AgentTask("lead", role: "editor", skills: ["english"], pick: .cheapest, prompt: "x")
                .schema(.object(["ok": .boolean()]), repairs: 1).tools("web_fetch").retry(1, elsewhere: true)
                .delegates(to: "a", maxTasks: 3, maxDepth: 2)
            VoteTask("pick", options: "{{ draft }}", voters: ["a", ["agent": "b", "weight": 2]], rule: "plurality")
                .vote("quorum", 2).needs("draft").join(.settled)
            for name in ["x", "y"] {
                KindTask("say_\(name)", "command", args: ["argv": ["echo", .string(name)]]).placed(
                    queue: "q", priority: 1, key: "k")
            }
            if plansAreFun { WaitTask("pause", for: .seconds(60)) }
            WaitTask("later", until: "2030-01-31T12:00:00Z")
            WaitTask("news", topic: "a.b", key: "k", where: "event.x == 1", for: .seconds(3600))
            ApproveTask(
                "ask", "Go?", value: ["v": "{{ pick.winner }}"], by: ["ops"], decisions: ["approve", "edit"],
                expires: .seconds(7200), default: "approve"
            ).needs("pick")
            SubplanTask("polish", with: ["text": "{{ pick.winner }}"], returns: "fix") {
                AgentTask("fix", "a", prompt: "{{ input.text }} {{ previous }}")
            }.needs("pick").when("pick.winner != null").repeat(until: "output == 'ok'", atMost: 3)
            SubplanTask("other", "send", with: 5).each("input.tag", atMost: 4, parallel: 2).onError(.value(nil))
            EmitTask("tell", topic: "notes.made", data: ["n": 1], key: "k").onError(.run("sorry", fails: true))
            KindTask("sorry", "http").described("apologises")
            AgentTask("notes", "a", prompt: "p").needs("polish", "ask").join(.quorum(1))
        }
        let expected = try JSONValue(
            parsing: #"""
                {"plan": "notes", "description": "Release notes", "budget": {"usd": 1}, "context_settings": {"root": "."},
                 "input": {"type": "object", "properties": {"tag": {"type": "string"}}, "required": ["tag"], "additionalProperties": false},
                 "on": [{"cron": "@daily"}], "output": "notes", "tasks": {
                  "log": {"tool": "git.log", "args": {"since": "{{ input.tag }}"}, "retry": {"max": 2, "backoff": "1s..1m"}, "timeout": "90s"},
                  "draft": {"agent": ["a", "b"], "prompt": "Notes of {{ log }}", "needs": ["log"], "on_error": "skip", "budget": {"usd": 0.5, "turns": 3}},
                  "lead": {"agent": {"role": "editor", "skills": ["english"], "pick": "cheapest"}, "prompt": "x", "repairs": 1, "tools": ["web_fetch"],
                    "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": false},
                    "retry": {"max": 1, "elsewhere": true}, "delegate": {"agents": ["a"], "max_tasks": 3, "max_depth": 2}},
                  "pick": {"vote": {"options": "{{ draft }}", "voters": ["a", {"agent": "b", "weight": 2}], "rule": "plurality", "quorum": 2},
                    "needs": ["draft"], "join": "settled"},
                  "say_x": {"kind": "command", "args": {"argv": ["echo", "x"]}, "queue": "q", "priority": 1, "key": "k"},
                  "say_y": {"kind": "command", "args": {"argv": ["echo", "y"]}, "queue": "q", "priority": 1, "key": "k"},
                  "pause": {"wait": {"for": "1m"}}, "later": {"wait": {"until": "2030-01-31T12:00:00Z"}},
                  "news": {"wait": {"topic": "a.b", "key": "k", "where": "event.x == 1", "for": "1h"}},
                  "ask": {"approve": {"title": "Go?", "value": {"v": "{{ pick.winner }}"}, "approvers": ["ops"], "decisions": ["approve", "edit"],
                    "expires": "2h", "default": "approve"}, "needs": ["pick"]},
                  "polish": {"plan": {"tasks": {"fix": {"agent": "a", "prompt": "{{ input.text }} {{ previous }}"}}, "output": "fix"},
                    "with": {"text": "{{ pick.winner }}"}, "needs": ["pick"], "when": "pick.winner != null", "repeat": {"until": "output == 'ok'", "max": 3}},
                  "other": {"plan": "send", "with": 5, "each": "input.tag", "max_items": 4, "parallel": 2, "on_error": {"default": null}},
                  "tell": {"emit": {"topic": "notes.made", "data": {"n": 1}, "key": "k"}, "on_error": {"run": "sorry", "then": "fail"}},
                  "sorry": {"kind": "http", "args": {}, "description": "apologises"},
                  "notes": {"agent": "a", "prompt": "p", "needs": ["polish", "ask"], "join": {"quorum": 1}}}}
                """#)
        #expect(plan.document == expected)
    }

    private let plansAreFun = true

    @Test("what is wrong with a plan in Swift is told as with any other")
    func mistakes() {
        #expect(throws: PlanError.self) {
            try Plan("twice") {
                WaitTask("a", for: .seconds(1))
                WaitTask("a", for: .seconds(2))
            }
        }
        do throws(PlanError) {
            _ = try Plan("x") { WaitTask("a", for: .seconds(1)).needs("b") }
            Issue.record("accepted")
        } catch {
            #expect(error.issues.map(\.pointer) == ["/tasks/a/needs/0"])
        }
    }
}
