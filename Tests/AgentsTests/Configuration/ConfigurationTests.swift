import Documents
import FoundationEssentials
import JSON
import Providers
import TestSupport
import Testing

@testable import Agents

struct ConfigurationTests {
    private let vocabulary = AgentVocabulary(
        tools: ["filesys.read_file", "filesys.write_file", "terminal.run_command", "web_search"],
        providers: ["openai", "anthropic", "offline"], mcpServers: ["git"])

    private func config(_ json: String) throws -> AgentConfig {
        try AgentConfig(JSONValue(parsing: json), name: "a", vocabulary: vocabulary)
    }

    private func issues(_ json: String) throws -> [String] {
        let document = try JSONValue(parsing: json)
        do {
            _ = try AgentConfig(document, name: "a", vocabulary: vocabulary)
        } catch {
            return error.issues.map { "\($0.pointer): \($0.message). \($0.advice)" }
        }
        return []
    }

    private func issue(_ json: String) throws -> String {
        try #require(issues(json).first)
    }

    @Test("every field is read, and what is saved reads as the same")
    func everything() throws {
        let config = try config(
            """
            {"name": "ada", "description": "Writes Swift.", "model": ["anthropic/claude-x", "gpt-5"], "provider": "OpenAI",
             "system_prompt": "You write Swift.", "tools": ["filesys.read_file", "git.git_status"], "mcp_servers": ["git"],
             "context_settings": {"workingdir": ".", "max_operations": "50", "security_level": "developer"},
             "role": "coder", "skills": ["swift", "sql"], "max_concurrency": 3,
             "budget": {"usd": 0.5, "tokens": 50000, "turns": 12, "time": "1h30m"},
             "memory": {"read": ["run", "global"], "write": ["run"]}, "max_turns": 20, "temperature": 0.2,
             "max_output_tokens": 4096, "output_schema": {"type": "object"}, "ambiguous": "ask",
             "on_loop": {"action": "fail", "repetitions": 3, "window": 6, "stalls": 2}}
            """)
        #expect(config.name == "ada")
        #expect(
            config.models == [
                ModelReference(provider: "anthropic", model: "claude-x"),
                ModelReference(provider: "openai", model: "gpt-5"),
            ])
        #expect(config.tools == ["filesys.read_file", "git.git_status"])
        #expect(config.mcpServers == ["git"])
        #expect(config.contextSettings["max_operations"] == "50")
        #expect(config.role == "coder" && config.skills == ["swift", "sql"] && config.maxConcurrency == 3)
        #expect(
            config.budget
                == AgentBudget(
                    usd: USD(nanodollars: 500_000_000), tokens: 50_000, turns: 12, time: .seconds(5400)))
        #expect(config.memory == AgentMemory(read: [.run, .global], write: [.run]))
        #expect(config.maxTurns == 20 && config.temperature == 0.2 && config.maxOutputTokens == 4096)
        #expect(config.outputJSONSchema?.value == ["type": "object"])
        #expect(config.ambiguous == .ask)
        #expect(config.onLoop == LoopPolicy(.fail, repetitions: 3, window: 6, stalls: 2))

        #expect(try AgentConfig(config.json) == config)
        #expect(try JSONDecoder().decode(AgentConfig.self, from: JSONEncoder().encode(config)) == config)
        let scratch = try Scratch()
        try config.save(to: scratch.path + "/ada.json")
        #expect(try scratch.agent() == config)
    }

    @Test("what is left out, or null, has its default")
    func defaults() throws {
        let config = try config(#"{"model": "openai/gpt-5", "role": null, "budget": {}, "tools": null}"#)
        #expect(config == AgentConfig(name: "a", models: [ModelReference(provider: "openai", model: "gpt-5")]))
        #expect(config.memory == .standard && config.ambiguous == .verify && config.onLoop == LoopPolicy())
        #expect(try AgentConfig(config.json) == config)
    }

    @Test("a slash in a model's own name is no provider, and a provider's name before it is one")
    func models() throws {
        #expect(
            try config(#"{"model": ["meta/llama-3", "anthropic/a/b"], "provider": "openai"}"#).models == [
                ModelReference(provider: "openai", model: "meta/llama-3"),
                ModelReference(provider: "anthropic", model: "a/b"),
            ])
        #expect(try issue(#"{"model": "gpt-5"}"#).hasPrefix("/model: no provider is named"))
        #expect(try issue(#"{"model": "opnai/gpt-5"}"#).contains("Did you mean \"openai\"?"))
        #expect(
            try issues(#"{"model": "m", "provider": "mistral"}"#)[0].contains("There are anthropic, offline, openai."))
        #expect(try issue(#"{"provider": "openai"}"#).hasPrefix("/model: is missing"))
        #expect(try issue(#"{"model": [], "provider": "openai"}"#).hasPrefix("/model: has 0 elements"))
        #expect(try issue(#"{"model": ["m", 5], "provider": "openai"}"#).hasPrefix("/model/1: a number"))
    }

    @Test(
        "short forms stand for long ones",
        arguments: [
            (#""memory": true"#, AgentMemory.all, LoopPolicy()), (#""memory": false"#, .none, LoopPolicy()),
            (#""memory": ["run"]"#, AgentMemory(read: [.run], write: [.run]), LoopPolicy()),
            (#""on_loop": "fail""#, .standard, LoopPolicy(.fail)),
        ])
    func shortForms(field: String, memory: AgentMemory, onLoop: LoopPolicy) throws {
        let config = try config(#"{"model": "openai/m", \#(field)}"#)
        #expect(config.memory == memory)
        #expect(config.onLoop == onLoop)
        #expect(try AgentConfig(config.json) == config)
    }

    @Test("durations", arguments: [("30s", 30), ("1h30m", 5400), ("2d", 172_800), ("500ms", 0.5), ("1.5h", 5400)])
    func durations(text: String, seconds: Double) throws {
        let duration = try #require(DurationText.duration(.string(text)))
        #expect(duration == .milliseconds(Int64(seconds * 1000)))
        #expect(DurationText.duration(.string(DurationText.text(duration))) == duration)
    }

    @Test("no durations", arguments: ["", "10", "m", "1x", "-5s", "1..5s", "0s", "9999999d", "5 m"])
    func noDurations(text: String) {
        #expect(DurationText.duration(.string(text)) == nil)
    }

    @Test(
        "each mistake names its field, what is wrong, and what to do",
        arguments: [
            (#""tols": []"#, #"/tols: unknown field "tols". Did you mean "tools"?"#),
            (
                #""tools": ["filesys.red_file"]"#,
                #"/tools/0: unknown tool "filesys.red_file". Did you mean "filesys.read_file"?"#
            ),
            (#""tools": ["read_file"]"#, #"Did you mean "filesys.read_file"?"#),
            (#""tools": ["web_search", "web_search"]"#, "/tools/1: \"web_search\" is there twice"),
            (#""tools": "web_search""#, "/tools: a string instead of an array"),
            (#""tools": [], "tool_names": []"#, "/tool_names: means the same as tools"),
            (#""mcp_servers": ["gti"]"#, #"/mcp_servers/0: unknown MCP server "gti". Did you mean "git"?"#),
            (#""max_concurrency": 0"#, "/max_concurrency: 0 is not a whole number from 1 to 999999"),
            (#""max_concurrency": 1.5"#, "/max_concurrency: 1.5 is not"),
            (#""max_turns": "5""#, #"/max_turns: "5" is not"#),
            (#""temperature": 2.1"#, "/temperature: 2.1 is not a number from 0 to 2"),
            (#""budget": 5"#, "/budget: a number instead of an object"),
            (#""budget": {"usd": -1}"#, "/budget/usd: -1 is not"),
            (#""budget": {"time": "soon"}"#, #"/budget/time: "soon" is not a duration. Write 30s"#),
            (#""budget": {"eur": 5}"#, #"/budget/eur: unknown field "eur""#),
            (
                #""memory": ["rnu"]"#,
                #"/memory/0: "rnu" is not understood. Did you mean "run"? There are run, agent, user, global."#
            ),
            (#""ambiguous": "maybe""#, #"/ambiguous: "maybe" is not understood. There are verify, ask, fail."#),
            (#""on_loop": "fial""#, #"Did you mean "fail"?"#),
            (#""on_loop": {"repetitions": 8, "window": 4}"#, "/on_loop/repetitions: 8 can never be reached"),
            (#""output_schema": {"type": "objekt"}"#, "/output_schema"),
            (#""context_settings": {"security_levle": "strict"}"#, "did you mean \"security_level\"?"),
            (
                #""context_settings": {"max_operations": "many"}"#,
                "/context_settings: context_settings.max_operations must be"
            ),
            (#""system_prompt": 5"#, "/system_prompt: a number instead of a prompt"),
            (#""system_prompt": {"fil": "x"}"#, #"/system_prompt/fil: unknown field "fil". Did you mean "file"?"#),
            (#""name": "a/b""#, "/name: \"a/b\" cannot be the name"), (#""name": 5"#, "/name: a number"),
            (#""name": " a""#, "/name"), (#""name": """#, "/name"),
            (#""role": ["x"]"#, "/role: an array instead of a string"),
            (#""skills": [""]"#, "/skills/0: an empty string"),
            (#""description": "a\u0000b""#, "/description: holds a NUL character"),
        ])
    func mistakes(field: String, message: String) throws {
        let issues = try issues(#"{"model": "openai/m", \#(field)}"#)
        #expect(issues.contains { $0.contains(message) }, "\(issues)")
    }

    @Test("a star at its end stands for all tools that begin so")
    func stars() throws {
        let config = try config(#"{"model": "openai/m", "tools": ["filesys.*", "git.*"]}"#)
        #expect(config.tools == ["filesys.*"])
        // All tools of an MCP server.
        #expect(config.mcpServers == ["git"])
        #expect(try issues(#"{"model": "openai/m", "tools": ["fs.*", "f*s"]}"#).count == 2)
    }

    @Test("all mistakes of a document are told at once")
    func allAtOnce() throws {
        let issues = try issues(#"{"modle": "m", "tools": ["x.y", "z"], "temperature": 9, "budget": {"turns": -1}}"#)
        #expect(
            issues.map { $0.prefix { $0 != ":" } } == [
                "/model", "/tools/0", "/tools/1", "/budget/turns", "/temperature", "/modle",
            ])
    }

    @Test(
        "a key in a configuration is refused, and never repeated",
        arguments: [
            (#""api_key": "hunter2hunter2""#, "/api_key"),
            (#""OPENAI_API_KEY": "hunter2hunter2""#, "/OPENAI_API_KEY"),
            (#""apiKey": {"value": "hunter2hunter2"}"#, "/apiKey"),
            (
                #""context_settings": {"commands": {"environment": {"password": "hunter2hunter2"}}}"#,
                "/context_settings/commands/environment/password"
            ),
            (#""system_prompt": "Use sk-ant-hunter2hunter2hunter2hunter2.""#, "/system_prompt"),
            (#""description": "-----BEGIN RSA PRIVATE KEY-----\nhunter2hunter2""#, "/description"),
        ])
    func credentials(field: String, pointer: String) throws {
        let issues = try issues(#"{"model": "openai/m", \#(field)}"#)
        #expect(issues.contains { $0.hasPrefix(pointer + ":") && $0.contains("{PROVIDER}_API_KEY") }, "\(issues)")
        #expect(!issues.joined().contains("hunter2"))
    }

    @Test("words about keys are no keys")
    func noCredentials() throws {
        let prompt = "Never print sk-... or xai-something; the api_key is secret. risk-assessment-of-every-kind-2026"
        #expect(
            try issues(
                #"{"model": "openai/m", "system_prompt": "\#(prompt)", "output_schema": {"properties": {"password": {"type": "string"}}}}"#
            ).isEmpty)
    }

    @Test("a document that is none is refused", arguments: ["[]", "5", "null", "\"x\""])
    func noObjects(text: String) throws {
        #expect(try issue(text).contains("instead of an object"))
    }
}
