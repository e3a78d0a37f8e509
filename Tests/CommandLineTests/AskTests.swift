import FoundationEssentials
import JSON
import MockServer
import TestSupport
import Testing

@Suite struct AskTests {
    private static let script = """
        {"name": "test", "label": false, "rules": [
            {"when": {"user_contains": "refuse"}, "refusal": "I would rather not."},
            {"when": {"user_contains": "Break the following task"}, "value": {"subtasks": [{"description": "look"}, {"description": "tell"}]}},
            {"when": {"has_schema": true}, "value": {"answer": 42}},
            {"when": {"user_contains": "publish", "turn": 1}, "reply": "At once.",
             "calls": [{"name": "event__publish", "arguments": {"topic": "news.out", "data": {"n": 1}}}]},
            {"when": {"user_contains": "publish"}, "reply": "It is out."},
            {"reply": "You said: {{last_user}}"}]}
        """

    /// Runs commands with the agent `clerk`, whose model is the script.
    private func withClerk(_ body: (_ environment: [String: String]) async throws -> Void) async throws {
        try await Scratch.use { scratch in
            let environment = ["OFFLINE_SCRIPT": try scratch.write("script.json", Self.script)]
            let file = try scratch.write(
                "clerk.json", #"{"provider": "offline", "model": "test", "tools": ["event.publish"]}"#)
            let loaded = try await Agentcorp.run("agents", "load", file)
            #expect(loaded.status == 0, "\(loaded.errors)")
            try await body(environment)
        }
    }

    @Test("the answer goes to stdout, tool calls and cost to stderr", .migratedDatabase)
    func answer() async throws {
        try await withClerk { environment in
            let result = try await Agentcorp.run("ask", "clerk", "publish it", environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output == "It is out.\n")
            #expect(result.errors.contains("event.publish"))
            #expect(result.errors.contains("2 turns, 1 tool call"))
            #expect(
                try await TestDatabase.current.psql("select topic from agentcorp.event where topic = 'news.out'")
                    == "news.out")
            let shown = try await Agentcorp.run("tasks", "show", "1")
            for words in ["turn 1", "turn 2", "At once.", "event.publish", "succeeded", "2 turns, 1 tool call"] {
                #expect(shown.output.contains(words), "\(words)")
            }
            let json = try JSONValue(parsing: try await Agentcorp.run("tasks", "show", "1", "--json").output)
            #expect(json["run"]?["agent"] == "clerk")
        }
    }

    @Test("on a terminal the answer comes as it is given, once", .migratedDatabase)
    func terminal() async throws {
        try await withClerk { environment in
            let result = try await Agentcorp.runOnTerminal("ask clerk hello", environment: environment)
            #expect(result.status == 0)
            #expect(result.output.components(separatedBy: "You said: hello").count == 2, "\(result.output)")
        }
    }

