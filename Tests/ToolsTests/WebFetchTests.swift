import JSON
import MockServer
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Tools

@Suite("web_fetch")
struct WebFetchTests {
    /// Every name leads to the server of the test, which is allowed for those of `good.test`.
    private static func fetch(
        _ url: String, _ server: MockServer, fetcher: WebFetcher? = nil, raw: Bool = false,
        _ change: (inout NetworkPolicy) -> Void = { _ in }
    ) async throws -> ToolResult {
        var network = NetworkPolicy(intranet: ["good.test", "*.good.test"], ports: [server.port])
        change(&network)
        var context = ToolExecutionContext()
        context.network = network
        let fetcher = fetcher ?? WebFetcher(resolver: loopback)
        return try await Tool.webFetch(fetcher).run(
            .fake(["url": .string(url.replacing("PORT", with: "\(server.port)")), "raw": .bool(raw)], context: context))
    }

    private static let loopback = HostResolver { host in
        if host == "mixed.test" { return [IPAddress("8.8.8.8")!, IPAddress("10.0.0.1")!] }
        return [IPAddress("127.0.0.1")!]
    }

    private static func message(_ result: ToolResult) -> String { result.content.string ?? result.content.text }

    @Test("a page comes as data, tainted, from the address that was checked, under its own name")
    func page() async throws {
        let server = try await MockServer.start { _ in
            .text("<title>Hello &amp; welcome</title><script>alert(1)</script><p>One <b>two</b></p>", type: "text/html")
        }
        let result = try await Self.fetch("http://good.test:PORT/a%20b?q=ä#part", server)
        #expect(result.isTainted && !result.isError)
        #expect(result.content["title"] == "Hello & welcome")
        #expect(result.content["text"] == "One two")
        let request = try #require(server.requests.first)
        #expect(request.path == "/a%20b?q=%C3%A4")
        #expect(request.headers["host"] == "good.test:\(server.port)")
        #expect(request.headers["cookie"] == nil && request.headers["authorization"] == nil)
    }

    @Test(
        "hosts that lead to this machine or its network are not connected to",
        arguments: [
            "http://127.0.0.1:PORT/", "http://localhost:PORT/", "http://127.1:PORT/", "http://2130706433:PORT/",
            "http://0x7f000001:PORT/", "http://0x7f.1:PORT/", "http://0177.0.0.1:PORT/", "http://0:PORT/",
            "http://[::1]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::127.0.0.1]:PORT/",
            "http://[64:ff9b::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://[fe80::1]:PORT/",
            "http://169.254.169.254:PORT/latest/meta-data/", "http://metadata.test:PORT/", "http://mixed.test:PORT/",
            "http://evil-good.test:PORT/", "http://good.test.evil.test:PORT/", "http://LOCALHOST.:PORT/",
        ])
    func refused(_ url: String) async throws {
        let server = try await MockServer.start(.text("secret"))
        // Numbers and localhost are the system's to understand, as they would be when connecting.
        let resolver = HostResolver { host in
            host.hasSuffix(".test")
                ? try await Self.loopback.resolve(host) : try await HostResolver.system.resolve(host)
        }
        let result = try await Self.fetch(url, server, fetcher: WebFetcher(resolver: resolver))
        #expect(result.isError && Self.message(result).contains("not an address of the public internet"), "\(result)")
        #expect(server.requests.isEmpty)
    }

    @Test(
        "URLs that hide where they lead are refused",
        arguments: [
            "http://good.test@127.0.0.1:PORT/", "http://user:password@good.test:PORT/",
            "http://good.test\\@evil.test:PORT/",
            "http://127.0.0.1:PORT\\@good.test/", "ftp://good.test:PORT/", "file:///etc/passwd",
            "gopher://good.test:PORT/",
            "//good.test/", "http:good.test", "http:///", "http://:PORT/", "http://good.test:0/",
            "http://good.test:65536/",
            "http://good.test:8e1/", "http://good.test:-1/", "http://[::1/", "http://[good.test]/",
            "http://[::1%25lo]:PORT/",
            "http://good.test /", "http://good.test\n.evil.test/", "http://good%2etest:PORT/",
            "http://good.test:PORT:80/",
            "http://g\u{200b}ood.test/", "http://①②⑦.0.0.1/", "http://a..b/", "javascript:alert(1)", "",
        ])
    func hiddenURLs(_ url: String) async throws {
        let server = try await MockServer.start(.text("secret"))
        #expect(try await Self.fetch(url, server).isError)
        #expect(server.requests.isEmpty)
    }

