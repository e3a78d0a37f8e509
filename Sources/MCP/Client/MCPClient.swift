public import JSON
public import Logging

/// Talks with one server: connects when it is first needed, and again when the connection was lost.
///
/// Requests may run beside each other. A request that was on its way when the connection broke fails with
/// `connectionLost` and is not repeated: only the caller knows whether that would do harm.
public actor MCPClient {
    public nonisolated let configuration: MCPServerConfiguration

    let environment: [String: String]
    let logger: Logger
    let time: Timekeeper
    let ids = RequestIDs()

    var current: Connection?
    /// A connection that is being made, for all who need one meanwhile.
    var opening: Opening?
    var backoff = Backoff()
    /// A server that ended at the question of the modern era is not asked again.
    var diesOfProbe = false
    var isClosed = false
    var inFlight = 0
    var lastUse: Duration
    var listing: CachedListing?

    final class Opening {
        let done = Latch()
        var transport: (any Transport)?
        /// What all who wait for it are told.
        var failure: MCPError?
    }

    struct CachedListing {
        let listing: MCPToolListing
        let connection: Connection
        let changes: Int
        let until: Duration?
    }

    /// - Parameter environment: Ours: keys are read from it, and what the configuration lets through goes to the
    ///   server's program. Nothing else of it does.
    public init(_ configuration: MCPServerConfiguration, environment: [String: String], logger: Logger) {
        self.init(configuration, environment: environment, logger: logger, time: .real)
    }

    init(_ configuration: MCPServerConfiguration, environment: [String: String], logger: Logger, time: Timekeeper) {
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        self.time = time
        lastUse = time.now()
    }

    /// Connects if need be, and says with whom.
    public func info() async throws -> MCPServerInfo { try await use { try await self.connection().outcome.info } }

    /// The tools of the server, at most as old as the server allows.
    public func tools() async throws -> MCPToolListing { try await use { try await self.currentListing() } }

    /// Calls a tool.
    ///
    /// - Parameters:
    ///   - arguments: An object.
    ///   - meta: Goes with the request as `_meta`: an idempotency key, a `traceparent`.
    ///   - answers: To what an earlier call of the same tool with the same arguments asked.
    ///   - onProgress: Called when the server reports progress; must return soon.
    /// - Throws: `MCPError`, and `CancellationError` when the task is cancelled, of which the server is told.
    public func call(
        _ name: String, arguments: JSONValue, meta: [String: JSONValue] = [:], answers: MCPInputResponses? = nil,
        onProgress: (@Sendable (MCPProgress) -> Void)? = nil
    ) async throws -> MCPCallOutcome {
        try await use {
            var params: [String: JSONValue] = ["name": .string(name), "arguments": arguments]
            if !meta.isEmpty { params["_meta"] = .object(meta) }
            if let answers {
                params["inputResponses"] = .object(answers.responses)
                params["requestState"] = answers.state.map { .string($0) }
            }
            do {
                return try self.outcome(
                    try await self.request("tools/call", params, for: (name, arguments), onProgress: onProgress))
            } catch let failure as RPCFailure where failure.code == RPCFailure.headerMismatch {
                // It was not carried out: our idea of the tool's schema was out of date.
                self.listing = nil
                return try self.outcome(
                    try await self.request("tools/call", params, for: (name, arguments), onProgress: onProgress))
            }
        }
    }

    /// Ends the connection if nothing has used it for so long; the next request makes a new one.
    ///
    /// - Returns: Whether there was a connection to end.
    @discardableResult
    public func disconnect(idleFor idle: Duration = .zero) async -> Bool {
        guard inFlight == 0, let connection = current, time.now() - lastUse >= idle else { return false }
        current = nil
        listing = nil
        await connection.transport.close()
        return true
    }

    /// Ends the connection for good. Requests that are on their way fail.
    public func close() async {
        isClosed = true
        while let opening {
            await opening.transport?.close()
            // Also for a task that is cancelled: what is half open would never be closed.
            let done = opening.done
            await Task { try? await done.wait() }.value
        }
        let connection = current
        current = nil
        await connection?.transport.close()
    }

    // MARK: Requests

    nonisolated var name: String { "server \"\(configuration.name)\"" }

    /// Everything public goes through here: counts what is under way, and turns the server's errors into ours.
    private func use<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        inFlight += 1
        defer {
            inFlight -= 1
            lastUse = time.now()
        }
        do {
            return try await body()
        } catch let failure as RPCFailure {
            var error = MCPError(
                .refused, scrubber.scrub("\(name) says: \(failure.message.prefix(1000)) (error \(failure.code))"))
            error.rpcCode = failure.code
            error.data = failure.data
            throw error
        } catch is SessionLost {
            throw MCPError(.connectionLost, "\(name) has ended the session twice in a row.")
        }
    }

    func request(
        _ method: String, _ params: [String: JSONValue], for call: (tool: String, arguments: JSONValue)? = nil,
        onProgress: (@Sendable (MCPProgress) -> Void)? = nil
    ) async throws -> JSONValue {
        do {
            return try await attempt(method, params, for: call, onProgress: onProgress)
        } catch is SessionLost {
            // The server has not looked at it, and wants a new session.
            return try await attempt(method, params, for: call, onProgress: onProgress)
        }
    }

    private func attempt(
        _ method: String, _ params: [String: JSONValue], for call: (tool: String, arguments: JSONValue)?,
        onProgress: (@Sendable (MCPProgress) -> Void)?
    ) async throws -> JSONValue {
        let connection = try await connection()
        var headers: [(name: String, value: String)] = []
        if let call, connection.outcome.revision.isModern, case .endpoint = configuration.transport,
            let schema = try await currentListing()[call.tool]?.inputSchema
        {
            headers = (try? MirroredHeaders(schema).headers(for: call.arguments)) ?? []
        }
        let name = name
        let deadline = Deadline(silence: configuration.timeout, total: configuration.maximumTime, time: time)
        do {
            let result = try await connection.send(
                method, params, headers: headers, deadline, onProgress: onProgress ?? { _ in }
            ) { passed in
                MCPError(.timeout, "\(name) did not answer \(method) within \(passed.formattedSeconds).")
            }
            backoff.succeed()
            return result
        } catch is SessionLost {
            if current === connection { current = nil }
            await connection.transport.close()
            throw SessionLost()
        }
    }

    private func outcome(_ result: JSONValue) throws -> MCPCallOutcome {
        switch result["resultType"]?.string {
        case nil, "complete":
            var content: [MCPContent] = []
            if case .array(let blocks)? = result["content"] { content = blocks.map { MCPContent($0) } }
            let structured = result["structuredContent"].flatMap { $0 == .null ? Optional.none : $0 }
            guard result["content"] != nil || structured != nil else {
                throw MCPError(.protocolViolation, "\(name) sent a result without `content`.")
            }
            return .complete(
                MCPCallResult(content: content, structuredContent: structured, isError: result["isError"] == true))
        case "input_required":
            var requests: [String: JSONValue] = [:]
            if case .object(let given)? = result["inputRequests"] { requests = given }
            return .inputRequired(MCPInputRequest(requests: requests, state: result["requestState"]?.string))
        case let type?:
            throw MCPError(.protocolViolation, "\(name) sent a result of an unknown type, \"\(type.prefix(100))\".")
        }
    }
}
