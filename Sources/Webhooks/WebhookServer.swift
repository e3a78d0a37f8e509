internal import FoundationEssentials
public import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import Providers
public import Queue
public import ServiceLifecycle
internal import Synchronization

/// Receives `POST /hooks/NAME` and starts the plans that have such a webhook.
///
/// A request is answered with 202 when its run is in the database: who gets no answer sends it again, and starts nothing
/// a second time. It knows nothing of TLS; a proxy in front of it does.
public struct WebhookServer: Service {
    private let configuration: WebhookConfiguration
    private let receiver: WebhookReceiver
    private let logger: Logger
    private let bound: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - secret: The secret that an environment variable holds; nil: it is not set.
    ///   - now: In seconds since 1970; for tests.
    ///   - bound: Called with the port once the server listens.
    public init(
        _ manager: TaskManager, _ configuration: WebhookConfiguration = WebhookConfiguration(),
        logger: Logger = Logger(label: "agentcorp.webhooks"),
        secret: @escaping @Sendable (_ variable: String) -> Secret? = WebhookServer.environment,
        now: @escaping @Sendable () -> Int64 = WebhookServer.seconds,
        bound: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.bound = bound
        let link = WebhookLink(database: manager.database, deadline: configuration.databaseTimeout)
        receiver = WebhookReceiver(
            link: link, directory: WebhookDirectory { try await link.webhooks() }, tolerance: configuration.tolerance,
            logger: logger, secret: secret, now: now)
    }

    /// What an environment variable of this process holds.
    public static func environment(_ variable: String) -> Secret? {
        ProcessInfo.processInfo.environment[variable].flatMap { $0.isEmpty ? nil : Secret($0) }
    }

    /// The clock of this machine, in seconds since 1970.
    public static func seconds() -> Int64 { Int64(Date().timeIntervalSince1970) }

    /// Serves until it is shut down or cancelled. Throws when it cannot listen at first.
    public func run() async throws {
        let load = WebhookLoad(maxPending: configuration.maxPending, maxHeld: configuration.maxHeld)
        let server = try await listen(load)
        let port = server.localAddress?.port ?? configuration.port
        logger.info("listening", metadata: ["host": "\(configuration.host)", "port": "\(port)"])
        bound(port)
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                try? await server.closeFuture.get()
            } onCancel: {
                server.close(promise: nil)
            }
        }
        try? await server.close()
        // In a task of its own: this one may be cancelled.
        await Task { await drain(load) }.value
        logger.info("stopped")
    }

    private func listen(_ load: WebhookLoad) async throws -> any Channel {
        let (configuration, receiver) = (configuration, receiver)
        return try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectionLimit(configuration.maxConnections))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = 8 << 10
                    limits.maxHeaderListSize = 32 << 10
                    limits.maxHeaderFieldCount = 100
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPResponseEncoder())
                    try pipeline.addHandler(
                        ByteToMessageHandler(
                            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
                    try pipeline.addHandler(WebhookConnection(receiver, configuration, load))
                }
            }
            .bind(host: configuration.host, port: configuration.port).get()
    }

    /// Lets the requests under way end.
    private func drain(_ load: WebhookLoad) async {
        load.stop()
        for channel in load.connections {
            channel.pipeline.fireUserInboundEventTriggered(WebhookConnection.Stop())
        }
        let deadline = ContinuousClock.now + configuration.grace
        while !load.connections.isEmpty, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        for channel in load.connections { channel.close(promise: nil) }
    }
}
