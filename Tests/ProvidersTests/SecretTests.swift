import FoundationEssentials
import Glibc
import JSON
import Logging
import MockServer
import Synchronization
import TestSupport
import Testing

@testable import Providers

@Suite("Secrets")
struct SecretTests {
    static let canary = "s3cr3t/canary+value&more=9"

    @Test("a secret is never printed")
    func printing() {
        struct Holder {
            let name = "x"
            let key = Secret(SecretTests.canary)
            let keys = ["a": Secret(SecretTests.canary)]
            let maybe: Secret? = Secret(SecretTests.canary)
        }
        let secret = Secret(Self.canary)
        var dumped = ""
        dump(Holder(), to: &dumped)
        dump(secret, to: &dumped)
        dump([secret], to: &dumped)
        let texts = [
            "\(secret)", String(reflecting: secret), secret.debugDescription, "\(Holder())", "\([secret])",
            String(reflecting: Holder()), "\(Optional(secret) as Any)", dumped,
            "\(Mirror(reflecting: secret).children.map { "\($0)" })",
        ]
        for text in texts { #expect(!text.contains("canary")) }
        #expect("\(secret)" == "***")
        #expect(!((secret as Any) is any Encodable))
        #expect(secret.reveal() == Self.canary)
    }

    @Test("known secrets are found in every form")
    func forms() throws {
        let scrubber = SecretScrubber([Secret(Self.canary), Secret("short")])
        let bytes = Data(Self.canary.utf8)
        let forms = [
            Self.canary, bytes.base64EncodedString(), "s3cr3t%2Fcanary%2Bvalue%26more%3D9",
            "s3cr3t%2fcanary%2bvalue%26more%3d9",
            String(JSONValue.string(Self.canary).text),
            Data("user:\(Self.canary)".utf8).base64EncodedString(),
            Data("u:\(Self.canary)!".utf8).base64EncodedString(),
            Data("us:\(Self.canary)".utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_"),
        ]
        for form in forms {
            let scrubbed = scrubber.scrub("before \(form) after")
            #expect(scrubbed.contains("***"), "\(form)")
            #expect(scrubbed.hasPrefix("before ") && scrubbed.hasSuffix(" after"), "\(scrubbed)")
            let kept = String(form.dropFirst(4).dropLast(8))
            #expect(!scrubbed.contains(kept), "\(scrubbed)")
        }
        #expect(scrubber.scrub("a short word") == "a short word")
        #expect(
            scrubber.scrub(["k": [.string("x \(Self.canary)")], Self.canary: 1] as JSONValue)
                == ["k": ["x ***"], "***": 1])
        #expect(scrubber.scrub(Array("\(Self.canary)\(Self.canary)".utf8)) == Array("******".utf8))
    }

    @Test(
        "what looks like a secret is one",
        arguments: [
            ("key sk-ant-api03-abcdefghij0123456789 end", "key *** end"),
            ("sk-proj-abcdefghij0123456789", "***"), ("xai-abcdefghij0123456789abcd", "***"),
            ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "***"), ("id AKIAABCDEFGHIJKLMNOP.", "id ***."),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def_ghi", "***"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter", "***\nafter"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE", "***"),
            ("Authorization: Bearer abc.def\nNext: x", "***\nNext: x"),
            (#"{"authorization":"Basic dXNlcjpwYXNz","x":1}"#, #"{"***","x":1}"#),
            // Ordinary words stay.
            ("a task-based sk-8 risk-averse-approach", "a task-based sk-8 risk-averse-approach"),
            ("eyJ is how tokens begin", "eyJ is how tokens begin"),
            ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
            ("authorization is needed", "authorization is needed"), ("", ""), ("größer 🦉", "größer 🦉"),
        ])
    func shapes(text: String, expected: String) {
        #expect(SecretScrubber.shapes.scrub(text) == expected)
    }

    @Test("a long text is scrubbed quickly")
    func speed() {
        let scrubber = SecretScrubber((0..<20).map { Secret("known-secret-number-\($0)") })
        let text = String(repeating: "s-k-eyJ.a-----B known-secret auth ", count: 2_000)
        let start = ContinuousClock.now
        #expect(scrubber.scrub(text) == text)
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test("a key that a server echoes is in no error and no log")
    func echoes() async throws {
        let key = TestProviders.key
        let lines = LogLines()
        let test = try await TestProviders { request in
            switch request.number {
            case 0: MockOpenAI.error(500, "cannot serve \(key)")
            case 1: .stream(["data: {\"error\":{\"message\":\"bad \(key)\"}}\n\n"])
            default: .text("no JSON: \(key) Authorization: Bearer \(key)", status: 401)
            }
        }
        let provider = try test.openAI(logger: Logger(label: "test") { _ in lines })
        let heard = Heard()
        let error = try await providerError { try await provider.respond(to: .hello) { heard.hear($0) } }
        var dumped = ""
        dump(error, to: &dumped)
        dump(provider, to: &dumped)
        dump(heard.events, to: &dumped)
        let everything = "\(error) \(String(reflecting: error)) \(dumped) \(lines.lines)"
        #expect(lines.lines.count == 2)
        #expect(everything.contains("***"))
        #expect(!everything.contains("canary"))
        #expect(error.code == .authentication)
    }

    @Test("the log handler scrubs messages, metadata and errors")
    func logging() {
        struct Failure: Error, CustomStringConvertible {
            let description = "failed with \(SecretTests.canary)"
        }
        let lines = LogLines()
        let scrubber = SecretScrubber([Secret(Self.canary)])
        var logger = Logger(label: "test") { _ in ScrubbingLogHandler(lines, scrubber: scrubber) }
        logger[metadataKey: "a"] = .string(Self.canary)
        logger.error(
            "it is \(Self.canary)", error: Failure(),
            metadata: ["b": ["c": .array([.stringConvertible(Secret("x")), .string(Self.canary)])]])
        #expect(lines.lines.count == 1)
        #expect(lines.lines[0].contains("***"))
        #expect(!lines.lines[0].contains("canary"))
    }

    @Test("a key file that others may read is refused")
    func keyFiles() throws {
        let folder = "/tmp/agentcorp-keys-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/key"
        try Data("  \(Self.canary)\n".utf8).write(to: URL(filePath: path))
        for mode in [0o644, 0o640, 0o604, 0o660] as [mode_t] {
            chmod(path, mode)
            let error = #expect(throws: ProviderConfigurationError.self) { try SecretFile.read(path) }
            #expect(error?.description.contains("chmod 600 \(path)") == true)
        }
        chmod(path, 0o600)
        #expect(try SecretFile.read(path).reveal() == Self.canary)
        for bad in [folder, folder + "/none", "/dev/null"] {
            #expect(throws: ProviderConfigurationError.self) { try SecretFile.read(bad) }
        }
        try Data("\n\n".utf8).write(to: URL(filePath: path))
        #expect(throws: ProviderConfigurationError.self) { try SecretFile.read(path) }
    }

    @Test("an erased variable is gone from the environment, and subprocesses get none that is named like a secret")
    func environment() {
        setenv("AGENTCORP_TEST_API_KEY", Self.canary, 1)
        ProcessSecrets.erase(["AGENTCORP_TEST_API_KEY", "AGENTCORP_TEST_NONE"])
        #expect(getenv("AGENTCORP_TEST_API_KEY") == nil)
        let kept = ProcessSecrets.environmentWithoutSecrets([
            "PATH": "/bin", "OPENAI_API_KEY": "x", "GITHUB_TOKEN": "x", "PGPASSWORD": "x", "AWS_SECRET_ACCESS_KEY": "x",
            "LANG": "C", "SECRET_THING": "x", "KEYBOARD": "us",
        ])
        #expect(kept == ["PATH": "/bin", "LANG": "C", "KEYBOARD": "us"])
    }
}

@Suite("Secrets of a process", .serialized)
struct ProcessSecretTests {
    @Test("a catalogue of the process takes its keys out of the environment, and forbids core dumps")
    func sealing() async throws {
        setenv("OPENAI_API_KEY", "sk-canary-of-a-process", 1)
        defer { unsetenv("OPENAI_API_KEY") }
        await #expect(processExitsWith: .success) {
            func environ() throws -> String {
                String(decoding: try Data(contentsOf: URL(filePath: "/proc/self/environ")), as: UTF8.self)
            }
            guard try environ().contains("canary-of-a-process") else { exit(2) }
            let catalog = try ProviderCatalog.ofProcess()
            _ = try catalog.provider("openai")
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
            guard limit.rlim_cur == 0, limit.rlim_max == 0, getenv("OPENAI_API_KEY") == nil else { exit(3) }
            guard try !environ().contains("canary-of-a-process") else { exit(4) }
        }
    }
}

/// Keeps what is logged.
final class LogLines: LogHandler {
    private let state = Mutex<(lines: [String], metadata: Logger.Metadata)>(([], [:]))

    var lines: [String] { state.withLock { $0.lines } }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { state.withLock { $0.metadata } }
        set { state.withLock { $0.metadata = newValue } }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line = "\(event.message) \(metadata) \(event.metadata ?? [:]) \(event.error.map { "\($0)" } ?? "")"
        state.withLock { $0.lines.append(line) }
    }
}
