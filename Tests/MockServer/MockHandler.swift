internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Reads requests, and plays the answers.
final class MockHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: MockServer.State
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(state: MockServer.State) {
        self.state = state
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
            let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
            let body = body
            let request = state.requests.withLock { requests in
                let request = MockRequest(
                    number: requests.count, method: head.method.rawValue, path: head.uri, headers: headers, body: body)
                requests.append(request)
                return request
            }
            Self.start(state.answer(request), on: context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.closed.withLock { $0 += 1 }
        context.fireChannelInactive()
    }

    private static func start(_ answer: MockAnswer, on channel: any Channel) {
        Task { await play(answer, on: channel) }
    }

    private static func play(_ answer: MockAnswer, on channel: any Channel) async {
        do {
            if answer.status > 0 {
                let head = HTTPResponseHead(
                    version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
                    headers: HTTPHeaders(answer.headers.map { ($0.key, $0.value) }))
                try await channel.writeAndFlush(HTTPServerResponsePart.head(head))
            }
            for step in answer.steps {
                switch step {
                case .send(let bytes):
                    try await channel.writeAndFlush(
                        HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))))
                case .sendForever(let bytes):
                    let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
                    while true { try await channel.writeAndFlush(part) }
                case .pause(let duration): try await Task.sleep(for: duration)
                case .gate(let gate): await gate.opened()
                case .drop:
                    try await channel.close()
                    return
                case .stall: return
                }
            }
            try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        } catch {
            // The client has left.
            try? await channel.close()
        }
    }
}