    @Test(
        "each hop of a redirect is checked",
        arguments: [
            "http://127.0.0.1:PORT/", "http://169.254.169.254/latest", "http://[::1]:PORT/", "//evil.test:PORT/",
            "http://evil.test:PORT/", "http://good.test:1/", "file:///etc/passwd", "http://good.test@evil.test:PORT/",
            "http://2130706433:PORT/",
        ])
    func redirects(_ location: String) async throws {
        let port = Mutex(0)
        let server = try await MockServer.start { request in
            request.path == "/start"
                ? .redirect(location.replacing("PORT", with: "\(port.withLock { $0 })"), status: 307) : .text("secret")
        }
        port.withLock { $0 = server.port }
        let result = try await Self.fetch("http://good.test:PORT/start", server)
        #expect(result.isError && !Self.message(result).contains("secret"), "\(result)")
        #expect(server.requests.count == 1)
    }

    @Test(
        "a redirect to where it is allowed is followed, also when it is relative", arguments: [301, 302, 303, 307, 308])
    func goodRedirects(_ status: Int) async throws {
        let server = try await MockServer.start { request in
            switch request.path {
            case "/a/start": .redirect("../b/next?x=1", status: status)
            case "/b/next?x=1":
                .redirect("//sub.good.test:\(request.headers["host"]!.split(separator: ":")[1])/end")
            case "/end": .text("arrived")
            default: .text("lost")
            }
        }
        let result = try await Self.fetch("http://good.test:PORT/a/start", server)
        #expect(result.content["text"] == "arrived")
        #expect(result.content["url"]?.string == "http://sub.good.test:\(server.port)/end")
    }

    @Test("redirects end")
    func redirectLoop() async throws {
        let server = try await MockServer.start(.redirect("/again"))
        let result = try await Self.fetch("http://good.test:PORT/", server)
        #expect(Self.message(result).contains("redirects more than 5 times"))
        #expect(server.requests.count == 6)
    }

    @Test("a name is looked up once per hop, and a name that then leads inside is refused")
    func rebinding() async throws {
        let server = try await MockServer.start(.redirect("/second"))
        let lookups = Mutex(0)
        let resolver = HostResolver { _ in
            let count = lookups.withLock { count in
                count += 1
                return count
            }
            return [IPAddress(count == 1 ? "127.0.0.1" : "127.0.0.2")!]
        }
        let result = try await Self.fetch(
            "http://rebind.test:PORT/", server, fetcher: WebFetcher(resolver: resolver)
        ) { $0.intranet = ["127.0.0.1"] }
        #expect(Self.message(result).contains("rebind.test leads to 127.0.0.2"))
        #expect(server.requests.count == 1)
        #expect(lookups.withLock { $0 } == 2)
    }

    @Test("the agent's network settings are kept: closed, other hosts, other ports")
    func settings() async throws {
        let server = try await MockServer.start(.text("secret"))
        let closed = try await Self.fetch("http://good.test:PORT/", server) { $0.web = false }
        #expect(Self.message(closed).contains("the web is closed"))
        let hosts = try await Self.fetch("http://good.test:PORT/", server) { $0.allowedHosts = ["example.com"] }
        #expect(Self.message(hosts).contains("good.test is not among the hosts"))
        let ports = try await Self.fetch("http://good.test:PORT/", server) { $0.ports = [80, 443] }
        #expect(Self.message(ports).contains("80, 443"))
        #expect(server.requests.isEmpty)
        #expect(try await !Self.fetch("http://good.test:PORT/", server) { $0.allowedHosts = ["*.test"] }.isError)
    }

    @Test("what is too long is cut, and said to be, also when it has no end")
    func tooLong() async throws {
        let fetcher = WebFetcher(resolver: Self.loopback, bodyLimit: 100_000)
        let server = try await MockServer.start { request in
            let part = Array(String(repeating: "x", count: 70_000).utf8)
            return MockAnswer(
                headers: ["Content-Type": "text/plain"],
                steps: request.path == "/endless"
                    ? [.sendForever(part)] : request.path == "/long" ? [.send(part), .send(part)] : [.send(part)])
        }
        for path in ["long", "endless"] {
            let result = try await Self.fetch("http://good.test:PORT/\(path)", server, fetcher: fetcher)
            #expect(result.content["text"]?.string?.utf8.count == 100_000)
            #expect(result.content["note"]?.string?.contains("first 100000 bytes") == true)
        }
        #expect(try await Self.fetch("http://good.test:PORT/short", server, fetcher: fetcher).content["note"] == nil)
    }

