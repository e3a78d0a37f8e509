public import Logging
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A bounded set of connections, each lent to one user at a time.
///
/// Whoever waits is served in order of arrival. Connections are made when they are needed, by the task that needs
/// them. A connection that comes back inside a transaction is rolled back; a broken one is dropped.
public final class PostgresPool: Sendable {
    private enum Grant {
        case connection(PostgresConnection, idleSince: ContinuousClock.Instant)
        /// Leave to open a connection.
        case permit
    }

    private struct Idle {
        let connection: PostgresConnection
        let since: ContinuousClock.Instant
    }

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Grant, any Error>
    }

    private struct State {
        var idle: [Idle] = []
        /// Connections that exist or are being made, idle ones included.
        var open = 0
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        var isShutDown = false
        var drained: [CheckedContinuation<Void, Never>] = []
        var backoff = ConnectBackoff()
    }

    /// A connection that was idle for longer is asked whether it lives before it is lent.
    private static let trustIdle: Duration = .seconds(30)

    private let configuration: PostgresConfiguration
    private let size: Int
    private let leaseTimeout: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// Makes an empty pool of at most `size` connections; nothing is connected yet.
    ///
    /// `leaseTimeout` is how long a caller waits for its turn before it gets `poolTimeout`.
    public init(
        _ configuration: PostgresConfiguration, size: Int, leaseTimeout: Duration = .seconds(30),
        logger: Logger = Logger(label: "agentcorp.postgres")
    ) {
        precondition(size > 0, "a pool needs room for a connection")
        self.configuration = configuration
        self.size = size
        self.leaseTimeout = leaseTimeout
        self.logger = logger
    }

    /// Lends a connection to `body`, which must not keep it.
    ///
    /// Throws what `body` throws, `connectionFailed`, `poolTimeout` or `poolClosed`.
    public func withConnection<Result>(
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await lease()
        do {
            let result = try await body(connection)
            await giveBack(connection)
            return result
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Runs one statement on a connection of the pool.
    public func query(
        _ sql: String, _ parameters: [any PostgresEncodable] = [], deadline: Duration? = nil
    ) async throws -> PostgresResult {
        try await withConnection { try await $0.query(sql, parameters, deadline: deadline) }
    }

    /// Runs a transaction on a connection of the pool; see `PostgresConnection.transaction`.
    public func transaction<Result>(
        retries: Int = 3, isolation: PostgresIsolation = .readCommitted,
        _ body: (PostgresConnection) async throws -> Result
    ) async throws -> Result {
        try await withConnection { try await $0.transaction(retries: retries, isolation: isolation, body) }
    }

    /// Refuses new leases, fails the waiting ones with `poolClosed`, waits for the lent connections, closes all.
    public func shutdown() async {
        let (idle, waiters) = state.withLock { state in
            state.isShutDown = true
            let taken = (state.idle, state.waiters)
            state.open -= state.idle.count
            state.idle = []
            state.waiters = []
            return taken
        }
        for waiter in waiters { waiter.continuation.resume(throwing: PostgresPool.closed) }
        for idle in idle { await idle.connection.close() }
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                guard state.open > 0 else { return true }
                state.drained.append(continuation)
                return false
            }
            if isDrained { continuation.resume() }
        }
    }

    /// How busy the pool is at this moment.
    public var metrics: PostgresPoolMetrics {
        state.withLock { state in
            PostgresPoolMetrics(
                size: size, idle: state.idle.count, leased: state.open - state.idle.count,
                waiting: state.waiters.count)
        }
    }

    private static let closed = PostgresError(.poolClosed, "the pool was shut down")

    private func lease() async throws -> PostgresConnection {
        guard case .connection(let connection, let idleSince) = try await nextGrant() else { return try await open() }
        if await isAlive(connection, idleSince: idleSince) { return connection }
        // The dead connection's room goes to a new one for the same user, who keeps the turn.
        await connection.close()
        return try await open()
    }

    /// The cheap question first: an idle connection has nothing to read unless the server ended it.
    private func isAlive(_ connection: PostgresConnection, idleSince: ContinuousClock.Instant) async -> Bool {
        guard connection.state == .idle else { return false }
        if !connection.hasInput, .now - idleSince < PostgresPool.trustIdle { return true }
        return await connection.isResponsive()
    }

    /// Opens a connection on a permit; gives the permit back if that fails.
    private func open() async throws -> PostgresConnection {
        do {
            if let pause = state.withLock({ $0.backoff.pause() }) { try await Task.sleep(for: pause) }
            let connection = try await PostgresConnection.connect(configuration, logger: logger)
            state.withLock { $0.backoff.succeeded() }
            return connection
        } catch {
            if let error = error as? PostgresError, error.code == .connectionFailed {
                state.withLock { $0.backoff.failed() }
            }
            freePermit()
            if error is CancellationError {
                throw PostgresError(.cancelled, "the task was cancelled while it waited to connect")
            }
            throw error
        }
    }

    private func nextGrant() async throws -> Grant {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let immediate = try state.withLock { state in
            if state.isShutDown { throw PostgresPool.closed }
            return state.waiters.isEmpty ? take(&state) : nil
        }
        if let immediate { return immediate }
        async let _: Void = expire(id)
        let grant = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Swift.Result<Grant, any Error>? = state.withLock { state in
                    if state.isShutDown { return .failure(PostgresPool.closed) }
                    // The handler may have come and gone already.
                    if Task.isCancelled { return .failure(PostgresPool.gaveUp) }
                    if state.waiters.isEmpty, let grant = take(&state) { return .success(grant) }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            remove(id, PostgresPool.gaveUp)
        }
        return grant
    }

    private static let gaveUp = PostgresError(.cancelled, "the task was cancelled while it waited for a connection")

    private func expire(_ id: UInt64) async {
        guard (try? await Task.sleep(for: leaseTimeout)) != nil else { return }
        remove(
            id, PostgresError(.poolTimeout, "none of the pool's \(size) connections became free within \(leaseTimeout)")
        )
    }

    private func remove(_ id: UInt64, _ error: PostgresError) {
        let waiter: Waiter? = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: error)
    }

    private func take(_ state: inout State) -> Grant? {
        // The connection that was used last is the likeliest to be alive and its caches the warmest.
        if let idle = state.idle.popLast() { return .connection(idle.connection, idleSince: idle.since) }
        guard state.open < size else { return nil }
        state.open += 1
        return .permit
    }

    private func giveBack(_ connection: PostgresConnection) async {
        if connection.state == .busy { await connection.reset() }
        guard connection.state == .idle else { return await discard(connection) }
        let now = ContinuousClock.now
        let (waiter, isShutDown) = state.withLock { state -> (Waiter?, Bool) in
            if state.isShutDown { return (nil, true) }
            guard !state.waiters.isEmpty else {
                state.idle.append(Idle(connection: connection, since: now))
                return (nil, false)
            }
            return (state.waiters.removeFirst(), false)
        }
        if isShutDown { return await discard(connection) }
        waiter?.continuation.resume(returning: .connection(connection, idleSince: now))
    }

    private func discard(_ connection: PostgresConnection) async {
        await connection.close()
        freePermit()
    }

    /// Passes the room for a connection on to the next waiter.
    private func freePermit() {
        let (waiter, drained) = state.withLock { state -> (Waiter?, [CheckedContinuation<Void, Never>]) in
            if !state.isShutDown, !state.waiters.isEmpty { return (state.waiters.removeFirst(), []) }
            state.open -= 1
            guard state.isShutDown, state.open == 0 else { return (nil, []) }
            defer { state.drained = [] }
            return (nil, state.drained)
        }
        waiter?.continuation.resume(returning: .permit)
        for continuation in drained { continuation.resume() }
    }
}
