import Glibc
import JSON
import MockServer
import Synchronization
import TestSupport
import Testing

@testable import MCP

@Suite struct HTTPTests {
    @Test("a modern server gets the routing headers with every request, and no session")
    func modern() async throws {
        let endpoint = try await MockServer.start { request in
            .modern(request) ?? .text("hello", to: request)
        }
        try await withClient(of: endpoint) { (client) async throws in
            #expect(try await client.info().revision == "2026-07-28")
            #expect(try await client.text("größe") == "hello")
        }
        #expect(endpoint.requests.map(\.rpcMethod) == ["server/discover", "tools/list", "tools/call"])
        for request in endpoint.requests {
            #expect(request.method == "POST")
            #expect(request.headers["accept"] == "application/json, text/event-stream")
            #expect(request.headers["mcp-protocol-version"] == "2026-07-28")
            #expect(request.headers["mcp-method"] == request.rpcMethod ?? "")
            #expect(request.headers["mcp-session-id"] == nil)
            #expect(request.json["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"] == "2026-07-28")
        }
        #expect(endpoint.requests.map { $0.headers["mcp-name"] } == [nil, nil, "=?base64?Z3LDtsOfZQ==?="])
    }

    @Test("arguments that a schema marks are repeated in headers; a tool with a wrong mark is not offered")
    func mirrored() async throws {
        let tools: JSONValue = [
            [
                "name": "route",
                "inputSchema": [
                    "type": "object", "properties": ["region": ["type": "string", "x-mcp-header": "Region"]],
                ],
            ],
            [
                "name": "bad",
                "inputSchema": ["type": "object", "properties": ["x": ["type": "number", "x-mcp-header": "X"]]],
            ],
        ]
        let endpoint = try await MockServer.start { request in
            .modern(request, tools: tools) ?? .text("ok", to: request)
        }
        try await withClient(of: endpoint) { (client) async throws in
            #expect(try await client.tools().tools.map(\.name) == ["route"])
            #expect(try await client.tools().rejected.map(\.name) == ["bad"])
            _ = try await client.text("route", ["region": "eu-west"])
            _ = try await client.text("route", ["region": " süd"])
            _ = try await client.text("route", [:])
        }
        #expect(
            endpoint.requests.filter { $0.tool == "route" }.map { $0.headers["mcp-param-region"] }
                == ["eu-west", "=?base64?IHPDvGQ=?=", nil])
    }

    @Test("headers that a server finds wrong make us look at its tools again, once")
    func mismatch() async throws {
        let endpoint = try await MockServer.start { request in
            .modern(request) ?? .error(-32020, "header mismatch", to: request, status: 400)
        }
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.text("x") }
            #expect(error?.rpcCode == -32020)
            #expect(error?.mayHaveRun == false)
        }
        #expect(
            endpoint.requests.map(\.rpcMethod) == [
                "server/discover", "tools/list", "tools/call", "tools/list", "tools/call",
            ])
    }

    @Test(
        "a server that refuses the question without a word of the modern era is a legacy one",
        arguments: [400, 404, 405, 200])
    func legacy(status: Int) async throws {
        let endpoint = try await MockServer.start { request in
            if request.rpcMethod == "server/discover" {
                return status == 200
                    ? .error(-32601, "what?", to: request, status: 200) : .text("no", status: status)
            }
            return .legacy(request) ?? .text("hello", to: request)
        }
        try await withClient(of: endpoint) { (client) async throws in
            #expect(try await client.info().revision == "2025-06-18")
            #expect(try await client.text("x") == "hello")
        }
        let requests = endpoint.requests
        #expect(
            requests.map { $0.rpcMethod ?? $0.method } == [
                "server/discover", "initialize", "notifications/initialized", "tools/call", "DELETE",
            ])
        #expect(requests[1].headers["mcp-protocol-version"] == nil)
        #expect(requests[1].headers["mcp-session-id"] == nil)
        for request in requests.dropFirst(2) {
            #expect(request.headers["mcp-session-id"] == "s1")
            #expect(request.headers["mcp-protocol-version"] == "2025-06-18")
            #expect(request.headers["mcp-method"] == nil)
        }
    }

    @Test("a server of the modern era that has no revision of ours is not asked in the legacy way")
    func unsupported() async throws {
        let endpoint = try await MockServer.start { request in
            .error(-32022, "unsupported", to: request, status: 400, data: ["supported": ["2030-01-01"]])
        }
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .unsupportedVersion)
        }
        #expect(endpoint.requests.count == 1)
    }

    @Test("a server that is out of order is no legacy server")
    func outOfOrder() async throws {
        let endpoint = try await MockServer.start(.text("later", status: 503))
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .status)
            #expect(error?.status == 503)
            #expect(error?.message.hasSuffix("status 503 (Service Unavailable): later") == true)
        }
        #expect(endpoint.requests.count == 1)
    }

    @Test("a session that the server has forgotten is opened anew, and the call made there, once")
    func sessionLost() async throws {
        let sessions = Mutex(0)
        let endpoint = try await MockServer.start { request in
            if request.rpcMethod == "initialize" {
                return .legacy(request, session: "s\(sessions.withLock { $0 += 1; return $0 })")!
            }
            if request.tool != nil, request.headers["mcp-session-id"] != "s2" {
                return .error(-32600, "Session not found", to: request, status: 404)
            }
            return .legacy(request) ?? .text("hello", to: request)
        }
        try await withClient(of: endpoint) { (client) async throws in
            #expect(try await client.text("x") == "hello")
        }
        #expect(endpoint.requests.filter { $0.rpcMethod == "initialize" }.count == 2)
        #expect(endpoint.requests.filter { $0.tool == "x" }.map { $0.headers["mcp-session-id"] } == ["s1", "s2"])
    }

    @Test("a server that forgets every session is not asked for ever")
    func sessionAlwaysLost() async throws {
        let endpoint = try await MockServer.start { request in
            request.tool == nil ? .legacy(request) ?? .status(500) : .status(404)
        }
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.text("x") }
            #expect(error?.code == .connectionLost)
        }
        #expect(endpoint.requests.filter { $0.tool == "x" }.count == 2)
    }

    @Test("a stream is read to the answer, whatever comes before, however it is cut")
    func stream() async throws {
        let endpoint = try await MockServer.start { request in
            if let answer = MockAnswer.modern(request) { return answer }
            guard let token = request.json["params"]?["_meta"]?["progressToken"] else { return .status(500) }
            let progress: JSONValue = [
                "jsonrpc": "2.0", "method": "notifications/progress",
                "params": ["progressToken": token, "progress": 1],
            ]
            let answer = request.event(text: "é")
            return .events(
                [
                    ": hello\r\n\r\nevent: other\r\ndata: {}\r\n\r\n", "data: \(progress.text)\r\r",
                    "data: not JSON\n\n",
                    #"data: {"jsonrpc":"2.0","id":99999,"result":{}}"# + "\n\n", String(answer.prefix(20)),
                    String(answer.dropFirst(20)), answer,
                ], then: .stall)
        }
        try await withClient(of: endpoint) { (client) async throws in
            let progress = Mutex(0)
            let outcome = try await client.call("x", arguments: [:]) { _ in progress.withLock { $0 += 1 } }
            #expect(outcome == .complete(MCPCallResult(content: [.text("é")])))
            #expect(progress.withLock { $0 } == 1)
        }
    }

    @Test("a stream of a legacy server that breaks is taken up again where it was", arguments: [true, false])
    func resumed(drops: Bool) async throws {
        let time = ManualTime()
        let endpoint = try await MockServer.start { request in
            if request.method == "GET" {
                // The first one breaks too.
                guard request.headers["last-event-id"] == "e2" else {
                    return .events(["id: e2\ndata:\n\n"], then: drops ? .drop : nil)
                }
                return .events([#"data: {"jsonrpc":"2.0","id":3,"result":{"content":[]}}"# + "\n\n"])
            }
            if let answer = MockAnswer.legacy(request) { return answer }
            return .events(["retry: 5000\nid: e1\ndata:\n\n"], then: drops ? .drop : nil)
        }
        try await withClient(of: endpoint, time: time.timekeeper) { (client) async throws in
            _ = try await client.info()
            async let outcome = client.call("x", arguments: [:])
            try await time.waitForSleeper(until: .seconds(5))
            time.advance(to: .seconds(5))
            try await time.waitForSleeper(until: .seconds(6))
            time.advance(to: .seconds(6))
            #expect(try await outcome == .complete(MCPCallResult(content: [])))
        }
        let gets = endpoint.requests.filter { $0.method == "GET" }
        #expect(gets.map { $0.headers["last-event-id"] } == ["e1", "e2"])
        #expect(endpoint.requests.filter { $0.tool == "x" }.map(\.id) == [3])
    }

    @Test("a stream that breaks and cannot be taken up again has lost its call", arguments: [true, false])
    func dropped(drops: Bool) async throws {
        let endpoint = try await MockServer.start { request in
            .modern(request) ?? .events(["id: e1\ndata:\n\n"], then: drops ? .drop : nil)
        }
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.text("x") }
            #expect(error?.code == .connectionLost)
            #expect(error?.mayHaveRun == true)
        }
        #expect(endpoint.requests.filter { $0.tool == "x" }.count == 1)
    }

    @Test("an answer above the limit is not read", arguments: [true, false])
    func tooLarge(asEvents: Bool) async throws {
        let endpoint = try await MockServer.start { request in
            if let answer = MockAnswer.modern(request) { return answer }
            let text = String(repeating: "x", count: 200_000)
            return asEvents ? .events([request.event(text: text)], then: .stall) : .text(text, to: request)
        }
        try await withClient(of: endpoint) { configuration, _ in
            configuration.maximumMessage = 100_000
        } _: { (client) async throws in
            let error = await failure { try await client.text("x") }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test(
        "answers that are none are errors of the protocol",
        arguments: [
            MockAnswer.status(202), .text("<p>", type: "text/html"),
            .text("{", type: "application/json"),
            .json(["jsonrpc": "2.0", "id": 77, "result": [:]]),
        ])
    func notAnAnswer(answer: MockAnswer) async throws {
        let endpoint = try await MockServer.start { request in .modern(request) ?? answer }
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.text("x") }
            #expect(error?.code == .protocolViolation)
            #expect(error?.mayHaveRun == true)
        }
    }

    @Test("a cancelled call closes its stream; a legacy server is told besides", arguments: [true, false])
    func cancelled(isModern: Bool) async throws {
        let endpoint = try await MockServer.start { request in
            (isModern ? .modern(request) : .legacy(request)) ?? .silence
        }
        try await withClient(of: endpoint) { (client) async throws in
            _ = try await client.info()
            let call = Task { try await client.call("x", arguments: [:]) }
            try await waitUntil("the call") { endpoint.requests.contains { $0.tool == "x" } }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            try await waitUntil("the end of the connection") { endpoint.closedConnections > 0 }
            if !isModern {
                try await waitUntil("the notice") {
                    endpoint.requests.contains { $0.rpcMethod == "notifications/cancelled" }
                }
            }
        }
        #expect(isModern != endpoint.requests.contains { $0.rpcMethod == "notifications/cancelled" })
    }

    @Test("what a legacy server asks on a stream is answered by a message of its own")
    func reverse() async throws {
        let endpoint = try await MockServer.start { request in
            .legacy(request)
                ?? .events([
                    #"data: {"jsonrpc":"2.0","id":"p","method":"ping"}"# + "\n\n",
                    #"data: {"jsonrpc":"2.0","id":"q","method":"roots/list"}"# + "\n\n", request.event(text: "done"),
                ])
        }
        try await withClient(of: endpoint) { (client) async throws in
            #expect(try await client.text("x") == "done")
            try await waitUntil("the answers") {
                endpoint.requests.filter { $0.rpcMethod == nil && $0.method == "POST" }.count == 2
            }
        }
        let answers = endpoint.requests.filter { $0.rpcMethod == nil && $0.method == "POST" }.map(\.json)
        #expect(answers.contains(["jsonrpc": "2.0", "id": "p", "result": [:]]))
        #expect(answers.contains { $0["id"] == "q" && $0["error"]?["code"] == -32601 })
    }

    @Test("a server that wants another token is an error with its challenge, and never with the token")
    func unauthorized() async throws {
        let endpoint = try await MockServer.start { request in
            let token = request.headers["authorization"] ?? ""
            return .text(
                token, status: 401, headers: ["WWW-Authenticate": "Bearer error=\"invalid_token\", got=\"\(token)\""])
        }
        try await withClient(of: endpoint, environment: ["KEY": "canary-5f1c"]) {
            $1.token = .environment("KEY")
        } _: { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.code == .authentication)
            #expect(error?.status == 401)
            #expect(error?.challenge == "Bearer error=\"invalid_token\", got=\"Bearer ***\"")
            #expect("\(error as Any)".contains("WWW-Authenticate") == false)
            #expect(!String(reflecting: error).contains("canary"))
        }
        #expect(endpoint.requests.map { $0.headers["authorization"] } == ["Bearer canary-5f1c"])
    }

    @Test("a redirect is not followed: the token is for this address alone")
    func redirect() async throws {
        let endpoint = try await MockServer.start(.redirect("https://elsewhere.example/mcp", status: 307))
        try await withClient(of: endpoint) { (client) async throws in
            let error = await failure { try await client.info() }
            #expect(error?.status == 307)
            #expect(error?.message.contains("https://elsewhere.example/mcp") == true)
        }
        #expect(endpoint.requests.count == 1)
    }

    @Test("an address where nobody listens is an error that says so, and a call surely did not run")
    func nobody() async throws {
        let port = try await MockServer.start(.silence).port
        let client = MCPClient(
            MCPServerConfiguration(name: "remote", transport: .endpoint(MCPEndpoint("http://127.0.0.1:\(port)/"))),
            environment: [:], logger: .silent)
        let error = await failure { try await client.info() }
        #expect(error?.code == .cannotStart)
        #expect(error?.mayHaveRun == false)
        #expect(error?.message == "server \"remote\" did not answer server/discover: Connection refused.")
    }
}