    @Test(
        "what is said to the agents of a run is listed; a run or an agent that is not there is an error",
        .migratedDatabase)
    func messages() async throws {
        try await withClerk { environment in
            let task =
                try await Agentcorp.run("ask", "clerk", "hello", "--detach", environment: environment)
                .output.split(separator: "\n").first.map(String.init) ?? ""
            let sent = try await Agentcorp.run("messages", "send", task, "clerk", "hurry up", "--from", "boss")
            #expect(sent.output == "1\n", "\(sent.errors)")
            let list = try await Agentcorp.run("messages", task)
            for words in ["boss", "clerk", "hurry up"] { #expect(list.output.contains(words)) }
            let json = try JSONValue(parsing: try await Agentcorp.run("messages", task, "--json").output)
            guard case .array(let messages) = json else { return #expect(Bool(false), "no array") }
            #expect(messages.count == 1 && messages[0]["body"] == "hurry up")
            let wrong = try await Agentcorp.run("messages", "send", task, "clark", "x")
            #expect(wrong.status == 5 && wrong.errors.contains("clerk"), "\(wrong.status) \(wrong.errors)")
            #expect(try await Agentcorp.run("messages", "999").status == 5)
        }
    }

    @Test("a schema makes the answer a value; JSON has the run and its cost", .migratedDatabase)
    func structured() async throws {
        try await withClerk { environment in
            let schema = #"{"type": "object", "required": ["answer"], "properties": {"answer": {"type": "integer"}}}"#
            let result = try await Agentcorp.run(
                "ask", "clerk", "how many?", "--schema", schema, "--json", environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            let json = try JSONValue(parsing: result.output)
            #expect(json["output"] == ["answer": 42])
            #expect(json["run"]?["turns"] != nil)
            let wrong = try await Agentcorp.run("ask", "clerk", "x", "--schema", #"{"type": "thing"}"#)
            #expect(wrong.status == 2 && wrong.errors.contains("--schema is no JSON Schema"), "\(wrong.errors)")
        }
    }

    @Test("mistakes are told with what to do, and a task that fails says so", .migratedDatabase)
    func mistakes() async throws {
        try await withClerk { environment in
            let unknown = try await Agentcorp.run("ask", "clrk", "hello", environment: environment)
            #expect(unknown.status == 5, "\(unknown.errors)")
            #expect(unknown.errors.contains("clerk"))
            #expect(try await Agentcorp.run("ask", "clerk").status == 2)
            #expect(try await Agentcorp.run("ask", "clerk", "-", input: " \n").errors.contains("stdin is empty"))
            #expect(try await Agentcorp.run("ask", "clerk", "").status == 2)
            let refused = try await Agentcorp.run("ask", "clerk", "refuse", environment: environment)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("I would rather not."))
            #expect(refused.errors.contains("agentcorp tasks show"))
            let missing = try await Agentcorp.run("sessions", "show", "none")
            #expect(missing.status == 5, "\(missing.errors)")
            #expect(try await Agentcorp.run("approvals", "decide", "7", "approve").status == 5)
        }
    }

    @Test("a task that nobody works on is taken up by who watches it", .migratedDatabase)
    func takenUp() async throws {
        try await withClerk { environment in
            let detached = try await Agentcorp.run("ask", "clerk", "hello", "--detach", environment: environment)
            #expect(detached.output == "1\n", "\(detached.errors)")
            let result = try await Agentcorp.run("ask", "--task", "1", environment: environment)
            #expect(result.output == "You said: hello\n", "\(result.errors)")
            // Again: it is over.
            #expect(try await Agentcorp.run("ask", "--task", "1", environment: environment).output == result.output)
        }
    }

    @Test("a chat goes on in another process, forgets, and forks", .migratedDatabase)
    func chat() async throws {
        try await withClerk { environment in
            let first = try await Agentcorp.run("chat", "clerk", input: "one\n/nonsense\n", environment: environment)
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.output == "You said: one\n")
            #expect(first.errors.contains("new session chat-clerk") && first.errors.contains("/nonsense is no command"))
            let second = try await Agentcorp.run(
                "chat", "clerk", input: "two\n/fork other\n/clear\nthree\n/history\n/quit\nfour\n",
                environment: environment)
            #expect(second.errors.contains("going on with session chat-clerk, 2 messages"), "\(second.errors)")
            #expect(second.output.hasPrefix("You said: two\nYou said: three\nuser: one\n"))
            #expect(!second.output.contains("four"))
            let list = try await Agentcorp.run("sessions", "--json")
            #expect(list.output.contains(#""forked_from":"chat-clerk","last_at""#), "\(list.output)")
            let shown = try await Agentcorp.run("sessions", "show", "other")
            #expect(shown.output.contains("6 assistant"))
            #expect(try await Agentcorp.run("sessions", "remove", "other", "--yes").status == 0)
            #expect(try await Agentcorp.run("sessions", "show", "other").status == 5)
        }
    }

    @Test("a task is broken down, or broken down and done", .migratedDatabase)
    func decompose() async throws {
        try await withClerk { environment in
            let list = try await Agentcorp.run("agents", "decompose", "clerk", "a thing", environment: environment)
            #expect(list.output == "1. look\n2. tell\n", "\(list.errors)")
            let run = try await Agentcorp.run(
                "agents", "decompose", "clerk", "a thing", "--run", environment: environment)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("You said: Answer the task from the results of its parts."))
            let names = try await TestDatabase.current.psql(
                "select string_agg(name, ', ' order by id) from agentcorp.task where parent_id = 2")
            #expect(names == "decompose, subtask 1, subtask 2, synthesize")
        }
    }

    @Test("the web is searched where the environment says, and the key of that is not told", .migratedDatabase)
    func search() async throws {
        let server = try await MockServer.start(
            .json([
                "web": [
                    "results": [
                        ["title": "Queues", "url": "https://example.com/q", "description": "your key BSA-canary-77"]
                    ]
                ]
            ]))
        try await Scratch.use { scratch in
            let script = try scratch.write(
                "script.json",
                """
                {"name": "test", "label": false, "rules": [
                    {"when": {"turn": 1}, "calls": [{"name": "web_search", "arguments": {"query": "queues"}}]}, {"reply": "found"}]}
                """)
            let file = try scratch.write(
                "finder.json",
                #"{"provider": "offline", "model": "test", "tools": ["web_search"], "context_settings": {"network": "web"}}"#
            )
            #expect(try await Agentcorp.run("agents", "load", file).status == 0)
            let result = try await Agentcorp.run(
                "ask", "finder", "look",
                environment: [
                    "OFFLINE_SCRIPT": script, "BRAVE_API_KEY": "BSA-canary-77", "WEB_SEARCH_BASE_URL": server.url,
                ])
            #expect(result.output == "found\n", "\(result.errors)")
            let told = try await TestDatabase.current.psql("select result::text from agentcorp.tool_call")
            #expect(told.contains("Queues") && told.contains("***") && !told.contains("canary"), "\(told)")
            #expect(server.requests.count == 1)
        }
    }

    @Test("the same agent works with a server that speaks OpenAI's format", .migratedDatabase)
    func compatibleServer() async throws {
        let server = try await MockServer.start(MockOpenAI.text("Two workers, no waiting."))
        try await Scratch.use { scratch in
            let file = try scratch.write("librarian.json", #"{"provider": "ollama", "model": "qwen3:4b"}"#)
            #expect(try await Agentcorp.run("agents", "load", file).status == 0)
            let result = try await Agentcorp.run(
                "ask", "librarian", "How many?", environment: ["OLLAMA_BASE_URL": server.url])
            #expect(result.output == "Two workers, no waiting.\n", "\(result.errors)")
            #expect(result.errors.contains("cost not known"))
            #expect(server.requests.count == 1)
        }
    }
}
