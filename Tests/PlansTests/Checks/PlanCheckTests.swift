import JSON
import Plans
import Testing

struct PlanCheckTests {
    static let vocabulary = PlanVocabulary(
        agents: [
            "writer": .init(role: "writer", tools: ["filesys.*"], maxTurns: 10, budget: 0.5),
            "coder": .init(
                role: "coder", skills: ["swift", "sql"], tools: ["filesys.read_file"], mcpServers: ["git"],
                maxTurns: 20,
                budget: 1),
            "tester": .init(role: "coder", skills: ["tests"], tools: [], price: 0),
        ],
        tools: ["filesys.read_file", "filesys.file_search", "web_fetch"], mcpServers: ["git"],
        kinds: ["command", "http"],
        plans: [
            "greet": [
                "plan": "greet",
                "input": [
                    "type": "object", "required": ["name"], "additionalProperties": false,
                    "properties": ["name": ["type": "string"]],
                ],
                "tasks": ["a": ["agent": "writer", "prompt": "{{ input.name }}"]], "output": "a",
            ],
            "ping": ["plan": "ping", "tasks": ["a": ["plan": "pong"]]],
            "pong": ["plan": "pong", "tasks": ["a": ["plan": "ping"]]],
        ],
        queues: ["default", "slow"])

    private func issues(_ text: String, _ restriction: PlanRestriction? = nil) throws -> [String] {
        let document = try JSONValue(parsing: text.hasPrefix("{") ? text : #"{"tasks": {\#(text)}}"#)
        return PlanChecker(vocabulary: Self.vocabulary, restriction: restriction).check(document).issues.map(
            \.description)
    }

    @Test("beyond a thousand mistakes it is said how many more there are")
    func unlisted() {
        let tasks = (1...600).map { ("t\($0)", ["agnt": "writer", "prompt": "x"] as JSONValue) }
        let report = PlanChecker().check(["tasks": .object(Dictionary(uniqueKeysWithValues: tasks))])
        #expect(report.issues.count == 1000 && report.unlisted == 200)
    }

    @Test("the six patterns are right", arguments: SixPatterns.all)
    func patterns(text: String) throws {
        let report = PlanChecker().check(try JSONValue(parsing: text))
        #expect(report.issues == [])
        #expect(report.bounds?.tasks != nil)
    }

    private static let a = #""a": {"agent": "writer", "prompt": "x"}"#
    private static let many = #""a": {"agent": ["writer", "coder"], "prompt": "x"}"#
    private static let made =
        #""a": {"agent": "writer", "prompt": "x", "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}, "list": {"type": "array", "items": {"type": "string"}}}, "required": ["ok", "list"], "additionalProperties": false}}"#

    @Test(
        "names that do not exist are told, with the nearest that does",
        arguments: [
            (
                #""a": {"agent": "writter", "prompt": "x"}"#,
                #"/tasks/a/agent: there is no agent "writter". Did you mean "writer"?"#
            ),
            (#""a": {"agent": ["coder", "nobody_at_all"], "prompt": "x"}"#, "/tasks/a/agent/1: there is no agent"),
            (
                #""a": {"agent": {"role": "codr"}, "prompt": "x"}"#,
                #"/tasks/a/agent/role: no agent has the role "codr". Did you mean "coder"?"#
            ),
            (
                #""a": {"agent": {"role": "coder", "skills": ["swft"]}, "prompt": "x"}"#,
                #"/tasks/a/agent/skills/0: no agent of the role "coder" has the skill "swft". Did you mean "swift"?"#
            ),
            (
                #""a": {"agent": {"role": "coder", "skills": ["swift", "tests"]}, "prompt": "x"}"#,
                "/tasks/a/agent/skills: no agent of the role \"coder\" has all of these"
            ),
            (
                #""a": {"tool": "filesys.red_file"}"#,
                #"/tasks/a/tool: there is no tool "filesys.red_file". Did you mean "filesys.read_file"?"#
            ),
            (
                #""a": {"kind": "comand"}"#,
                #"/tasks/a/kind: there is no kind of task "comand". Did you mean "command"?"#
            ),
            (#""a": {"plan": "gret"}"#, #"/tasks/a/plan: there is no plan "gret". Did you mean "greet"?"#),
            (
                #""a": {"kind": "http", "queue": "slw"}"#,
                #"/tasks/a/queue: there is no queue "slw". Did you mean "slow"?"#
            ),
            (
                #""a": {"agent": "coder", "prompt": "x", "tools": ["web_fetch"]}"#,
                #"/tasks/a/tools/0: agent "coder" has no tool "web_fetch""#
            ),
            (
                #""a": {"agent": {"role": "coder"}, "prompt": "x", "tools": ["filesys.read_file"]}"#,
                #"/tasks/a/tools/0: agent "tester" has no tool"#
            ),
            (
                #""a": {"agent": "writer", "prompt": "x", "delegate": {"agents": ["coder", "testr"]}}"#,
                #"/tasks/a/delegate/agents/1: there is no agent "testr""#
            ),
            (#""a": {"plan": "greet", "with": {}}"#, "/tasks/a/with"),
            (
                #""a": {"plan": "greet", "with": {"nam": "{{ input }}"}}"#,
                #"/tasks/a/with: the plan's input needs "name""#
            ),
            (#""a": {"plan": "ping"}"#, "/tasks/a/plan: the plan would never end: ping runs pong runs ping"),
            (
                #"{"plan": "greet", "tasks": {"a": {"plan": {"tasks": {"b": {"plan": "greet", "with": {"name": "x"}}}}}}}"#,
                "/tasks/a/plan/tasks/b/plan: the plan would never end: greet runs greet"
            ),
        ])
    func names(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) }, "\(issues)")
    }

    @Test(
        "what exists is accepted",
        arguments: [
            #""a": {"agent": {"role": "coder", "skills": ["sql"]}, "prompt": "x", "tools": ["git.log", "filesys.read_file"]}"#,
            #""a": {"tool": "git.log"}"#, #""a": {"agent": "writer", "prompt": "x", "tools": ["filesys.write"]}"#,
            #""a": {"plan": "greet", "with": {"name": "{{ input.x }}"}}"#,
            #""a": {"kind": "http", "queue": "slow", "key": "k-{{ input.x }}"}"#,
        ])
    func known(text: String) throws {
        #expect(try issues(text) == [])
    }

    @Test(
        "a task may speak of what it needs, and of nothing else",
        arguments: [
            (
                #"\#(a), "b": {"kind": "http", "args": {"x": ["{{ a }}"]}}"#,
                #"/tasks/b/args/x/0: "a" is not among what "b" needs"#
            ),
            (#"\#(a), "b": {"kind": "http", "when": "a == 'x'"}"#, #"/tasks/b/when: "a" is not among"#),
            (
                #"\#(a), "b": {"kind": "http", "needs": ["a"], "when": "c == 'x'"}"#,
                #"/tasks/b/when: there is no "c" here"#
            ),
            (
                #""alpha": {"kind": "http"}, "b": {"kind": "http", "needs": ["alpha"], "when": "alpa"}"#,
                #"/tasks/b/when: there is no "alpa" here. Did you mean "alpha"?"#
            ),
            (
                #""a": {"kind": "http", "args": {"x": "{{ a }}"}}"#,
                "/tasks/a/args/x: the task speaks of what it returns itself. Only"
            ),
            (
                #""a": {"kind": "http", "args": {"x": "{{ item }}"}}"#,
                #"/tasks/a/args/x: there is no "item" here. It is there where"#
            ),
            (#""a": {"kind": "http", "each": "input.x", "when": "item"}"#, #"/tasks/a/when: there is no "item" here"#),
            (
                #""a": {"kind": "http", "args": {"x": "{{ previous }}"}}"#,
                #"/tasks/a/args/x: there is no "previous" here"#
            ),
            (
                #""a": {"kind": "http", "when": "event.x"}"#,
                #"/tasks/a/when: there is no "event" here. It is there in where only"#
            ),
            (#""a": {"kind": "http", "when": "output"}"#, #"/tasks/a/when: there is no "output" here"#),
            (
                #"\#(a), "b": {"plan": {"tasks": {"c": {"kind": "http", "when": "a == 'x'"}}}, "needs": ["a"]}"#,
                #"/tasks/b/plan/tasks/c/when: there is no "a" here"#
            ),
            (#"{"tasks": {\#(a)}, "output": "b"}"#, #"/output: there is no "b" here. Did you mean "a"?"#),
            (
                #"\#(a), "b": {"kind": "http", "needs": ["a"], "key": "{{ a }}"}"#,
                #"/tasks/b/key: "a" is not known when the key must be"#
            ),
            (
                #""a": {"kind": "http", "on_error": {"run": "h"}}, "h": {"kind": "http", "args": {"x": "{{ a }}"}}"#,
                #"/tasks/h/args/x: "a" has failed when this runs"#
            ),
            (
                #""a": {"kind": "http", "on_error": {"run": "h"}}, "h": {"kind": "http"}, "b": {"kind": "http", "when": "error"}"#,
                #"/tasks/b/when: there is no "error" here. It is there in the tasks"#
            ),
            (#"{"tasks": {\#(a)}, "on": [{"topic": "t", "where": "input.x"}]}"#, "/on/0/where: "),
        ])
    func scope(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) } && issues.count == 1, "\(issues)")
    }

    @Test(
        "all that is in scope is accepted",
        arguments: [
            #"\#(a), "b": {"kind": "http", "needs": ["a"]}, "c": {"kind": "http", "needs": ["b"], "args": {"x": "{{ a }} {{ b }} {{ trigger }} {{ memory.run.x }}"}}"#,
            #""a": {"kind": "http", "each": "input.x", "args": {"x": "{{ item }} {{ index }}"}, "key": "{{ item.k }}"}"#,
            #""a": {"each": "input.x", "repeat": {"until": "output.c == 1 && c.ok || item == 'x' || round > 1", "max": 3}, "plan": {"tasks": {"c": {"kind": "http", "args": {"x": "{{ item }} {{ round }} {{ previous.c }} {{ index }}"}}}}}"#,
            #""a": {"kind": "http"}, "b": {"kind": "http", "needs": ["a"], "on_error": {"run": "h"}}, "h": {"kind": "http", "args": {"x": "{{ error.message }} {{ a }}"}}, "c": {"kind": "http", "needs": ["b"], "when": "b.x"}"#,
            #""a": {"wait": {"topic": "t", "where": "event.id == trigger.id && input.x", "for": "1h"}}"#,
            #"{"tasks": {\#(a)}, "on": [{"topic": "t.*", "where": "event.x > 1", "key": "{{ event.id }}"}], "output": "a + input.x"}"#,
        ])
    func inScope(text: String) throws {
        #expect(try issues(text) == [])
    }

    @Test(
        "types are followed from schemas to where they are used",
        arguments: [
            (
                #"\#(made), "b": {"kind": "http", "needs": ["a"], "when": "a.okay"}"#,
                "/tasks/b/when: there is no property \"okay\""
            ),
            (#"\#(made), "b": {"kind": "http", "needs": ["a"], "each": "a.ok"}"#, "/tasks/b/each: "),
            (
                #"\#(made), "b": {"kind": "http", "needs": ["a"], "each": "a.list", "args": {"x": "{{ item.name }}"}}"#,
                "/tasks/b/args/x: "
            ),
            (
                #"\#(many), "b": {"kind": "http", "needs": ["a"], "when": "a.x"}"#,
                "/tasks/b/when: an array has no property"
            ),
            (#"\#(a), "b": {"kind": "http", "needs": ["a"], "each": "a"}"#, "/tasks/b/each: a string is no array"),
            (
                #"{"tasks": {"a": {"kind": "http", "when": "input.csw == 'x'"}}, "input": {"type": "object", "properties": {"csv": {"type": "string"}}, "additionalProperties": false}}"#,
                "/tasks/a/when: there is no property \"csw\""
            ),
            (
                #""a": {"approve": {"title": "t"}}, "b": {"kind": "http", "needs": ["a"], "when": "a.decision == 'aprove'"}"#,
                "/tasks/b/when: "
            ),
            (
                #""a": {"vote": {"options": ["x", "y"], "voters": ["writer"], "rule": "plurality"}}, "b": {"kind": "http", "needs": ["a"], "when": "a.status == 'decidet'"}"#,
                "/tasks/b/when: "
            ),
            (
                #""a": {"plan": {"tasks": {"c": {"kind": "http"}}}}, "b": {"kind": "http", "needs": ["a"], "when": "a.d"}"#,
                "/tasks/b/when: there is no property \"d\""
            ),
            (
                #""a": {"repeat": {"until": "c.oke", "max": 2}, "plan": {"tasks": {"c": {"agent": "writer", "prompt": "x", "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}}}}}}"#,
                "/tasks/a/repeat/until: the schema has no property \"oke\""
            ),
            (
                #""a": {"repeat": {"until": "c.ok", "max": 2}, "plan": {"tasks": {"c": {"kind": "http", "args": {"x": "{{ previous.d }}"}}}}}"#,
                "/tasks/a/plan/tasks/c/args/x: there is no property \"d\""
            ),
        ])
    func types(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) } && issues.count == 1, "\(issues)")
    }

    @Test(
        "what can never come about is told",
        arguments: [
            (
                #"\#(a), "b": {"kind": "http", "needs": ["a"], "join": {"quorum": 2}}"#,
                "/tasks/b/join/quorum: 2 of 1 need can never"
            ),
            (
                #"\#(many), "b": {"kind": "http", "needs": ["a"], "join": {"quorum": 3}}"#,
                "/tasks/b/join/quorum: 3 of 2 items of \"a\""
            ),
            (
                #""a": {"kind": "http", "each": "input.x", "max_items": 4}, "b": {"kind": "http", "needs": ["a"], "join": {"quorum": 5}}"#,
                "/tasks/b/join/quorum: 5 of 4 items"
            ),
            (
                #""a": {"kind": "http", "on_error": {"run": "h"}}, "h": {"kind": "http"}, "b": {"kind": "http", "needs": ["a", "h"], "join": {"quorum": 2}}"#,
                "/tasks/b/join/quorum: 2 of 1 need can never"
            ),
            (#""b": {"kind": "http", "join": "any"}"#, "/tasks/b/join: says nothing without needs"),
            (
                #"\#(a), "c": {"kind": "http", "on_error": {"run": "b"}}, "b": {"kind": "http", "needs": ["a"]}"#,
                "/tasks/b/needs: the task handles the failure of \"c\""
            ),
            (
                #""a": {"kind": "http", "on_error": {"run": "h"}}, "b": {"kind": "http", "on_error": {"run": "h"}}, "h": {"kind": "http"}"#,
                "/tasks/b/on_error/run: \"h\" handles the failure of \"a\" already"
            ),
            (
                #""a": {"approve": {"title": "t", "default": "edit", "expires": "1h"}}"#,
                "/tasks/a/approve/default: \"edit\" is not among"
            ),
            (#""a": {"approve": {"title": "t", "default": "reject"}}"#, "/tasks/a/approve/default: never counts"),
            (
                #""a": {"vote": {"options": ["x", "y"], "voters": ["writer"], "rule": "majority", "quorum": 2}}"#,
                "/tasks/a/vote/quorum: 2 can never vote"
            ),
            (
                #""a": {"vote": {"options": ["x", "y"], "voters": ["writer", "coder"], "rule": "plurality", "tie": {"judge": "coder"}}}"#,
                "/tasks/a/vote/tie/judge: \"coder\" votes, and cannot judge"
            ),
            (
                #""a": {"vote": {"options": ["x", "y"], "voters": ["writer", "writer"], "rule": "plurality"}}"#,
                "/tasks/a/vote/voters/1: \"writer\" votes twice"
            ),
            (
                #""a": {"vote": {"options": ["x", "y"], "voters": ["writer"], "rule": "majority", "threshold": 0.3}}"#,
                "/tasks/a/vote/threshold: the threshold of the rule majority must be"
            ),
            (
                #""a": {"vote": {"options": "{{ 5 }}", "voters": ["writer"], "rule": "plurality"}}"#,
                "/tasks/a/vote/options: "
            ),
        ])
    func impossible(text: String, message: String) throws {
        let issues = try issues(text)
        #expect(issues.contains { $0.hasPrefix(message) } && issues.count == 1, "\(issues)")
    }

    @Test(
        "a plan that an agent makes is held to what it may do",
        arguments: [
            (
                #"{"tasks": {"a": {"kind": "command", "args": {"argv": ["rm"]}}}}"#,
                "/tasks/a/kind: kind is not possible here. Use agent, plan, vote."
            ),
            (
                #"{"tasks": {"a": {"agent": "writer", "prompt": "x"}}}"#,
                #"/tasks/a/agent: "writer" may not be given work here"#
            ),
            (
                #"{"tasks": {"a": {"agent": {"role": "writer"}, "prompt": "x"}}}"#,
                #"/tasks/a/agent: an agent of the role "writer" may be one"#
            ),
            (
                #"{"tasks": {"a": {"agent": "coder", "prompt": "x"}}, "on": [{"cron": "@daily"}]}"#,
                "/on: a plan of an agent cannot start by itself"
            ),
            (
                #"{"tasks": {"a": {"agent": "coder", "prompt": "x", "each": "input.x"}}}"#,
                "/tasks: it can come to 1001 tasks; 4 are allowed"
            ),
            (
                #"{"tasks": {"a": {"agent": "coder", "prompt": "x", "delegate": {"agents": ["tester"], "max_tasks": 1}}}}"#,
                "/tasks/a/delegate: whoever gets this work may not delegate it"
            ),
            (
                #"{"tasks": {"a": {"plan": "greet", "with": {"name": "x"}}}}"#,
                "/tasks/a/plan: the plan \"greet\" cannot be run from here"
            ),
            (
                #"{"tasks": {"a": {"agent": "coder", "prompt": "x", "queue": "slow"}}}"#,
                "/tasks/a/queue: queue is not possible here"
            ),
            (
                #"{"tasks": {"a": {"plan": {"tasks": {"b": {"tool": "web_fetch"}}}}}}"#,
                "/tasks/a/plan/tasks/b/tool: tool is not possible here"
            ),
        ])
    func restriction(text: String, message: String) throws {
        let restriction = PlanRestriction(agents: ["coder", "tester"], maxTasks: 4)
        let issues = try issues(text, restriction)
        #expect(issues.contains { $0.hasPrefix(message) } && issues.count == 1, "\(issues)")
        #expect(
            try self.issues(
                #"{"tasks": {"a": {"agent": "coder", "prompt": "x"}, "b": {"agent": {"role": "coder"}, "prompt": "{{ a }}", "needs": ["a"]}}}"#,
                restriction) == [])
    }
}