    @Test("packed pages are unpacked, bombs only as far as anything is read")
    func gzipped() async throws {
        let bomb = gzip([UInt8](repeating: 0x61, count: 200 << 20))
        #expect(bomb.count < 400_000)
        let server = try await MockServer.start { request in
            MockAnswer(
                headers: [
                    "Content-Type": "text/plain", "Content-Encoding": request.path == "/other" ? "br" : "gzip",
                ],
                steps: [
                    .send(
                        request.path == "/bomb"
                            ? bomb : request.path == "/good" ? gzip(Array("packed".utf8)) : [1, 2, 3])
                ])
        }
        #expect(try await Self.fetch("http://good.test:PORT/good", server).content["text"] == "packed")
        let result = try await Self.fetch("http://good.test:PORT/bomb", server)
        #expect(result.content["text"]?.string?.utf8.count == 2 << 20)
        #expect(result.content["note"] != nil)
        #expect(Self.message(try await Self.fetch("http://good.test:PORT/bad", server)).contains("is not"))
        #expect(Self.message(try await Self.fetch("http://good.test:PORT/other", server)).contains("encoded as br"))
    }

    @Test(
        "a server that is silent, or stops halfway, is left in time",
        arguments: [MockAnswer.silence, .text("beginning").cut(after: 1, then: .stall)])
    func slow(_ answer: MockAnswer) async throws {
        let server = try await MockServer.start(answer)
        let fetcher = WebFetcher(resolver: Self.loopback, timeout: .milliseconds(200))
        let result = try await Self.fetch("http://good.test:PORT/", server, fetcher: fetcher)
        #expect(Self.message(result).contains("did not answer in full within 0.2 seconds"))
    }

    @Test("a lookup that never ends is left in time")
    func slowLookup() async throws {
        let server = try await MockServer.start(.text(""))
        let fetcher = WebFetcher(
            resolver: HostResolver { _ in try await untilCancelled() }, timeout: .milliseconds(200))
        let result = try await Self.fetch("http://good.test:PORT/", server, fetcher: fetcher)
        #expect(Self.message(result).contains("within 0.2 seconds"))
    }

    @Test("an address that cannot be reached is passed over for the next")
    func nextAddress() async throws {
        let server = try await MockServer.start(.text("reached"))
        let fetcher = WebFetcher(
            resolver: HostResolver { _ in [IPAddress("127.0.0.77")!, IPAddress("127.0.0.1")!] })
        #expect(try await Self.fetch("http://good.test:PORT/", server, fetcher: fetcher).content["text"] == "reached")
        let nowhere = WebFetcher(resolver: HostResolver { _ in [IPAddress("127.0.0.77")!] })
        let result = try await Self.fetch("http://good.test:PORT/", server, fetcher: nowhere)
        #expect(Self.message(result).contains("cannot be reached"))
    }

    @Test("JSON comes as JSON, HTML raw when asked for, other charsets as text")
    func kinds() async throws {
        let server = try await MockServer.start { request in
            switch request.path {
            case "/json": return .text(#"{"a": [1, 2]}"#, type: "application/problem+json; charset=utf-8")
            case "/html": return .text("<p>raw</p>", type: "text/html")
            case "/latin":
                return MockAnswer(
                    headers: ["Content-Type": "text/plain; charset=ISO-8859-1"], steps: [.send([0xe9, 0x80])])
            case "/meta":
                return MockAnswer(
                    headers: ["Content-Type": "text/html"],
                    steps: [.send(Array("<meta charset='latin1'>".utf8)), .send([0xe9])])
            case "/none": return .text("plain")
            case "/binary": return MockAnswer(steps: [.send([0, 1, 2])])
            case "/pdf": return .text("%PDF", type: "application/pdf")
            default:
                return .text("<p>no such page</p>", type: "text/html", status: 404)
            }
        }
        func get(_ path: String, raw: Bool = false) async throws -> ToolResult {
            try await Self.fetch("http://good.test:PORT/\(path)", server, raw: raw)
        }
        #expect(try await get("json").content["json"] == ["a": [1, 2]])
        #expect(try await get("html", raw: true).content["text"] == "<p>raw</p>")
        #expect(try await get("latin").content["text"] == "é€")
        #expect(try await get("meta").content["text"] == "é")
        #expect(try await get("none").content["text"] == "plain")
        #expect(Self.message(try await get("binary")).contains("is no text"))
        #expect(Self.message(try await get("pdf")).contains("is application/pdf: only text"))
        let missing = try await get("missing")
        #expect(missing.isError && missing.content["status"] == 404 && missing.content["text"] == "no such page")
    }

    @Test("cancellation ends a fetch")
    func cancellation() async throws {
        let reached = AsyncStream.makeStream(of: Void.self)
        let server = try await MockServer.start { _ in
            reached.continuation.yield()
            return .silence
        }
        let fetch = Task { try await Self.fetch("http://good.test:PORT/", server) }
        for await _ in reached.stream { break }
        fetch.cancel()
        await #expect(throws: CancellationError.self) { try await fetch.value }
    }
}
