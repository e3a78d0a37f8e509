import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A web server on loopback whose answers a test decides.
final class WebServer: Sendable {
    struct Answer: Sendable {
        var status = 200
        var headers: [String: String] = ["Content-Type": "text/plain"]
        var body: [UInt8] = []
        /// Whether the body is sent again and again, without an end.
        var isEndless = false
        /// Whether something is never sent: the head, or the end of the body.
        var stalls: Stall?

        enum Stall: Sendable { case beforeHead, afterBody }

        static func text(_ text: String, type: String = "text/plain") -> Answer {
            Answer(headers: ["Content-Type": type], body: Array(text.utf8))
        }

        static func redirect(_ location: String, status: Int = 302) -> Answer {
            Answer(status: status, headers: ["Location": location])
        }
    }

    let port: Int
    private let channel: any Channel
    private let heads: Heads

    /// The requests that came, in their order.
    var requests: [HTTPRequestHead] { heads.all.withLock { $0 } }

    private final class Heads: Sendable {
        let all = Mutex<[HTTPRequestHead]>([])
    }

    static func start(_ answer: @escaping @Sendable (HTTPRequestHead) -> Answer) async throws -> WebServer {
        let heads = Heads()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(heads: heads, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return WebServer(channel, heads)
    }

    private init(_ channel: any Channel, _ heads: Heads) {
        self.channel = channel
        self.heads = heads
        port = channel.localAddress?.port ?? 0
    }

    deinit {
        channel.close(promise: nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let heads: Heads
        private let answer: @Sendable (HTTPRequestHead) -> Answer
        private var endless: ByteBuffer?

        init(heads: Heads, answer: @escaping @Sendable (HTTPRequestHead) -> Answer) {
            self.heads = heads
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let request) = unwrapInboundIn(data) else { return }
            heads.all.withLock { $0.append(request) }
            let answer = answer(request)
            guard answer.stalls != .beforeHead else { return }
            var headers = HTTPHeaders(answer.headers.map { ($0.key, $0.value) })
            if !answer.isEndless, answer.stalls == nil {
                headers.add(name: "Content-Length", value: "\(answer.body.count)")
            }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let body = ByteBuffer(bytes: answer.body)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            if answer.isEndless {
                endless = body
                pour(context)
            } else if answer.stalls == nil {
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) { pour(context) }

        private func pour(_ context: ChannelHandlerContext) {
            guard let endless else { return }
            while context.channel.isWritable, context.channel.isActive {
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(endless))), promise: nil)
            }
        }
    }
}
