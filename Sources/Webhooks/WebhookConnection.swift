internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// A client: one request after the other, each whole before it is looked at, each within a time.
final class WebhookConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case reading(name: String, HTTPRequestHead, [UInt8])
        case answering
        /// It has had its last answer; what it still sends is thrown away.
        case over
    }

    private let receiver: WebhookReceiver
    private let configuration: WebhookConfiguration
    private let load: WebhookLoad
    private var state = State.idle
    /// Requests that came before the answer of the one before; no more is read meanwhile.
    private var waiting: [HTTPServerRequestPart] = []
    private var held = 0
    /// The client has closed its side.
    private var isLast = false
    private var timer: Scheduled<Void>?

    init(_ receiver: WebhookReceiver, _ configuration: WebhookConfiguration, _ load: WebhookLoad) {
        self.receiver = receiver
        self.configuration = configuration
        self.load = load
    }

    func channelActive(context: ChannelHandlerContext) {
        load.add(context.channel)
        if load.isStopping { return context.close(promise: nil) }
        expect(within: configuration.requestTimeout, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        load.remove(context.channel)
        timer?.cancel()
        letGo()
        state = .over
        waiting = []
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .answering = state { waiting.append(part) } else { take(part, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, state) {
        case (HTTPParserError.headerOverflow, .idle):
            end(.refused(.requestHeaderFieldsTooLarge, "the headers are too large"), context)
        case (is HTTPParserError, .idle), (is HTTPParserError, .reading):
            end(.refused(.badRequest, "that is no HTTP"), context)
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, state) {
        // The server is to stop: who is asking nothing can go.
        case (is Stop, .idle) where waiting.isEmpty: context.close(promise: nil)
        case (is Stop, _): break
        // Who has said all may still wait for its answer.
        case (ChannelEvent.inputClosed, .answering): isLast = true
        case (ChannelEvent.inputClosed, _): context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    struct Stop: Sendable {}

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(let buffer), .reading(let name, let head, var body)):
            guard body.count + buffer.readableBytes <= configuration.maxBody else { return end(.tooLarge, context) }
            guard load.hold(buffer.readableBytes) else { return end(.busy, context) }
            held += buffer.readableBytes
            // Let go of it first, so that the bytes are not copied.
            state = .idle
            body.append(contentsOf: buffer.readableBytesView)
            state = .reading(name: name, head, body)
        case (.end, .reading(let name, let head, let body)):
            answer(WebhookRequest(name: name, headers: head.headers, body: body), head, context)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        if head.method == .GET, head.uri == "/health" {
            return end(WebhookAnswer(status: .ok, body: ["ok": true]), context)
        }
        guard let name = WebhookRequest.name(in: head.uri) else { return end(.notFound, context) }
        guard head.method == .POST else { return end(.refused(.methodNotAllowed, "only POST"), context) }
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > configuration.maxBody
        {
            return end(.tooLarge, context)
        }
        state = .reading(name: name, head, [])
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))), promise: nil)
        }
    }

    private func answer(_ request: WebhookRequest, _ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard load.begin() else { return end(.busy, context) }
        state = .answering
        timer?.cancel()
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let this = NIOLoopBound(self, eventLoop: context.eventLoop)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let staysOpen = head.isKeepAlive
        let (receiver, load) = (receiver, load)
        context.eventLoop.makeFutureWithTask {
            let answer = await receiver.answer(request)
            load.end()
            return answer
        }.whenSuccess { answer in
            this.value.finish(answer, staysOpen: staysOpen, bound.value)
        }
    }

    private func finish(_ answer: WebhookAnswer, staysOpen: Bool, _ context: ChannelHandlerContext) {
        guard case .answering = state else { return }
        letGo()
        guard staysOpen, !isLast, !load.isStopping else { return end(answer, context) }
        state = .idle
        send(answer, closing: false, context)
        expect(within: configuration.requestTimeout, context)
        while !waiting.isEmpty {
            if case .answering = state { return }
            take(waiting.removeFirst(), context)
        }
        if case .answering = state { return }
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    /// The last answer. The client has a moment to read it: to close at once, while it is sending, could take it away.
    private func end(_ answer: WebhookAnswer, _ context: ChannelHandlerContext) {
        state = .over
        waiting = []
        letGo()
        send(answer, closing: true, context)
        context.close(mode: .output, promise: nil)
        try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        expect(within: .seconds(2), context)
    }

    private func send(_ answer: WebhookAnswer, closing: Bool, _ context: ChannelHandlerContext) {
        let body = ByteBuffer(bytes: answer.body.bytes + [0x0A])
        var headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": "\(body.readableBytes)"]
        if let seconds = answer.retryAfter { headers.add(name: "Retry-After", value: "\(seconds)") }
        if answer.status == .methodNotAllowed { headers.add(name: "Allow", value: "POST") }
        if closing { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))),
            promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func expect(within time: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(time)) { bound.value.close(promise: nil) }
    }

    private func letGo() {
        if held > 0 { load.release(held) }
        held = 0
    }
}
