import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback whose answers a test decides.
final class ScriptedEndpoint: Sendable {
    struct Request: Sendable {
        let method: String
        let headers: HTTPHeaders
        /// The message in the body; null without one.
        let message: JSONValue

        var rpcMethod: String? { message["method"]?.string }
        var id: JSONValue { message["id"] ?? nil }
        var tool: String? { message["params"]?["name"]?.string }
    }

    enum Answer: Sendable {
        case reply(Int, headers: [String: String] = [:], body: String = "")
        /// Pieces of a stream of events, each sent by itself; then the end, a broken connection, or nothing.
        case events([String], then: End = .end, headers: [String: String] = [:])
        case silence

        enum End: Sendable {
            case end, drop, nothing
        }

        static func json(_ value: JSONValue, _ status: Int = 200, headers: [String: String] = [:]) -> Answer {
            .reply(status, headers: headers.merging(["Content-Type": "application/json"]) { $1 }, body: value.text)
        }
    }

    let port: Int
    private let channel: any Channel
    private let log: Log

    static func start(_ answer: @escaping @Sendable (Request) -> Answer) async throws -> ScriptedEndpoint {
        let log = Log()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return ScriptedEndpoint(channel: channel, log: log)
    }

    private init(channel: any Channel, log: Log) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }

    var requests: [Request] { log.requests.withLock { $0 } }
    /// Connections that clients have closed.
    var closed: Int { log.closed.withLock { $0 } }

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
        let closed = Mutex(0)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Log
        private let answer: @Sendable (Request) -> Answer
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(log: Log, answer: @escaping @Sendable (Request) -> Answer) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let bytes):
                body += bytes.readableBytesView
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, headers: head.headers,
                    message: (try? JSONValue(parsing: body)) ?? nil)
                log.requests.withLock { $0.append(request) }
                send(answer(request), context)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            log.closed.withLock { $0 += 1 }
        }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            switch answer {
            case .silence:
                break
            case .reply(let status, let headers, let body):
                write(status, headers.merging(["Content-Length": "\(body.utf8.count)"]) { $1 }, context)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .events(let pieces, let end, let headers):
                write(200, headers.merging(["Content-Type": "text/event-stream; charset=utf-8"]) { $1 }, context)
                for piece in pieces {
                    context.writeAndFlush(
                        wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: piece)))), promise: nil)
                }
                switch end {
                case .end: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                case .drop: context.close(promise: nil)
                case .nothing: context.flush()
                }
            }
        }

        private func write(_ status: Int, _ headers: [String: String], _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: HTTPHeaders(headers.map { ($0.key, $0.value) }))
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }
    }
}

extension ScriptedEndpoint.Answer {
    static func result(_ value: JSONValue, to request: ScriptedEndpoint.Request, headers: [String: String] = [:])
        -> Self
    {
        .json(["jsonrpc": "2.0", "id": request.id, "result": value], headers: headers)
    }

    static func error(
        _ code: Int64, _ message: String, to request: ScriptedEndpoint.Request, status: Int, data: JSONValue = nil
    ) -> Self {
        let error: JSONValue = ["code": .integer(code), "message": .string(message), "data": data]
        return .json(["jsonrpc": "2.0", "id": request.id, "error": error], status)
    }

    static func text(_ text: String, to request: ScriptedEndpoint.Request) -> Self {
        .result(["content": [["type": "text", "text": .string(text)]]], to: request)
    }

    /// How a modern server answers the question and the request for its tools; nil for everything else.
    static func modern(_ request: ScriptedEndpoint.Request, tools: JSONValue = []) -> Self? {
        switch request.rpcMethod {
        case "server/discover":
            .result(["supportedVersions": ["2026-07-28"], "capabilities": ["tools": [:]]], to: request)
        case "tools/list": .result(["tools": tools, "ttlMs": 60000], to: request)
        default: nil
        }
    }

    /// How a legacy server answers the question, the handshake, notifications and the end.
    static func legacy(_ request: ScriptedEndpoint.Request, session: String = "s1") -> Self? {
        let headers = ["Mcp-Session-Id": session]
        switch (request.method, request.rpcMethod) {
        case ("DELETE", _): return .reply(405)
        case (_, "server/discover"): return .reply(400, body: "Bad Request: no session")
        case (_, "initialize"):
            let result: JSONValue = ["protocolVersion": "2025-06-18", "capabilities": ["tools": [:]]]
            let message: JSONValue = ["jsonrpc": "2.0", "id": request.id, "result": result]
            return .events(["event: message\ndata: \(message.text)\n\n"], headers: headers)
        case (_, "notifications/initialized"), (_, "notifications/cancelled"), (_, nil): return .reply(202)
        default: return nil
        }
    }
}

extension ScriptedEndpoint.Request {
    /// The response to it as an event.
    func event(text: String, id: String? = nil) -> String {
        let result: JSONValue = ["content": [["type": "text", "text": .string(text)]]]
        let message: JSONValue = ["jsonrpc": "2.0", "id": self.id, "result": result]
        return (id.map { "id: \($0)\n" } ?? "") + "data: \(message.text)\n\n"
    }
}
