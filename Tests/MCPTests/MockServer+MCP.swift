import JSON
import MockServer

extension MockRequest {
    /// The name of the method; nil in an answer, and without a message.
    var rpcMethod: String? { json["method"]?.string }
    var id: JSONValue { json["id"] ?? nil }
    var tool: String? { json["params"]?["name"]?.string }

    /// The response to it as an event.
    func event(text: String) -> String {
        let result: JSONValue = ["content": [["type": "text", "text": .string(text)]]]
        let message: JSONValue = ["jsonrpc": "2.0", "id": id, "result": result]
        return "data: \(message.text)\n\n"
    }
}

extension MockAnswer {
    static func result(_ value: JSONValue, to request: MockRequest) -> Self {
        .json(["jsonrpc": "2.0", "id": request.id, "result": value])
    }

    static func error(
        _ code: Int64, _ message: String, to request: MockRequest, status: Int, data: JSONValue = nil
    ) -> Self {
        let error: JSONValue = ["code": .integer(code), "message": .string(message), "data": data]
        return .json(["jsonrpc": "2.0", "id": request.id, "error": error], status: status)
    }

    static func text(_ text: String, to request: MockRequest) -> Self {
        .result(["content": [["type": "text", "text": .string(text)]]], to: request)
    }

    /// Pieces of a stream of events.
    static func events(_ pieces: [String], then end: Step? = nil, headers: [String: String] = [:]) -> Self {
        .stream(
            pieces, then: end, headers: headers.merging(["Content-Type": "text/event-stream; charset=utf-8"]) { $1 })
    }

    /// A status and nothing more.
    static func status(_ status: Int) -> Self { MockAnswer(status: status, steps: []) }

    /// How a modern server answers the question and the request for its tools; nil for everything else.
    static func modern(_ request: MockRequest, tools: JSONValue = []) -> Self? {
        switch request.rpcMethod {
        case "server/discover":
            .result(["supportedVersions": ["2026-07-28"], "capabilities": ["tools": [:]]], to: request)
        case "tools/list": .result(["tools": tools, "ttlMs": 60000], to: request)
        default: nil
        }
    }

    /// How a legacy server answers the question, the handshake, notifications and the end.
    static func legacy(_ request: MockRequest, session: String = "s1") -> Self? {
        let headers = ["Mcp-Session-Id": session]
        switch (request.method, request.rpcMethod) {
        case ("DELETE", _): return .status(405)
        case (_, "server/discover"): return .text("Bad Request: no session", status: 400)
        case (_, "initialize"):
            let result: JSONValue = ["protocolVersion": "2025-06-18", "capabilities": ["tools": [:]]]
            let message: JSONValue = ["jsonrpc": "2.0", "id": request.id, "result": result]
            return .events(["event: message\ndata: \(message.text)\n\n"], headers: headers)
        case (_, "notifications/initialized"), (_, "notifications/cancelled"), (_, nil): return .status(202)
        default: return nil
        }
    }
}
