internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// An HTTP server on loopback that answers by a script, and writes down what it is asked.
///
/// `MockAnswer` has the answers and the faults; `MockOpenAI` and `MockAnthropic` make those of model providers.
public final class MockServer: Sendable {
    public let port: Int
    private let channel: any Channel
    private let state: State

    final class State: Sendable {
        let requests = Mutex<[MockRequest]>([])
        let closed = Mutex(0)
        let answer: @Sendable (MockRequest) -> MockAnswer

        init(answer: @escaping @Sendable (MockRequest) -> MockAnswer) {
            self.answer = answer
        }
    }

    /// Answers each request with the next of these; what comes after the last gets the last again.
    public static func start(_ answers: MockAnswer...) async throws -> MockServer {
        try await start { answers[min($0.number, answers.count - 1)] }
    }

    /// Answers each request as the closure says.
    ///
    /// - Parameter port: 0 for any that is free.
    public static func start(
        port: Int = 0, answer: @escaping @Sendable (MockRequest) -> MockAnswer
    ) async throws -> MockServer {
        let state = State(answer: answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(MockHandler(state: state))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return MockServer(channel: channel, state: state)
    }

    private init(channel: any Channel, state: State) {
        self.channel = channel
        self.state = state
        port = channel.localAddress?.port ?? 0
    }

    deinit {
        channel.close(promise: nil)
    }

    /// Its base URL, without a path.
    public var url: String { "http://127.0.0.1:\(port)" }
    /// What it was asked, in order.
    public var requests: [MockRequest] { state.requests.withLock { $0 } }
    /// How many connections have ended.
    public var closedConnections: Int { state.closed.withLock { $0 } }
}
