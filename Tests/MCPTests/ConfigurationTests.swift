import Glibc
import JSON
import TestSupport
import Testing

@testable import MCP

@Suite struct ConfigurationTests {
    @Test("a file of ours, with everything in it")
    func all() throws {
        let document = try JSONValue(
            parsing: #"""
                {"servers": {
                  "time": {"command": ["mcp-server-time"], "env": {"A": "b", "KEY": {"env": "X"}}, "inherit_env": ["C"],
                           "cwd": "/tmp", "tools": ["get_current_time"], "effects": {"get_current_time": "pure"},
                           "pins": {"get_current_time": "sha256:\#(String(repeating: "0", count: 64))"},
                           "timeout": 5, "max_time": 1.5, "start_timeout": 3, "idle_time": 60, "max_message": 4096},
                  "far": {"url": "https://example.com/mcp", "headers": {"X-Team": "a"}, "token": {"file": "/run/key"}}
                }}
                """#)
        let servers = try MCPServerConfiguration.servers(in: document)
        #expect(servers.map(\.name) == ["far", "time"])
        guard case .endpoint(let endpoint) = servers[0].transport, case .command(let command) = servers[1].transport
        else { throw TestSupportError("other transports") }
        #expect(endpoint.url == "https://example.com/mcp")
        #expect(endpoint.headers == ["X-Team": .literal("a")])
        #expect(endpoint.token == .file("/run/key"))
        #expect(command.argv == ["mcp-server-time"])
        #expect(command.environment == ["A": .literal("b"), "KEY": .environment("X")])
        #expect(command.inherited == ["C"])
        #expect(command.directory == "/tmp")
        #expect(servers[1].allowedTools == ["get_current_time"])
        #expect(servers[1].effects == ["get_current_time": "pure"])
        #expect(servers[1].timeout == .seconds(5))
        #expect(servers[1].maximumTime == .seconds(1.5))
        #expect(servers[1].idleTime == .seconds(60))
        #expect(servers[1].maximumMessage == 4096)
    }

    @Test("null is as good as nothing")
    func nulls() throws {
        let document = try JSONValue(
            parsing:
                #"{"servers": {"a": {"command": ["x"], "url": null, "cwd": null, "timeout": null, "tools": null}}}"#)
        let server = try #require(try MCPServerConfiguration.servers(in: document).first)
        #expect(server.allowedTools == nil)
    }

    @Test("files of other programs are understood")
    func common() throws {
        let servers = try MCPServerConfiguration.servers(
            in: [
                "mcpServers": [
                    "git": ["type": "stdio", "command": "uvx", "args": ["mcp-server-git"], "env": ["A": "b"]],
                    "off": ["command": "x", "disabled": true],
                ]
            ])
        #expect(servers.map(\.name) == ["git"])
        guard case .command(let command) = servers[0].transport else { throw TestSupportError("no command") }
        #expect(command.argv == ["uvx", "mcp-server-git"])
    }

    @Test(
        "a mistake is an error that names server and field",
        arguments: [
            (#"{"command": ["a"], "url": "https://b"}"#, "`url`"), (#"{}"#, "`command` is missing"),
            (#"{"command": []}"#, "`command`"), (#"{"command": [""]}"#, "`command`"), (#"{"command": 5}"#, "`command`"),
            (#"{"command": ["a"], "comand": 1}"#, "Did you mean \"command\"?"),
            (#"{"command": ["a"], "env": {"A=B": "c"}}"#, "\"A=B\""),
            (#"{"command": ["a"], "env": {"A": 1}}"#, "`env`"),
            (#"{"command": ["a"], "token": {"env": "X"}}"#, "`token` does not go with `command`"),
            (#"{"url": "http://example.com"}"#, "https://"), (#"{"url": "http://127.0.0.1.example.com"}"#, "https://"),
            (#"{"url": "ftp://localhost"}"#, "https://"), (#"{"url": "https://a:b@example.com"}"#, "user or password"),
            (#"{"url": "example.com"}"#, "`url`"),
            (#"{"url": "https://a", "token": "sk-literal-canary"}"#, "{\"env\": VARIABLE}"),
            (#"{"url": "https://a", "headers": {"Mcp-Method": "x"}}"#, "\"Mcp-Method\""),
            (#"{"command": ["a"], "effects": {"x": "never"}}"#, "\"never\""),
            (#"{"command": ["a"], "pins": {"x": "sha256:1"}}"#, "`pins`"),
            (#"{"command": ["a"], "timeout": 0}"#, "`timeout`"),
            (#"{"command": ["a"], "max_message": 5}"#, "`max_message`"), (#"[]"#, "object"),
        ])
    func mistakes(text: String, part: String) throws {
        let value = try JSONValue(parsing: text)
        let error = #expect(throws: MCPError.self) {
            try MCPServerConfiguration.servers(in: ["servers": ["s1": value]])
        }
        #expect(error?.code == .configuration)
        #expect(error?.message.contains("server \"s1\"") == true)
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("canary") == false)
    }

    @Test("a name that could not stand before those of tools is refused", arguments: ["", "a.b", "a b", "é"])
    func names(name: String) {
        #expect(throws: MCPError.self) {
            try MCPServerConfiguration.servers(in: ["servers": [name: ["command": ["a"]]]])
        }
    }

    @Test("plain http is for this machine", arguments: ["localhost", "127.0.0.1", "127.8.9.10", "[::1]"])
    func loopback(host: String) throws {
        _ = try MCPServerConfiguration.servers(in: ["servers": ["a": ["url": .string("http://\(host):8080/mcp")]]])
    }

    @Test("a setting never shows what it holds")
    func hidden() {
        let settings: [MCPSetting] = [.literal("canary"), .environment("NAME"), .file("/run/key")]
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped, "\(MCPEndpoint("https://a"))"] {
            #expect(!text.contains("canary"))
        }
        #expect("\(settings[1]), \(settings[2])" == "the variable NAME, the file /run/key")
    }

    @Test("a key file that others may read, or that is no file, is refused; line breaks at its end are not part of it")
    func files() throws {
        let path = "/tmp/agentcorp-mcp-key-\(getpid())"
        defer { unlink(path) }
        func write(_ text: String, mode: mode_t) {
            unlink(path)
            let file = fopen(path, "w")
            fputs(text, file)
            fclose(file)
            chmod(path, mode)
        }
        func read() throws -> String { try MCPSetting.file(path).read(from: [:], for: "the key") }
        write("canary\n\n", mode: 0o600)
        #expect(try read() == "canary")
        for (text, mode, reason) in [
            ("canary", 0o640, "chmod 600"), ("canary", 0o604, "chmod 600"), ("", 0o600, "empty"),
            ("can\nary", 0o600, "line breaks"), (String(repeating: "x", count: 70_000), 0o600, "too long"),
        ] as [(String, mode_t, String)] {
            write(text, mode: mode)
            let error = #expect(throws: MCPError.self) { try read() }
            #expect(error?.message.contains(reason) == true)
            #expect(error?.message.contains("canary") == false)
        }
        unlink(path)
        #expect(throws: MCPError.self) { try read() }
        mkfifo(path, 0o600)
        #expect(throws: MCPError.self) { try read() }
        let unset = #expect(throws: MCPError.self) {
            try MCPSetting.environment("NOPE").read(from: [:], for: "the key")
        }
        #expect(unset?.message == "the key is in the variable NOPE, which is not set. Set it.")
    }
}
