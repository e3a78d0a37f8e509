import JSON
import TestSupport
import Testing

@testable import MCP

@Suite struct CallTests {
    static let eras: [ScriptedMCPServer.Era] = [.modern, .legacy]

    @Test("arguments arrive, and a result comes back", arguments: eras)
    func echo(era: ScriptedMCPServer.Era) async throws {
        try await withClient(era) { (client) async throws in
            #expect(try await client.json("echo", ["a": ["é", 1, nil]]) == ["a": ["é", 1, nil]])
        }
    }

    @Test("what the caller puts into _meta arrives beside what the protocol wants there")
    func meta() async throws {
        try await withClient { (client) async throws in
            let outcome = try await client.call(
                "meta", arguments: [:], meta: ["agentcorp/idempotencyKey": "k", "traceparent": "00-1-2-01"])
            guard case .complete(let result) = outcome, case .text(let text)? = result.content.first else {
                throw TestSupportError("no text")
            }
            let meta = try JSONValue(parsing: text)
            #expect(meta["agentcorp/idempotencyKey"] == "k")
            #expect(meta["traceparent"] == "00-1-2-01")
            #expect(meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28")
        }
    }

    @Test("every kind of content is told apart, and what is not known is kept as it is")
    func content() async throws {
        try await withClient { (client) async throws in
            let outcome = try await client.call("mixed", arguments: [:])
            #expect(
                outcome
                    == .complete(
                        MCPCallResult(
                            content: [
                                .text("one"), .image(data: "AAAA", mimeType: "image/png"),
                                .textResource(uri: "file:///x", mimeType: nil, text: "y"),
                                .binaryResource(uri: "file:///z", mimeType: nil, data: "AAA="),
                                .resourceLink(uri: "file:///l", name: "l", description: nil, mimeType: nil),
                                .audio(data: "AA==", mimeType: "audio/wav"), .other(["type": "smell", "of": "roses"]),
                            ], structuredContent: ["a": 1])))
        }
    }

    @Test("a tool that fails has a result that says so; a server that refuses is an error")
    func failures() async throws {
        try await withClient { (client) async throws in
            guard case .complete(let result) = try await client.call("failing", arguments: [:]) else {
                throw TestSupportError("no result")
            }
            #expect(result.isError)
            #expect(result.content == [.text("no such city")])
            let error = await failure { try await client.call("refuse", arguments: [:]) }
            #expect(error?.code == .refused)
            #expect(error?.rpcCode == -32602)
            #expect(error?.message == "server \"scripted\" says: unknown tool (error -32602)")
            #expect(error?.mayHaveRun == false)
        }
    }

    @Test("results that are none are errors of the protocol", arguments: ["strange", "contentless"])
    func notAResult(tool: String) async throws {
        try await withClient { (client) async throws in
            let error = await failure { try await client.call(tool, arguments: [:]) }
            #expect(error?.code == .protocolViolation)
            #expect(error?.mayHaveRun == true)
        }
    }

    @Test("a server that asks gets its answers with the same call and its own state")
    func input() async throws {
        try await withClient { (client) async throws in
            guard case .inputRequired(let request) = try await client.call("asking", arguments: [:]) else {
                throw TestSupportError("nothing asked")
            }
            #expect(request.requests["city"]?["params"]?["message"] == "Which city?")
            let answers = MCPInputResponses(["city": ["action": "accept"]], state: request.state)
            guard case .complete(let result) = try await client.call("asking", arguments: [:], answers: answers) else {
                throw TestSupportError("asked again")
            }
            #expect(result.content == [.text(#"[{"city": {"action": "accept"}}, "s1"]"#)])
        }
    }

    @Test("noise, answers to nobody and second answers change nothing", arguments: eras)
    func garbage(era: ScriptedMCPServer.Era) async throws {
        try await withClient(era) { (client) async throws in
            for _ in 0..<3 { #expect(try await client.text("garbage") == "right") }
            #expect(try await client.text("batch") == "in a batch")
            #expect(try await client.text("split") == "é")
            #expect(try await client.json("echo", ["a": 1]) == ["a": 1])
        }
    }

    @Test("an answer that comes too late is not taken for another one")
    func late() async throws {
        let server = ScriptedMCPServer()
        try await withClient(server: server) { (client) async throws in
            _ = try await client.info()
            let held = Task { try await client.text("hold") }
            try await waitUntil("the call") { server.received.contains { $0.contains("\"hold\"") } }
            held.cancel()
            await #expect(throws: CancellationError.self) { try await held.value }
            #expect(try await client.text("release") == "in time")
            #expect(try await client.json("echo", ["a": 1]) == ["a": 1])
        }
    }

    @Test("calls run beside each other")
    func concurrent() async throws {
        let server = ScriptedMCPServer()
        try await withClient(server: server) { (client) async throws in
            let held = Task { try await client.text("hold") }
            try await waitUntil("the call") { server.received.contains { $0.contains("\"hold\"") } }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        try await client.json("echo", ["n": .integer(Int64(number))]) == ["n": .integer(Int64(number))]
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(try await client.text("release") == "in time")
            #expect(try await held.value == "late")
        }
    }

    @Test("a server is told when nobody waits any more", arguments: eras)
    func cancellation(era: ScriptedMCPServer.Era) async throws {
        let server = ScriptedMCPServer()
        try await withClient(era, server: server) { (client) async throws in
            let call = Task { try await client.call("silence", arguments: [:]) }
            try await waitUntil("the call") { server.received.contains { $0.contains("\"silence\"") } }
            let id = try #require(try server.received.last.map { try JSONValue(parsing: $0)["id"] })
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            try await waitUntil("the cancellation") {
                server.received.contains { line in
                    let message = try? JSONValue(parsing: line)
                    return message?["method"] == "notifications/cancelled" && message?["params"]?["requestId"] == id
                }
            }
        }
    }

    @Test("a call that is not answered in time fails, may have run, and is cancelled at the server")
    func timeout() async throws {
        let server = ScriptedMCPServer()
        let time = ManualTime()
        try await withClient(server: server, time: time.timekeeper) { (client) async throws in
            _ = try await client.info()
            async let error = failure { try await client.call("silence", arguments: [:]) }
            try await time.waitForSleeper(until: .seconds(60))
            time.advance(to: .seconds(60))
            #expect(await error?.code == .timeout)
            #expect(await error?.mayHaveRun == true)
            #expect(await error?.message == "server \"scripted\" did not answer tools/call within 60 s.")
            try await waitUntil("the cancellation") {
                server.received.contains { $0.contains("notifications/cancelled") }
            }
        }
    }

    @Test("progress is reported to its call alone", arguments: eras)
    func progress(era: ScriptedMCPServer.Era) async throws {
        try await withClient(era) { (client) async throws in
            let (reports, continuation) = AsyncStream.makeStream(of: MCPProgress.self)
            _ = try await client.call("progress", arguments: [:]) { continuation.yield($0) }
            continuation.finish()
            #expect(
                await reports.reduce(into: []) { $0.append($1) } == [
                    MCPProgress(progress: 1, total: 2, message: "step"),
                    MCPProgress(progress: 2, total: 2, message: "step"),
                ])
        }
    }

    @Test("a message above the limit fails its own request; others go on")
    func oversized() async throws {
        let server = ScriptedMCPServer()
        try await withClient(server: server) { configuration, _ in
            configuration.maximumMessage = 100_000
        } _: { (client) async throws in
            let held = Task { try await client.text("hold") }
            try await waitUntil("the call") { server.received.contains { $0.contains("\"hold\"") } }
            let error = await failure { try await client.call("oversized", arguments: [:]) }
            #expect(error?.code == .tooLarge)
            #expect(error?.message.contains("max_message") == true)
            #expect(try await client.text("release") == "in time")
            #expect(try await held.value == "late")
        }
    }

    @Test("a legacy server's ping is answered, and everything else that it asks is refused")
    func reverse() async throws {
        try await withClient(.legacy) { (client) async throws in
            guard case .array(let answers) = try await client.json("reverse") else {
                throw TestSupportError("no answers")
            }
            #expect(answers.first == ["jsonrpc": "2.0", "id": "p", "result": [:]])
            #expect(answers.last?["id"] == "q")
            #expect(answers.last?["error"]?["code"] == -32601)
        }
    }

    @Test("a modern server that asks is not answered")
    func noAnswers() async throws {
        let server = ScriptedMCPServer()
        try await withClient(server: server) { (client) async throws in
            #expect(try await client.text("reverse") == "asked")
            #expect(try await client.json("echo") == [:])
        }
        #expect(server.received.allSatisfy { $0.contains("\"method\"") })
    }
}
