import MockServer
import Postgres
import Queue
import TestSupport
import Testing
import Worker

@testable import Kinds

@Suite("http")
struct HTTPTests {
    private func run(_ arguments: String) async throws -> JSONValue {
        let output = try await HTTPHandler.run(
            HTTPArguments(Array(arguments.utf8)), key: AttemptKey(task: 12, attempt: 3))
        return try JSONCoding.decode(output.bytes)
    }

    private func get(_ server: MockServer, _ path: String = "/", _ more: String = "") async throws -> JSONValue {
        try await run("{\"url\": \"http://127.0.0.1:\(server.port)\(path)\"\(more)}")
    }

    @Test("a JSON body becomes JSON, another one text, with status and headers")
    func output() async throws {
        let server = try await MockServer.start { request in
            request.path == "/json"
                ? .text(#"{"n": 1}"#, type: "application/json; charset=utf-8", headers: ["X-Thing": "a"])
                : .text(#"{"n": 1}"#, type: "text/plain", status: 201)
        }
        let json = try await get(server, "/json")
        #expect(json["status"] == 200)
        #expect(json["body"] == ["n": 1])
        #expect(json["headers"]?["x-thing"] == "a")
        let text = try await get(server, "/text")
        #expect(text["status"] == 201)
        #expect(text["body"] == #"{"n": 1}"#)
    }

    @Test("the request is sent as asked for, with an idempotency key that every attempt shares")
    func request() async throws {
        let server = try await MockServer.start(.text(""))
        #expect(
            try await get(
                server, "/a?b=c", #", "method": "POST", "headers": {"X-Mine": "yes"}, "body": {"k": [1, null]}"#
            )["body"] == .some(nil))
        _ = try await get(
            server, "/",
            #", "method": "PUT", "body": "plain", "headers": {"idempotency-key": "own", "content-type": "text/x"}"#)
        let (first, second) = (server.requests[0], server.requests[1])
        #expect(first.method == "POST" && first.path == "/a?b=c")
        #expect(first.text == #"{"k":[1,null]}"#)
        #expect(first.headers["content-type"] == "application/json")
        #expect(first.headers["x-mine"] == "yes")
        #expect(first.headers["idempotency-key"] == "agentcorp-12")
        #expect(second.text == "plain")
        #expect(second.headers["idempotency-key"] == "own")
        #expect(second.headers["content-type"] == "text/x")
    }

    @Test("status 429 is retried when the server says: in seconds, or at a date by the server's own clock")
    func retryAfter() async throws {
        let server = try await MockServer.start { request in
            switch request.path {
            case "/seconds?key=secret": .text("slow down", status: 429, headers: ["Retry-After": "7"])
            case "/days": .text("", status: 503, headers: ["Retry-After": "274579"])
            case "/date":
                .text(
                    "", status: 429,
                    headers: [
                        "Date": "Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT",
                    ])
            case "/past":
                .text("", status: 429, headers: ["Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT"])
            default: .text("", status: 429, headers: ["Retry-After": "soon"])
            }
        }
        let error = try #require(await failure { try await get(server, "/seconds?key=secret") } as? RetryAfter)
        #expect(error.delay == .seconds(7))
        #expect(error.failure.reason == "status")
        #expect(error.failure.detail == ["status": 429, "body": "slow down"])
        #expect(!error.failure.message.contains("secret"))
        #expect((await failure { try await get(server, "/days") } as? RetryAfter)?.delay == .seconds(3600))
        #expect((await failure { try await get(server, "/date") } as? RetryAfter)?.delay == .seconds(30))
        #expect((await failure { try await get(server, "/past") } as? RetryAfter)?.delay == .zero)
        #expect(await failure { try await get(server, "/soon") } is TaskFailure)
    }

    @Test("the policy says which statuses succeed, which are retried, and which fail for good")
    func policy() async throws {
        let server = try await MockServer.start { .text("", status: Int($0.path.dropFirst()) ?? 0) }
        #expect(await failure { try await get(server, "/500") } is TaskFailure)
        #expect(await failure { try await get(server, "/408") } is TaskFailure)
        let error = try #require(await failure { try await get(server, "/404") } as? PermanentFailure)
        #expect(error.failure.message.contains("404"))
        #expect(await failure { try await get(server, "/304") } is PermanentFailure)
        #expect(try await get(server, "/404", #", "success": ["2xx", 404]"#)["status"] == 404)
        #expect(await failure { try await get(server, "/404", #", "retry": ["4xx"]"#) } is TaskFailure)
        #expect(await failure { try await get(server, "/500", #", "retry": []"#) } is PermanentFailure)
        #expect(await failure { try await get(server, "/200", #", "success": [201]"#) } is PermanentFailure)
    }

    @Test("a connection that is refused or dropped is retried, and says so at once")
    func refused() async throws {
        let server = try await MockServer.start(.hangUp)
        let dropped = try #require(await failure { try await get(server) } as? TaskFailure)
        #expect(dropped.reason == "connection")
        let start = ContinuousClock.now
        let refused = try #require(await failure { try await run(#"{"url": "http://127.0.0.1:1/"}"#) } as? TaskFailure)
        #expect(refused.message == "GET http://127.0.0.1:1/ failed: Connection refused")
        #expect(ContinuousClock.now - start < .seconds(25))
    }

    @Test("a host that does not exist is retried")
    func unknownHost() async throws {
        let error = await failure { try await run(#"{"url": "http://no-such-host.invalid/"}"#) }
        #expect((error as? TaskFailure)?.message.contains("cannot find the host no-such-host.invalid") == true)
    }

    @Test("an answer that does not come, or does not end, is given up after the timeout")
    func timeout() async throws {
        let stall = MockAnswer(
            headers: ["Content-Length": "1000"], steps: [.send(Array("beginning".utf8)), .stall])
        let server = try await MockServer.start { $0.path == "/stall" ? stall : .silence }
        for path in ["/stall", "/silence"] {
            let error = try #require(
                await failure { try await get(server, path, #", "timeout": 0.2"#) } as? TaskFailure)
            #expect(error.reason == "timeout")
            #expect(error.message.contains("0.2 seconds"))
        }
        try await waitUntil("the connections' end") { server.closedConnections == 2 }
    }

    @Test("cancelling ends the request at once")
    func cancel() async throws {
        let server = try await MockServer.start(.silence)
        let request = Task { try await get(server) }
        try await waitUntil("the request") { server.requests.count == 1 }
        request.cancel()
        #expect(await failure { try await request.value } is CancellationError)
        try await waitUntil("the connection's end") { server.closedConnections == 1 }
    }

    @Test("more body than allowed fails for good")
    func tooLong() async throws {
        let server = try await MockServer.start(.text(String(repeating: "\"", count: 300_000)))
        for more in [#", "max_response": 1000"#, ""] {
            let error = await failure { try await get(server, "/", more) }
            #expect((error as? PermanentFailure)?.failure.reason == "output_limit")
        }
        #expect(await failure { try await get(server, "/", #", "max_response": 300000"#) } == nil)
    }

    @Test("redirects are followed, but not for ever, and take no credentials to another server")
    func redirects() async throws {
        let other = try await MockServer.start(.text("there"))
        let location = "http://127.0.0.1:\(other.port)/"
        let server = try await MockServer.start { request in
            switch request.path {
            case "/once": .redirect(location)
            case "/file": .redirect("file:///etc/passwd")
            default: .redirect(request.path + "x")
            }
        }
        #expect(try await get(server, "/once", #", "headers": {"Authorization": "secret"}"#)["body"] == "there")
        #expect(other.requests[0].headers["authorization"] == nil)
        let error = await failure { try await get(server, "/loop") }
        #expect((error as? PermanentFailure)?.failure.reason == "redirect")
        #expect(server.requests.count == 7)
        #expect(await failure { try await get(server, "/file") } is PermanentFailure)
    }

    @Test(
        "a URL that is none fails for good and says why",
        arguments: [
            (#"{}"#, "is missing"),
            (#"{"url": "example.com/path"}"#, "https://"),
            (#"{"url": "ftp://example.com/"}"#, "not ftp:"),
            (#"{"url": "file:///etc/passwd"}"#, "not file:"),
            (#"{"url": "http:///path"}"#, "no host"),
            (#"{"url": "http://me:secret@example.com/"}"#, "Authorization"),
            (#"{"url": "http://example.com/", "metod": "POST"}"#, "did you mean \"method\""),
            (#"{"url": "http://example.com/", "method": "PSOT"}"#, "did you mean \"POST\""),
            (#"{"url": "http://example.com/", "success": ["2x"]}"#, "\"success\""),
            (#"{"url": "http://example.com/", "headers": {"A": []}}"#, "\"A\""),
            (#"{"url": "http://127.0.0.1:1/", "headers": {"A": "x\ny"}}"#, "header"),
            (#"{"url": "http://127.0.0.1:1/", "headers": {"A b": "x"}}"#, "header"),
        ])
    func mistakes(arguments: String, words: String) async throws {
        let error = try #require(await failure { try await run(arguments) } as? PermanentFailure)
        #expect(error.failure.reason == "arguments")
        #expect(error.failure.message.contains(words))
        #expect(!error.failure.message.contains("secret"))
    }
}
