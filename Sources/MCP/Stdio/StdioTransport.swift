internal import JSON
internal import Logging
internal import Synchronization

/// Speaks with a server over its standard input and output: a message a line.
final class StdioTransport: Transport {
    private struct State {
        var process: ServerProcess?
        var lines: LineReader
        var revision: Revision?
        var waiting: [Int64: CheckedContinuation<JSONValue, any Error>] = [:]
        /// Why nothing can be sent any more.
        var end: MCPError?
    }

    private let server: String
    private let hub: NotificationHub
    private let scrubber: Scrubber
    private let maximumMessage: Int
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameter environment: The whole environment of the program.
    static func start(
        _ command: MCPCommand, of configuration: MCPServerConfiguration, environment: [String: String],
        hub: NotificationHub, scrubber: Scrubber, logger: Logger
    ) async throws -> StdioTransport {
        let transport = StdioTransport(configuration, hub, scrubber, logger)
        do {
            let process = try await ServerProcess.start(
                command, environment: environment, grace: .seconds(2),
                receive: { transport.receive($0) }, end: { transport.end($0) })
            transport.state.withLock { $0.process = process }
        } catch let error as MCPError {
            throw MCPError(error.code, scrubber.scrub("server \"\(configuration.name)\": \(error.message)"))
        }
        return transport
    }

    private init(
        _ configuration: MCPServerConfiguration, _ hub: NotificationHub, _ scrubber: Scrubber, _ logger: Logger
    ) {
        server = configuration.name
        self.hub = hub
        self.scrubber = scrubber
        self.logger = logger
        maximumMessage = configuration.maximumMessage
        state = Mutex(State(lines: LineReader(limit: configuration.maximumMessage)))
    }

    var isOpen: Bool { state.withLock { $0.end == nil } }

    func use(_ revision: Revision) {
        state.withLock { $0.revision = revision }
    }

    func send(_ request: RPCRequest) async throws -> JSONValue {
        let bytes = request.bytes
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let failure: MCPError? = state.withLock { state in
                    if let end = state.end { return end }
                    state.waiting[request.id] = continuation
                    // If it is about to end, that will be the answer.
                    guard state.process?.write(bytes) == false else { return nil }
                    state.waiting[request.id] = nil
                    return MCPError(.cannotStart, "server \"\(server)\" does not read its requests any more.")
                }
                if let failure { continuation.resume(throwing: failure) }
                // The task may have been cancelled before its continuation was there to be found.
                if Task.isCancelled { abandon(request) }
            }
        } onCancel: {
            abandon(request)
        }
    }

    func notify(_ notification: RPCNotification) async throws {
        if let end = state.withLock({ $0.end }) { throw end }
        _ = state.withLock { $0.process }?.write(notification.bytes)
    }

    func close() async {
        let process = state.withLock { state in
            if state.end == nil { state.end = MCPError(.closed, "the connection to server \"\(server)\" was closed.") }
            return state.process
        }
        await process?.stop()
    }

    private func abandon(_ request: RPCRequest) {
        let (continuation, process) = state.withLock { state in
            (state.waiting.removeValue(forKey: request.id), state.process)
        }
        guard let continuation else { return }
        if request.isCancellable { _ = process?.write(request.cancellation) }
        continuation.resume(throwing: CancellationError())
    }

    private func receive(_ chunk: UnsafeRawBufferPointer) {
        for line in state.withLock({ $0.lines.read(chunk) }) {
            switch line {
            case .whole(let bytes): receive(bytes)
            case .tooLong(let beginning): refuse(beginning)
            }
        }
    }

    private func receive(_ line: [UInt8]) {
        let messages = RPCMessage.parse(line)
        if messages.isEmpty {
            // Many servers print to the wrong stream when they start.
            logger.debug("line without a message", metadata: ["server": "\(server)", "bytes": "\(line.count)"])
        }
        for message in messages {
            switch message {
            case .response(let id, let reply): complete(id, reply)
            case .notification(let method, let params): hub.receive(method, params)
            case .request(let id, let method, _): answer(id, method)
            }
        }
    }

    private func complete(_ id: Int64?, _ reply: RPCMessage.Reply) {
        guard let id, let continuation = state.withLock({ $0.waiting.removeValue(forKey: id) }) else {
            // A second answer, one that came too late, or one to nobody's question.
            return logger.debug("answer that nobody waits for", metadata: ["server": "\(server)"])
        }
        continuation.resume(with: Result { try reply.get() })
    }

    private func answer(_ id: JSONValue, _ method: String) {
        let (revision, process) = state.withLock { ($0.revision, $0.process) }
        // Servers of the modern era ask nothing, and clients answer nothing.
        guard revision?.isModern != true else { return }
        _ = process?.write(RPCAnswer.bytes(to: id, method: method))
    }

    /// A message that is too long to be read: fails the request that it answers, if that can be seen, else all.
    private func refuse(_ beginning: [UInt8]) {
        let error = MCPError(
            .tooLarge,
            "server \"\(server)\" sent a message of more than \(maximumMessage) bytes. Ask for less, or allow more with max_message."
        )
        let text = String(decoding: beginning.filter { $0 > 0x20 }, as: UTF8.self)
        let id = ["{\"jsonrpc\":\"2.0\",\"id\":", "{\"id\":"].first { text.hasPrefix($0) }
            .flatMap { Int64(text.dropFirst($0.count).prefix { $0.isNumber }) }
        let failed = state.withLock { state in
            if let id { return state.waiting.removeValue(forKey: id).map { [$0] } ?? [] }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in failed { continuation.resume(throwing: error) }
    }

    private func end(_ how: String) {
        let errors = state.withLock { $0.process }?.errors ?? ""
        var message = "server \"\(server)\" is gone: \(how)."
        let tail = errors.split(whereSeparator: \.isNewline).suffix(5).joined(separator: "\n")
        if !tail.isEmpty { message += " Its last words:\n\(tail)" }
        fail(MCPError(.connectionLost, scrubber.scrub(message)))
    }

    private func fail(_ error: MCPError) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = error }
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(throwing: error) }
    }
}
