import Glibc
import JSON
import Synchronization
import TestSupport
import Testing

@testable import MCP

@Suite struct LifecycleTests {
    @Test("a server that crashes loses its calls, says why, and is started again after a pause")
    func crash() async throws {
        let server = ScriptedMCPServer()
        let time = ManualTime()
        let environment = Environment.plain.merging(["KEY": "secret-of-the-server"]) { $1 }
        try await withClient(server: server, environment: environment, time: time.timekeeper) {
            $1.environment = ["KEY": .environment("KEY")]
        } _: { (client) async throws in
            let held = Task { await failure { try await client.text("hold") } }
            try await waitUntil("the call") { server.received.contains { $0.contains("\"hold\"") } }
            for error in [await failure { try await client.text("crash") }, await held.value] {
                #expect(error?.code == .connectionLost)
                #expect(error?.mayHaveRun == true)
                #expect(
                    error?.message
                        == "server \"scripted\" is gone: it exited with code 7. Its last words:\nsomething is very wrong\n***"
                )
            }
            async let again = client.json("echo", ["a": 1])
            try await time.waitForSleeper(until: .milliseconds(500))
            #expect(server.received.filter { $0.contains("server/discover") }.count == 1)
            time.advance(to: .milliseconds(500))
            #expect(try await again == ["a": 1])
        }
        #expect(server.received.filter { $0.contains("\"crash\"") }.count == 1)
    }

    @Test("the pause before a start grows with every failure, and an answer ends it")
    func backoff() {
        var backoff = Backoff()
        #expect(backoff.delay(at: .zero) == .zero)
        var delays: [Duration] = []
        for _ in 0..<8 {
            backoff.fail(at: .seconds(100))
            delays.append(backoff.delay(at: .seconds(100)))
        }
        #expect(delays == [0.5, 1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        #expect(backoff.delay(at: .seconds(129)) == .seconds(1))
        backoff.succeed()
        #expect(backoff.delay(at: .seconds(100)) == .zero)
    }

    @Test("a server that closes its output, and lives on, is ended")
    func closedOutput() async throws {
        try await withClient { (client) async throws in
            let pid = try await client.json("environment")["pid"]
            let error = await failure { try await client.text("close") }
            #expect(error?.code == .connectionLost)
            guard case .integer(let id)? = pid else { throw TestSupportError("no process id") }
            #expect(kill(pid_t(id), 0) == -1)
        }
    }

    @Test("a program gets a few harmless variables, and what was configured for it; it leads a session of its own")
    func environment() async throws {
        let ours = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "OPENAI_API_KEY": "sk-1", "PGPASSWORD": "p",
            "LET_THROUGH": "yes", "TOKEN": "t",
        ]
        try await withClient(environment: ours) {
            $1.environment = ["A": .literal("b"), "SERVER_TOKEN": .environment("TOKEN")]
            $1.inherited = ["LET_THROUGH", "NOT_SET"]
            $1.directory = "/usr"
        } _: { (client) async throws in
            let found = try await client.json("environment")
            var variables = found["variables"]
            if case .object(var members)? = variables {
                // Python's own.
                members["LC_CTYPE"] = nil
                variables = .object(members)
            }
            #expect(
                variables == [
                    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LET_THROUGH": "yes", "A": "b",
                    "SERVER_TOKEN": "t",
                ])
            #expect(found["leads"] == true)
            #expect(found["directory"] == "/usr")
        }
    }

    @Test("a program that is not there is an error that names it")
    func missing() async throws {
        try await withClient {
            $1 = MCPCommand(["no-such-mcp-server"])
        } _: { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .cannotStart)
            #expect(
                error?.message.hasPrefix("server \"scripted\": there is no program \"no-such-mcp-server\" on PATH")
                    == true)
        }
    }

    @Test("a program that ends at once is an error with its last words")
    func endsAtOnce() async throws {
        try await withClient {
            $1 = MCPCommand(["sh", "-c", "echo bad option >&2; exit 64"])
        } _: { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .cannotStart)
            #expect(
                error?.message == "server \"scripted\" is gone: it exited with code 64. Its last words:\nbad option")
        }
    }

    @Test("a client that is closed ends its server, and refuses to begin again")
    func close() async throws {
        let client = MCPClient(
            MCPServerConfiguration(name: "scripted", transport: .command(MCPCommand(ScriptedMCPServer().command()))),
            environment: Environment.plain, logger: .silent)
        let pid = try await client.json("environment")["pid"]
        await client.close()
        guard case .integer(let id)? = pid else { throw TestSupportError("no process id") }
        #expect(kill(pid_t(id), 0) == -1)
        let error = await failure { try await client.info() }
        #expect(error?.code == .closed)
    }

    @Test("a connection that nobody uses is ended, and made again when it is needed")
    func idle() async throws {
        let time = ManualTime()
        try await withClient(time: time.timekeeper) { (client) async throws in
            let first = try await client.json("environment")["pid"]
            time.advance(to: .seconds(10))
            #expect(await client.disconnect(idleFor: .seconds(11)) == false)
            #expect(await client.disconnect(idleFor: .seconds(10)))
            // Without a pause: it did not fail.
            #expect(try await client.json("environment")["pid"] != first)
        }
    }

    @Test("a server that ignores the end of its input and SIGTERM is killed, and its children with it")
    func deaf() async throws {
        let lines = Lines()
        let server = ScriptedMCPServer()
        let process = try await ServerProcess.start(
            MCPCommand(server.command()), environment: Environment.plain, grace: .milliseconds(50),
            receive: { lines.append($0) }, end: { lines.end = $0 })
        let call = RPCRequest(id: 1, method: "tools/call", params: ["name": "deaf"])
        #expect(process.write(call.bytes))
        try await waitUntil("the processes") { lines.text.contains("\n") }
        let answer = try JSONValue(parsing: lines.text)
        guard case .array(let blocks)? = answer["result"]?["content"], let text = blocks.first?["text"]?.string,
            case .array(let ids) = try JSONValue(parsing: text)
        else { throw TestSupportError("no process ids: \(answer)") }
        await process.stop()
        #expect(lines.end == "it was ended by signal 9 (Killed)")
        #expect(!process.isRunning)
        for case .integer(let id) in ids {
            try await waitUntil("the end of \(id)") { !Self.isAlive(pid_t(id)) }
        }
    }

    /// Whether it runs: a process that waits to be collected does not.
    private static func isAlive(_ id: pid_t) -> Bool {
        guard let file = fopen("/proc/\(id)/stat", "r") else { return false }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.split(separator: ")").last?.split(separator: " ").first != "Z"
    }
}

private final class Lines: Sendable {
    private let state = Mutex((text: "", end: ""))

    var text: String { state.withLock { $0.text } }
    var end: String {
        get { state.withLock { $0.end } }
        set { state.withLock { $0.end = newValue } }
    }

    func append(_ chunk: UnsafeRawBufferPointer) {
        let text = String(decoding: chunk, as: UTF8.self)
        state.withLock { $0.text += text }
    }
}
