import JSON
import MockServer
import Sandbox
import Testing

@testable import Tools

@Suite("web_search")
struct WebSearchTests {
    private static func search(
        _ search: WebSearch, _ arguments: JSONValue = ["query": "swift & postgres", "count": 2]
    ) async throws -> ToolResult {
        try await Tool.webSearch(search).run(.fake(arguments))
    }

    @Test("Brave is asked with its key, and its results are told without markup")
    func brave() async throws {
        let server = try await MockServer.start { _ in
            .text(
                #"""
                {"web": {"results": [
                    {"title": "A <strong>title</strong>", "url": "https://a.example/", "description": "x &amp; y"},
                    {"title": "B", "url": "https://b.example/"}, {"title": "C", "url": "https://c.example/"}]}}
                """#, type: "application/json")
        }
        let search = try WebSearch(.brave, baseURL: "http://127.0.0.1:\(server.port)/proxy/") { "key-1234" }
        let result = try await Self.search(search)
        #expect(result.isTainted)
        #expect(
            result.content == [
                ["title": "A title", "url": "https://a.example/", "text": "x & y"],
                ["title": "B", "url": "https://b.example/"],
            ])
        let request = try #require(server.requests.first)
        #expect(request.path == "/proxy/res/v1/web/search?q=swift%20%26%20postgres&count=2")
        #expect(request.headers["x-subscription-token"] == "key-1234")
    }

    @Test("DuckDuckGo's answers and topics are results, whatever type it says they have")
    func duckDuckGo() async throws {
        let server = try await MockServer.start { _ in
            .text(
                #"""
                {"Heading": "Swift", "AbstractText": "A language.", "AbstractURL": "https://a.example/", "Results": [],
                 "RelatedTopics": [{"Name": "Birds", "Topics": [{"Text": "A bird", "FirstURL": "https://b.example/"}]},
                    {"Text": "More", "FirstURL": "https://c.example/"}]}
                """#, type: "application/x-javascript")
        }
        let search = try WebSearch(.duckDuckGo, baseURL: "http://127.0.0.1:\(server.port)")
        let result = try await Self.search(search, ["query": "swift"])
        #expect(
            result.content == [
                ["title": "Swift", "url": "https://a.example/", "text": "A language."],
                ["url": "https://b.example/", "text": "A bird"], ["url": "https://c.example/", "text": "More"],
            ])
        #expect(server.requests.first?.path == "/?q=swift&format=json&no_html=1&skip_disambig=1")
    }

    @Test("the key goes to no other origin, and into no message")
    func keyStays() async throws {
        let thief = try await MockServer.start(.text("{}", type: "application/json"))
        let server = try await MockServer.start { request in
            request.path.hasPrefix("/away")
                ? .redirect("http://127.0.0.1:\(thief.port)/") : .text("no, key-1234", type: "text/html")
        }
        let away = try WebSearch(.brave, baseURL: "http://127.0.0.1:\(server.port)/away") { "key-1234" }
        var context = ToolExecutionContext()
        context.network.ports.append(thief.port)
        _ = try await Tool.webSearch(away).run(.fake(["query": "x"], context: context))
        #expect(thief.requests.count == 1)
        #expect(thief.requests.first?.headers["x-subscription-token"] == nil)

        let unreachable = try WebSearch(.brave, baseURL: "http://127.0.0.1:1") { "key-1234" }
        let result = try await Self.search(unreachable)
        #expect(result.isError && !result.content.text.contains("key-1234"))
        #expect(!"\(unreachable)".contains("key-1234"))
    }

    @Test("without a key, without results, and with another shape the model is told so")
    func problems() async throws {
        let server = try await MockServer.start { request in
            switch request.path {
            case let uri where uri.hasPrefix("/none"): .text("{}", type: "application/json")
            case let uri where uri.hasPrefix("/list"): .text("[]", type: "application/json")
            default: .text("slow down", status: 429)
            }
        }
        let base = "http://127.0.0.1:\(server.port)"
        let noKey = try await Self.search(WebSearch(.brave, baseURL: base))
        #expect(noKey.isError && noKey.content.string?.contains("there is no key") == true)
        let none = try await Self.search(WebSearch(.duckDuckGo, baseURL: base + "/none"))
        #expect(!none.isError && none.content.string?.contains("Nothing was found") == true)
        #expect(try await Self.search(WebSearch(.duckDuckGo, baseURL: base + "/list")).isError)
        let busy = try await Self.search(WebSearch(.duckDuckGo, baseURL: base))
        #expect(busy.content.string?.contains("status 429: slow down") == true)
        #expect(throws: ToolError.self) { try WebSearch(.brave, baseURL: "no address") }
    }

    @Test("a base that somebody has set may be in the intranet, the shape's own may not")
    func intranet() async throws {
        let resolver = HostResolver { _ in [IPAddress("127.0.0.1")!] }
        let result = try await Tool.webSearch(WebSearch(.duckDuckGo), WebFetcher(resolver: resolver))
            .run(.fake(["query": "x"]))
        #expect(result.content.string?.contains("not an address of the public internet") == true)
    }
}
