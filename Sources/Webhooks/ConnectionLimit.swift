internal import NIOCore

/// Accepts no more clients than there may be: the others wait in the queue of the kernel.
final class ConnectionLimit: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private let maximum: Int
    private var open = 0
    private var isWaiting = false

    init(_ maximum: Int) {
        self.maximum = maximum
    }

    func read(context: ChannelHandlerContext) {
        if open < maximum { context.read() } else { isWaiting = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        open += 1
        let loop = context.eventLoop
        let this = NIOLoopBound(self, eventLoop: loop)
        let bound = NIOLoopBound(context, eventLoop: loop)
        unwrapInboundIn(data).closeFuture.hop(to: loop).whenComplete { _ in
            this.value.closed(bound.value)
        }
        context.fireChannelRead(data)
    }

    private func closed(_ context: ChannelHandlerContext) {
        open -= 1
        if isWaiting, open < maximum {
            isWaiting = false
            context.read()
        }
    }
}
