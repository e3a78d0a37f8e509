import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A tiny HTTP server on loopback whose answers a test decides.
final class HTTPServer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let headers: HTTPHeaders
        let body: String
    }

    enum Answer: Sendable {
        case reply(Int, headers: [String: String] = [:], body: String = "")
        /// The head, a piece of the body, and then nothing.
        case stall
        case silence
        case hangUp
    }

    let port: Int
    private let channel: any Channel
    private let log: RequestLog

    static func start(_ answer: @escaping @Sendable (Request) -> Answer) async throws -> HTTPServer {
        let log = RequestLog()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return HTTPServer(channel: channel, log: log)
    }

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
        port = channel.localAddress?.port ?? 0
    }

    deinit {
        channel.close(promise: nil)
    }

    var requests: [Request] { log.requests.withLock { $0 } }
    /// Connections that clients have closed.
    var closed: Int { log.closed.withLock { $0 } }

    private final class RequestLog: Sendable {
        let requests = Mutex<[Request]>([])
        let closed = Mutex(0)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: RequestLog
        private let answer: @Sendable (Request) -> Answer
        private var head: HTTPRequestHead?
        private var body = ""

        init(log: RequestLog, answer: @escaping @Sendable (Request) -> Answer) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ""
            case .body(let bytes):
                body += String(buffer: bytes)
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, path: head.uri, headers: head.headers, body: body)
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
            case .hangUp:
                context.close(promise: nil)
            case .stall:
                write(200, ["Content-Length": "1000"], "beginning", context)
                context.flush()
            case .reply(let status, let headers, let body):
                write(status, headers.merging(["Content-Length": "\(body.utf8.count)"]) { $1 }, body, context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        private func write(_ status: Int, _ headers: [String: String], _ body: String, _ context: ChannelHandlerContext)
        {
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: HTTPHeaders(headers.map { ($0.key, $0.value) }))
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        }
    }
}
