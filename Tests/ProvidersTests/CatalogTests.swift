import FoundationEssentials
import Glibc
import JSON
import MockServer
import Testing

@testable import Providers

@Suite("The catalogue of providers")
struct CatalogTests {
    static func file(_ text: String, _ body: (String) throws -> Void) throws {
        let path = "/tmp/agentcorp-providers-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        try body(path)
    }

    static func problem(_ catalog: ProviderCatalog, _ name: String) -> String {
        do {
            _ = try catalog.provider(name)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("keys come from the environment, and a provider without one says what to do")
    func keys() throws {
        let catalog = try ProviderCatalog(environment: ["OPENAI_API_KEY": " sk-canary-1234 "])
        #expect(catalog.names == ["anthropic", "offline", "ollama", "openai", "xai"])
        #expect(try catalog.provider("openai").telemetryName == "openai")
        #expect(catalog.secrets.map { $0.reveal() } == ["sk-canary-1234"])
        #expect(Self.problem(catalog, "anthropic").contains("set ANTHROPIC_API_KEY"))
        #expect(try catalog.provider("ollama").name == "ollama")
        #expect(try catalog.provider("offline").name == "offline")
        #expect(!"\(catalog)".contains("canary"))
        var dumped = ""
        dump(catalog, to: &dumped)
        #expect(!dumped.contains("canary"))
    }

    @Test("a name that is not there gets a guess and the list")
    func unknown() throws {
        let catalog = try ProviderCatalog(environment: [:])
        let said = Self.problem(catalog, "opanai")
        #expect(
            said.contains("did you mean \"openai\"?") && said.contains("anthropic") && said.contains("providers.json"))
    }

    @Test(
        "base URLs that would give secrets away are refused",
        arguments: [
            ("https://api.example.com/v1", nil), ("http://127.0.0.1:11434/v1", nil), ("http://localhost:1", nil),
            ("http://[::1]:8080/v1", nil), ("http://api.example.com/v1", "unencrypted"),
            ("http://127.0.0.1.evil.example/", "unencrypted"),
            ("http://10.0.0.5:8000/v1", "unencrypted"), ("http://127.1/", "unencrypted"),
            ("https://user:pass@api.example.com/v1", "user or password"), ("https://api.example.com/v1?key=x", "query"),
            ("ftp://api.example.com/", "must begin with"), ("api.example.com", "must be like"), ("", "must be like"),
        ] as [(String, String?)])
    func urls(text: String, problem: String?) throws {
        guard let problem else {
            _ = try ProviderURL(text)
            return
        }
        let error = #expect(throws: ProviderConfigurationError.self) { try ProviderURL(text) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    @Test("endpoints follow the path of the base URL, or the first version")
    func endpoints() throws {
        #expect(try ProviderURL("https://a.example/v1/").endpoint("/messages") == "https://a.example/v1/messages")
        #expect(try ProviderURL("https://a.example").endpoint("/messages") == "https://a.example/v1/messages")
        #expect(try ProviderURL("https://a.example/openai/v3").endpoint("/x") == "https://a.example/openai/v3/x")
        #expect(try ProviderURL("http://10.0.0.5:8000/v1", allowHTTP: true).description == "http://10.0.0.5:8000/v1")
    }

    @Test("variables change where a provider is and what is allowed")
    func variables() throws {
        let catalog = try ProviderCatalog(environment: [
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "XAI_API_KEY": "xai-canary-12345678",
            "XAI_BASE_URL": "http://lab.example/v1",
            "ANTHROPIC_BASE_URL": "http://lab.example", "ANTHROPIC_ALLOW_HTTP": "1",
        ])
        _ = try catalog.provider("openai")
        _ = try catalog.provider("anthropic")
        #expect(Self.problem(catalog, "xai").contains("unencrypted"))
    }

    @Test("a file adds providers, with keys that it only names")
    func file() throws {
        try Self.file(
            #"""
            {"providers": {
              "lab": {"api": "openai", "base_url": "http://10.0.0.5:8000/v1", "allow_http": true, "retries": 0,
                      "key": {"env": "LAB_TOKEN"}, "headers": {"X-Team": "blue", "X-Pass": {"env": "LAB_PASS"}},
                      "timeouts": {"total": 30, "idle": 2.5}, "structured_output": "tool"},
              "openai": {"retries": 5},
              "broken": {"api": "anthropic", "base_url": "https://x.example", "key": {"env": "NOT_SET"}}}}
            """#
        ) { path in
            let catalog = try ProviderCatalog(
                environment: ["LAB_TOKEN": "canary-token", "LAB_PASS": "canary-pass", "OPENAI_API_KEY": "canary-key"],
                file: path)
            #expect(try catalog.provider("lab").name == "lab")
            #expect(catalog.secrets.count == 3)
            #expect(catalog.scrubber.scrub("a canary-pass b") == "a *** b")
            _ = try catalog.provider("openai")
            #expect(Self.problem(catalog, "broken").contains("NOT_SET is not set"))
        }
    }

    @Test(
        "a mistake in the file names its place",
        arguments: [
            (#"{"providers": {"lab": {"api": "openia", "base_url": "https://x.example"}}}"#, "lab.api"),
            (#"{"providers": {"lab": {"base_ulr": "x"}}}"#, "did you mean \"base_url\"?"),
            (#"{"providers": {"lab": {"key": "sk-123"}}}"#, "a secret does not belong into this file"),
            (#"{"providers": {"lab": {"key": {"env": "A", "file": "b"}}}}"#, "lab.key"),
            (#"{"providers": {"La b": {}}}"#, "La b"), (#"{"providers": {"lab": {"retries": 99}}}"#, "retries"),
            (#"{"providers": {"lab": {"timeouts": {"idle": "x"}}}}"#, "timeouts.idle"),
            (#"{"providers": {"lab": {"timeouts": {"tot": 1}}}}"#, "\"tot\". Known are total, idle"),
            ("nonsense", "no valid JSON"),
        ])
    func mistakes(text: String, hint: String) throws {
        try Self.file(text) { path in
            let error = #expect(throws: ProviderConfigurationError.self) {
                try ProviderCatalog(environment: [:], file: path)
            }
            let said = error?.description ?? ""
            #expect(said.contains(hint) && said.contains(path), "\(said)")
            #expect(!said.contains("sk-123"))
        }
    }

    @Test("a file that cannot be read is named with the reason")
    func unreadable() throws {
        for (path, reason) in [("/nowhere/providers.json", "No such file or directory"), ("/", "Is a directory")] {
            let error = #expect(throws: ProviderConfigurationError.self) {
                try ProviderCatalog(environment: [:], file: path)
            }
            #expect(error?.description == "cannot read \(path): \(reason)")
        }
    }

    @Test("a registered provider is found by its name")
    func registered() throws {
        var catalog = try ProviderCatalog(environment: [:])
        catalog.register(OfflineProvider(name: "anthropic"))
        #expect(try catalog.provider("anthropic") is OfflineProvider)
    }
}
