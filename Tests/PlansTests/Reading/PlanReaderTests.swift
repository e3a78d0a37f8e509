import JSON
import Plans
import Testing

struct PlanReaderTests {
    private func issues(_ text: String) throws -> [String] {
        let document = try JSONValue(parsing: text)
        do throws(PlanError) {
            _ = try PlanReader.plan(from: document)
            return []
        } catch {
            return error.issues.map(\.description)
        }
    }

    private func plan(_ tasks: String) throws -> Plan {
        try PlanReader.plan(from: JSONValue(parsing: #"{"tasks": {\#(tasks)}}"#))
    }

    @Test("the six patterns are plans", arguments: SixPatterns.all)
    func patterns(text: String) throws {
        #expect(try issues(text) == [])
    }

    @Test("a task comes after all that it needs, and a handler before those who need what it handles")
    func order() throws {
        let wait = #""wait": {"for": "1s"}"#
        let plan = try plan(
            """
            "a": {\(wait), "needs": ["c"]}, "b": {\(wait), "needs": ["z"]},
            "c": {\(wait), "needs": ["b"]}, "z": {\(wait), "on_error": {"run": "h"}}, "h": {\(wait)}
            """)
        #expect(plan.tasks.map(\.id) == ["z", "h", "b", "c", "a"])
        #expect(plan["h"]?.handles == "z")
    }

    @Test(
        "what is wrong is said with its place and what to do",
        arguments: [
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
                "wait for each other: a needs b needs a"
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
        ])
    func mistakes(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) || $0.contains(message) }, "\(issues)")
        #expect(issues.count == 1, "\(issues)")
    }

    @Test("all mistakes are told at once")
    func all() throws {
        let issues = try issues(
            #"{"plan": "A", "tasks": {"a": {"agent": "x", "prmpt": "y", "needs": ["b"]}, "c": {"wait": {"fro": 1}}}}"#)
        #expect(issues.count == 5, "\(issues)")
    }

    @Test("a plan of 20,000 tasks is read at once")
    func large() throws {
        var tasks: [String: JSONValue] = ["t0": ["kind": "noop"]]
        for index in 1..<20_000 {
            tasks["t\(index)"] = ["kind": "noop", "needs": [.string("t\(index - 1)")], "args": ["n": 1]]
        }
        let clock = ContinuousClock()
        let time = try clock.measure {
            let plan = try PlanReader.plan(from: ["tasks": .object(tasks)])
            #expect(plan.tasks.map(\.id) == (0..<20_000).map { "t\($0)" })
        }
        #expect(time < .seconds(20))
    }
}
