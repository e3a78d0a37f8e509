internal import AsyncHTTPClient
internal import HTTP
internal import JSON
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Speaks with a server over streamable HTTP: each message is a POST, whose response is JSON or a stream of events.
final class HTTPTransport: Transport {
    private struct State {
        var revision: Revision?
        var session: String?
        var isClosed = false
    }

    /// One for the process, with its pool of connections; it lives as long as that.
    private static let client: HTTPClient = {
        // A redirect could carry the token to another place.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let configuration: MCPServerConfiguration
    private let endpoint: MCPEndpoint
    private let environment: [String: String]
    private let hub: NotificationHub
    private let scrubber: Scrubber
    private let time: Timekeeper
    private let logger: Logger
    private let state = Mutex(State())

    init(
        _ endpoint: MCPEndpoint, of configuration: MCPServerConfiguration, environment: [String: String],
        hub: NotificationHub, scrubber: Scrubber, time: Timekeeper, logger: Logger
    ) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.environment = environment
        self.hub = hub
        self.scrubber = scrubber
        self.time = time
        self.logger = logger
    }

    var isOpen: Bool { state.withLock { !$0.isClosed } }

    func use(_ revision: Revision) {
        state.withLock { $0.revision = revision }
    }

    func send(_ request: RPCRequest) async throws -> JSONValue {
        guard isOpen else { throw MCPError(.closed, "the connection to \(name) was closed.") }
        do {
            return try await exchange(request)
        } catch  where Task.isCancelled && !(error is RPCFailure) {
            // In the modern era the closed stream says it; a task of its own, as this one sends nothing any more.
            if isLegacy, request.isCancellable {
                Task { try? await self.post(request.cancellation, method: "notifications/cancelled") }
            }
            throw CancellationError()
        }
    }

    func notify(_ notification: RPCNotification) async throws {
        _ = try await post(notification.bytes, method: notification.method)
    }

    func close() async {
        let session = state.withLock { state in
            state.isClosed = true
            return state.session
        }
        guard session != nil else { return }
        // Servers may refuse to end sessions; they forget them in time.
        _ = try? await Self.client.execute(head("DELETE", id: nil), timeout: .seconds(2))
    }

    private var name: String { "server \"\(configuration.name)\"" }
    private var isLegacy: Bool { state.withLock { $0.revision?.isModern == false } }

    // MARK: A request and its answer

    private func exchange(_ request: RPCRequest) async throws -> JSONValue {
        let response = try await post(request.bytes, method: request.method, request: request)
        if request.method == "initialize", let session = response.headers.first(name: "Mcp-Session-Id") {
            state.withLock { $0.session = session }
        }
        switch Self.type(of: response) {
        case "application/json":
            let body = try await body(of: response)
            guard let reply = receive(RPCMessage.parse(body), for: request) else {
                throw MCPError(
                    .protocolViolation, "\(name) answered \(request.method) with something else than a response to it.")
            }
            return try reply.get()
        case "text/event-stream":
            return try await follow(response, for: request)
        default:
            throw MCPError(
                .protocolViolation,
                "\(name) answered \(request.method) with status \(response.status.code) and neither JSON nor events.")
        }
    }

    /// Reads events until the answer is there. A stream that ends before is taken up again where the server provides
    /// for that.
    private func follow(_ first: HTTPClientResponse, for request: RPCRequest) async throws -> JSONValue {
        var response = first
        var lastID: String?
        for attempt in 0..<5 {
            var reader = ServerSentEventReader(limit: configuration.maximumMessage)
            let reply: RPCMessage.Reply?
            do {
                reply = try await self.reply(in: response.body, &reader, to: request)
            } catch is ServerSentEventReader.TooLong {
                throw tooLarge(request.method)
            } catch  where !Task.isCancelled {
                logger.debug("stream broken", metadata: ["server": "\(configuration.name)", "error": "\(error)"])
                reply = nil
            }
            if let reply { return try reply.get() }
            try Task.checkCancellation()
            lastID = reader.lastID ?? lastID
            guard let lastID, isLegacy, attempt < 4 else { break }
            try await time.sleep(min(reader.retry ?? .seconds(1), .seconds(30)))
            response = try await execute(head("GET", id: lastID), request.method)
            guard response.status == .ok, Self.type(of: response) == "text/event-stream" else { break }
        }
        throw MCPError(.connectionLost, "\(name) ended its answer to \(request.method) before it was complete.")
    }

    private func reply(
        in body: HTTPClientResponse.Body, _ reader: inout ServerSentEventReader, to request: RPCRequest
    ) async throws -> RPCMessage.Reply? {
        for try await chunk in body {
            for event in try reader.receive(Array(buffer: chunk)) where event.name == "message" {
                if let reply = receive(RPCMessage.parse(event.data.utf8), for: request) { return reply }
            }
        }
        return nil
    }

