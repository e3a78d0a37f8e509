import Documents
import FoundationEssentials
import Glibc
import JSON
import TestSupport
import Testing

@testable import Agents

struct ConfigurationFilesTests {
    private static let plain = #"{"model": "openai/m"}"#

    @Test(
        "a folder has its agents in agents, their prompts in prompts, and a file's name is the agent's where it has none"
    )
    func layout() throws {
        let scratch = try Scratch()
        try scratch.write("agents/ada.json", #"{"model": "openai/m", "system_prompt": {"file": "coder"}}"#)
        try scratch.write("agents/bob.yaml", "model: openai/m\nname: robert\n")
        try scratch.write("agents/eve.yml", "model: openai/m\n")
        try scratch.write("agents/notes.txt", "no agent")
        try scratch.write("agents/.hidden.json", "no agent")
        try scratch.write("prompts/coder.md", "You write code.")
        let agents = try AgentFolder.load(scratch.path)
        #expect(agents.map(\.name) == ["ada", "robert", "eve"])
        #expect(agents[0].systemPrompt == "You write code.")
        #expect(try AgentConfig(file: scratch.path + "/agents/ada.json") == agents[0])
        // Beside the agents, prompts win.
        try scratch.write("agents/prompts/coder.md", "You write Swift.")
        #expect(try AgentFolder.load(scratch.path + "/agents/")[0].systemPrompt == "You write Swift.")
    }

    @Test("all mistakes of a folder are told at once; duplicates name both files")
    func allAtOnce() throws {
        let scratch = try Scratch()
        try scratch.write("agents/a.json", #"{"model": 5}"#)
        try scratch.write("agents/b.yaml", "model: [")
        try scratch.write("agents/c.json", #"{"model": "openai/m", "name": "x"}"#)
        try scratch.write("agents/d.json", #"{"model": "openai/m", "name": "x"}"#)
        try scratch.write("agents/e.json", #"{"model": "openai/m", "system_prompt": {"file": "none"}}"#)
        let issues = scratch.issues()
        #expect(issues.count == 4)
        #expect(issues[0].hasPrefix("agents/a.json /model: "))
        #expect(issues[1].hasPrefix("agents/b.yaml: line "))
        #expect(issues[2].hasPrefix("agents/e.json /system_prompt/file: "))
        #expect(issues[3].hasPrefix("agents/d.json /name: ") && issues[3].contains("agents/c.json has an agent \"x\""))
    }

    @Test("a folder that is missing or empty, and a file that is no configuration, are told")
    func noFolder() throws {
        let scratch = try Scratch()
        #expect(try #require(scratch.issues().first).contains("there is no agent in"))
        try scratch.write("notes.txt", "")
        for (path, message) in [
            ("/none", "no such folder"), ("/notes.txt", "no configuration"), ("/no.json", "cannot be read"),
        ] {
            let issues = AgentFolder(reading: scratch.path + path).issues
            #expect(issues.count == 1 && issues[0].message.contains(message), "\(issues)")
        }
    }

    @Test("files written for the original framework load unchanged")
    func original() throws {
        let scratch = try Scratch()
        try scratch.write(
            "agent_configs/minimal.json",
            #"{"model": "gpt-4", "provider": "openai", "system_prompt": "You help.", "tools": []}"#)
        try scratch.write(
            "agent_configs/code.json",
            """
            {"name": "Code Helper 2", "description": "Helps with code", "model": "grok-4", "provider": "XAI",
             "system_prompt": {"file": "code", "params": {"LANGUAGE": "Swift"}},
             "tools": ["filesys.read_file", "terminal.run_command"],
             "context_settings": {"allowed_base_path": "./data", "max_operations": "50", "security_level": "developer"}}
            """)
        // As it saves them.
        try scratch.write(
            "agent_configs/saved.json",
            """
            {
              "model": "gpt-4",
              "provider": "openai",
              "system_prompt": "",
              "tools": [],
              "name": null,
              "description": null,
              "context_settings": {}
            }
            """)
        try scratch.write(
            "agent_configs/programmer.json",
            """
            {"model": "grok-4", "provider": "xai", "system_prompt": "You write code.", "tools": [],
             "context_settings": {"workingdir": null, "security_level": "filesystem_restricted", "max_operations": 50}}
            """)
        // Its front matter is no YAML.
        try scratch.write(
            "prompts/code.md",
            "---\\n\\ntype: system\\n\\ndescription: A prompt: for code\\n\\n---\\n\\nYou write {{LANGUAGE}}.\\n"
                .replacing("\\n", with: "\n"))
        let agents = try AgentFolder.load(scratch.path + "/agent_configs")
        #expect(agents.map(\.name) == ["Code Helper 2", "minimal", "programmer", "saved"])
        #expect(agents[0].systemPrompt == "You write Swift.")
        #expect(agents[0].models == [ModelReference(provider: "xai", model: "grok-4")])
        #expect(agents[3].systemPrompt == nil)
    }

    @Test("a prompt has parameters with defaults, which are filled in once")
    func prompts() throws {
        let scratch = try Scratch()
        try scratch.write(
            "a.json",
            #"{"model": "openai/m", "system_prompt": {"file": "p.md", "params": {"NAME": "{{TONE}}", "YEARS": 5, "STRICT": true}}}"#
        )
        try scratch.write(
            "prompts/p.md",
            """
            ---
            description: Somebody
            params:
              NAME:
              TONE: kind
              YEARS: {description: How long, required: true}
              STRICT: {default: false}
              EXTRA: {required: false}
            ---

            I am {{NAME}}, {{ TONE }}{{EXTRA}}, {{YEARS}}, {{STRICT}}. \\{{NAME}} {{item.x}} {{{YEARS}}} {{ }} {{

            """)
        let config = try scratch.agent()
        #expect(config.systemPrompt == "I am {{TONE}}, kind, 5, true. {{NAME}} {{item.x}} {5} {{ }} {{")
        #expect(
            config.promptFile
                == PromptReference(file: "p.md", params: ["NAME": "{{TONE}}", "YEARS": "5", "STRICT": "true"]))
        // What is stored needs no file; what is saved names it.
        #expect(config.json["system_prompt"]?.string == config.systemPrompt)
        #expect(config.json(withPromptFile: true)["system_prompt"]?["file"] == "p.md")
        try config.save(to: scratch.path + "/a.json")
        #expect(try scratch.agent() == config)
    }

    @Test(
        "a prompt that cannot be rendered names file, field and parameter",
        arguments: [
            (
                "{{NAME}} {{OTHER}}", #"{"NAME": "x"}"#,
                #"a.json /system_prompt/params: the parameter "OTHER" of prompts/p.md is not filled in"#
            ),
            (
                "{{NAME}}", #"{"NAEM": "x", "NAME": "y"}"#,
                #"a.json /system_prompt/params/NAEM: prompts/p.md has no parameter "NAEM". Did you mean "NAME"?"#
            ),
            ("no place", #"{"NAME": "x"}"#, "It has none."),
            ("{{NAME}}", #"{"NAME": ["x"]}"#, "a.json /system_prompt/params/NAME: an array instead of a text"),
            ("---\nparams: [A]\n---\n", "{}", "\"A\""),
            (
                "---\ndescription: x\nno end", "{}",
                "a.json /system_prompt/file: prompts/p.md: the front matter has no end"
            ),
            ("---\ntitle: x\n---\n", "{}", "front matter /title: unknown field"),
            ("---\nparams: 5\n---\n", "{}", "front matter /params: a number"),
            ("---\nparams: {A: {defualt: x}}\n---\n", "{}", "Did you mean \"default\"?"),
            ("---\nparams: [a b]\n---\n", "{}", "cannot be a parameter"),
            ("---\nparams: [\n---\n", "{}", "front matter: line 2, column 1: no valid YAML"),
        ])
    func wrongPrompts(prompt: String, params: String, message: String) throws {
        let scratch = try Scratch()
        try scratch.write("a.json", #"{"model": "openai/m", "system_prompt": {"file": "p", "params": \#(params)}}"#)
        try scratch.write("prompts/p.md", prompt)
        let issues = scratch.issues()
        #expect(issues.contains { $0.contains(message) }, "\(issues)")
    }

    @Test("a prompt file that is not there is told with the nearest one that is")
    func missingPrompt() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", #"{"model": "openai/m", "system_prompt": {"file": "wrter"}}"#)
        #expect(try #require(scratch.issues().first).contains("there is no folder"))
        try scratch.write("prompts/writer.md", "")
        #expect(
            scratch.issues() == [
                #"a.json /system_prompt/file: prompts/wrter.md does not exist. Did you mean "writer"?"#
            ])
    }

    @Test(
        "no path leads out of the folder",
        arguments: [
            "../secret", "/etc/passwd", "a/../../secret", "", "./p", "x/", "linked", "linked_folder/secret",
            "up/secret",
        ])
    func escapes(file: String) throws {
        let scratch = try Scratch()
        try scratch.write("secret.md", "secret")
        try scratch.write("team/a.json", #"{"model": "openai/m", "system_prompt": {"file": "\#(file)"}}"#)
        try scratch.write("team/prompts/p.md", "fine")
        try scratch.link("team/prompts/linked.md", to: "../../secret.md")
        try scratch.link("team/prompts/linked_folder", to: scratch.path)
        try scratch.link("team/prompts/up", to: "../..")
        let issues = AgentFolder(reading: scratch.path + "/team").issues
        #expect(issues.count == 1 && issues[0].pointer == "/system_prompt/file", "\(issues)")
    }

    @Test("links within the folder serve; a folder of prompts, and an agent's file, that are links to elsewhere do not")
    func links() throws {
        let scratch = try Scratch()
        try scratch.write("team/a.json", #"{"model": "openai/m", "system_prompt": {"file": "alias"}}"#)
        try scratch.write("team/prompts/p.md", "fine")
        try scratch.link("team/prompts/alias.md", to: "p.md")
        #expect(try AgentFolder.load(scratch.path + "/team")[0].systemPrompt == "fine")
        try scratch.write("other/a.json", #"{"model": "openai/m", "system_prompt": {"file": "p"}}"#)
        try scratch.link("other/prompts", to: "../team/prompts")
        try scratch.link("other/b.json", to: "../team/a.json")
        let issues = AgentFolder(reading: scratch.path + "/other").issues.map(\.message)
        #expect(issues.count == 2 && issues.allSatisfy { $0.contains("leads out of") }, "\(issues)")
    }

    @Test("a pipe, a folder and a device are no files, and nothing waits for them")
    func noFiles() throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch.path + "/a.json", 0o600) == 0)
        try scratch.write("b.json/x", "")
        try scratch.write("c.json", #"{"model": "openai/m", "system_prompt": {"file": "pipe"}}"#)
        try scratch.write("prompts/p.md", "")
        #expect(mkfifo(scratch.path + "/prompts/pipe.md", 0o600) == 0)
        let issues = scratch.issues()
        #expect(issues.count == 3 && issues.allSatisfy { $0.contains("is not a regular file") }, "\(issues)")
    }

    @Test("byte order marks and Windows line ends are read past")
    func windows() throws {
        let scratch = try Scratch()
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        try scratch.write(
            "a.json", mark + Array("{\r\n\"model\": \"openai/m\",\r\n\"system_prompt\": {\"file\": \"p\"}}\r\n".utf8))
        try scratch.write("b.yaml", mark + Array("model: openai/m\r\nsystem_prompt: |\r\n  one\r\n  two\r\n".utf8))
        try scratch.write("prompts/p.md", mark + Array("---\r\nparams: {A: x}\r\n---\r\none {{A}}\r\ntwo\r\n".utf8))
        #expect(try AgentFolder.load(scratch.path).map(\.systemPrompt) == ["one x\ntwo", "one\ntwo\n"])
    }

    @Test("what is too large, not UTF-8, deeply nested or there twice is refused", arguments: ["json", "yaml"])
    func hostile(kind: String) throws {
        let nested = String(repeating: "[", count: 100_000)
        let cases: [(bytes: [UInt8], message: String)] = [
            ([UInt8](repeating: 0x20, count: DocumentFile.largest + 1), "larger than 1 MiB"),
            (Array(#"{"model": ""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8), "is not UTF-8"),
            (Array((#"{"model": "# + nested).utf8), kind == "json" ? "levels deep" : ""),
            (
                Array((#"{"model": "# + nested.prefix(100) + String(repeating: "]", count: 100) + "}").utf8),
                "levels deep"
            ),
            (Array(#"{"model": "openai/m", "model": "openai/n"}"#.utf8), "\"model\" is there twice"),
            (Array(#"{"a": {"b": 1, "b": 2}}"#.utf8), "\"b\" is there twice"),
            (Array(#"{"a": [{"b": 1}, {"b": 2}], "A": {"b": 3, "a": {"b": 4}}, "a": 5}"#.utf8), "\"a\" is there twice"),
            ([], ""), (Array("{".utf8), ""), (Array("{} {}".utf8), ""), ([0, 0, 0], ""),
        ]
        for (bytes, message) in cases {
            let scratch = try Scratch()
            try scratch.write("a.\(kind)", bytes)
            let issues = scratch.issues()
            #expect(issues.count == 1 && issues[0].contains(message), "\(issues) \(message)")
            #expect(issues.allSatisfy { $0.utf8.count < 1000 })
        }
        let scratch = try Scratch()
        try scratch.write("a.json", #"{"model": "openai/m", "mo\u0064el": "openai/n"}"#)
        #expect(try #require(scratch.issues().first).contains("\"model\" is there twice"))
    }
}