    /// The reply to the request, if it is among the messages.
    private func receive(_ messages: [RPCMessage], for request: RPCRequest) -> RPCMessage.Reply? {
        var found: RPCMessage.Reply?
        for message in messages {
            switch message {
            case .response(request.id, let reply):
                found = found ?? reply
            case .response(nil, .failure(let failure)):
                // The server could not read the id.
                found = found ?? .failure(failure)
            case .response:
                logger.debug("answer that nobody waits for", metadata: ["server": "\(configuration.name)"])
            case .notification(let method, let params):
                hub.receive(method, params)
            case .request(let id, let method, _):
                // Only servers of the legacy era ask anything. The answer is a message of its own.
                if isLegacy { Task { try? await self.post(RPCAnswer.bytes(to: id, method: method), method: nil) } }
            }
        }
        return found
    }

    // MARK: HTTP

    /// Sends a message; returns when the server has accepted it. The body of what it says is still to be read.
    @discardableResult
    private func post(_ bytes: [UInt8], method: String?, request: RPCRequest? = nil) async throws -> HTTPClientResponse
    {
        var head = try head("POST", id: nil)
        head.headers.add(name: "Content-Type", value: "application/json")
        if let method, state.withLock({ $0.revision?.isModern }) != false, method != "initialize" {
            // Also before the era is known: the question which it is, is one of the modern era.
            head.headers.replaceOrAdd(name: "MCP-Protocol-Version", value: Revision.modern.description)
            head.headers.add(name: "Mcp-Method", value: method)
            if method == "tools/call", let tool = request?.params["name"]?.string {
                head.headers.add(name: "Mcp-Name", value: MirroredHeaders.encode(tool))
            }
            for (name, value) in request?.headers ?? [] { head.headers.add(name: name, value: value) }
        }
        head.body = .bytes(ByteBuffer(bytes: bytes))
        let response = try await execute(head, method ?? "an answer")
        guard (200..<300).contains(response.status.code) else { throw try await refusal(of: response, method) }
        return response
    }

    private func head(_ method: String, id: String?) throws -> HTTPClientRequest {
        let (revision, session) = state.withLock { ($0.revision, $0.session) }
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "User-Agent", value: "agentcorp")
        request.headers.add(
            name: "Accept", value: method == "GET" ? "text/event-stream" : "application/json, text/event-stream")
        for (name, value) in endpoint.headers.sorted(by: { $0.key < $1.key }) {
            request.headers.replaceOrAdd(
                name: name, value: try value.read(from: environment, for: "the header \(name) of \(self.name)"))
        }
        if let token = try endpoint.token?.read(from: environment, for: "the token of \(name)") {
            request.headers.replaceOrAdd(name: "Authorization", value: "Bearer \(token)")
        }
        if let revision { request.headers.add(name: "MCP-Protocol-Version", value: revision.description) }
        if let session { request.headers.add(name: "Mcp-Session-Id", value: session) }
        if let id { request.headers.add(name: "Last-Event-ID", value: id) }
        return request
    }

    private func execute(_ request: HTTPClientRequest, _ what: String) async throws -> HTTPClientResponse {
        do {
            // The limits are those of the caller, who cancels.
            return try await Self.client.execute(request, deadline: .distantFuture)
        } catch  where Task.isCancelled {
            throw CancellationError()
        } catch {
            throw HTTPProblem(error, name, what, scrubber).error
        }
    }

    private func refusal(of response: HTTPClientResponse, _ method: String?) async throws -> any Error {
        let body = try await body(of: response)
        // Without a session it is about the address.
        if response.status == .notFound, state.withLock({ $0.session }) != nil { return SessionLost() }
        if case .response(_, .failure(let failure))? = RPCMessage.parse(body).first { return failure }
        return HTTPProblem(response, body: body, name, method ?? "an answer", scrubber).error
    }

    private func body(of response: HTTPClientResponse) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await chunk in response.body {
                bytes += chunk.readableBytesView
                guard bytes.count <= configuration.maximumMessage else { throw tooLarge("a request") }
            }
        } catch let error as MCPError {
            throw error
        } catch  where !Task.isCancelled {
            throw MCPError(.connectionLost, "\(name) ended its answer before it was complete.")
        }
        return bytes
    }

    private func tooLarge(_ method: String) -> MCPError {
        MCPError(
            .tooLarge,
            "\(name) answered \(method) with more than \(configuration.maximumMessage) bytes. Ask for less, or allow more with max_message."
        )
    }

    private static func type(of response: HTTPClientResponse) -> String {
        let value = response.headers.first(name: "Content-Type")?.split(separator: ";").first ?? ""
        return value.lowercased().filter { !$0.isWhitespace }
    }
}
