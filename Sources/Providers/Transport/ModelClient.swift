internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// Makes one request, and reads its answer as it comes.
struct ModelClient: Sendable {
    let settings: ProviderSettings
    let clock: ProviderClock
    /// Removes the key from what the server says.
    let scrubber: SecretScrubber

    init(settings: ProviderSettings, clock: ProviderClock) {
        self.settings = settings
        self.clock = clock
        scrubber = SecretScrubber([settings.key].compactMap(\.self) + settings.headers.values)
    }

    /// One for the process, with its pool of connections; it lives as long as that.
    private static let client: HTTPClient = {
        // No redirects: a key is for the server that it was given for.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        // The retry policy decides that.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// The most bytes of an answer.
    private static let limit = 64 << 20

    /// How often it is checked whether the server is overdue.
    private static let tick: Duration = .milliseconds(50)

    /// Throws `RequestFault`, `CancellationError`, and what `onEvent` throws, as `ListenerError`.
    func answer(
        to body: [UInt8], at endpoint: String, headers: [(String, String)], deadline: ContinuousClock.Instant,
        progress: Progress, assembler: some ResponseAssembler,
        onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        try await withThrowingTaskGroup(of: ChatResponse.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await read(
                    request(body, endpoint, headers), progress: progress, assembler: assembler, onEvent: onEvent)
            }
            group.addTask { try await watch(progress, deadline: deadline) }
            do {
                guard let response = try await group.next() else { throw CancellationError() }
                return response
            } catch let fault as RequestFault {
                guard let response = progress.response else { throw fault }
                return response
            }
        }
    }

    private func request(_ body: [UInt8], _ endpoint: String, _ headers: [(String, String)]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: settings.url.endpoint(endpoint))
        request.method = .POST
        request.headers = HTTPHeaders([
            ("Content-Type", "application/json"), ("Accept", "text/event-stream, application/json"),
            ("User-Agent", "agentcorp"),
        ])
        for (name, value) in headers + settings.headers.map({ ($0.key, $0.value.reveal()) }) {
            request.headers.replaceOrAdd(name: name, value: value)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }

    /// Of the client's own limits, none covers a body that stalls or trickles.
    private func watch(_ progress: Progress, deadline: ContinuousClock.Instant) async throws -> ChatResponse {
        while true {
            let now = ContinuousClock.now
            if now >= deadline {
                throw RequestFault(code: .timeout, message: "no answer within \(settings.timeouts.total)")
            }
            if progress.isOverdue(idle: settings.timeouts.idle, now: now) {
                throw RequestFault(code: .timeout, message: "the server has sent nothing for \(settings.timeouts.idle)")
            }
            try await Task.sleep(for: min(Self.tick, deadline - now))
        }
    }

    private func read(
        _ request: HTTPClientRequest, progress: Progress, assembler: some ResponseAssembler,
        onEvent: @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        progress.wait()
        let response: HTTPClientResponse
        do {
            response = try await Self.client.execute(request, deadline: .distantFuture)
        } catch {
            throw try fault(error)
        }
        guard (200..<300).contains(response.status.code) else { throw try await refusal(response) }
        let requestID = Self.requestID(response.headers)
        let type = response.headers.first(name: "Content-Type") ?? ""
        guard !type.hasPrefix("text/html") else {
            throw RequestFault(
                code: .refused, message: "\(settings.url) answers with a web page: set the base URL to that of the API",
                status: Int(response.status.code), requestID: requestID)
        }
        var stream = AnswerStream(assembler: assembler, isWhole: type.contains("json"))
        do {
            try await tell([.started], progress, onEvent)
            var count = 0
            progress.wait()
            for try await chunk in response.body {
                count += chunk.readableBytes
                guard count <= Self.limit else {
                    throw StreamFault.malformed("the answer is longer than \(Self.limit) bytes")
                }
                guard progress.response == nil else { continue }
                try await tell(stream.receive(Array(buffer: chunk)), progress, onEvent)
                if stream.isOver { progress.complete(try stream.response()) }
                progress.wait()
            }
            if let response = progress.response { return response }
            try await tell(stream.finish(), progress, onEvent)
            return try stream.response()
        } catch let fault as StreamFault {
            throw self.fault(fault, status: Int(response.status.code), requestID: requestID)
        } catch let error as ListenerError {
            throw error
        } catch {
            // A connection that breaks after all that matters does no harm.
            if !Task.isCancelled, stream.isComplete, let response = try? stream.response() { return response }
            var fault = try self.fault(error)
            fault.requestID = requestID
            throw fault
        }
    }

    private func tell(
        _ events: [ChatEvent], _ progress: Progress, _ onEvent: @Sendable (ChatEvent) async throws -> Void
    ) async throws {
        progress.stopWaiting()
        for event in events {
            if event != .started { progress.emit() }
            do {
                try await onEvent(event)
            } catch {
                throw ListenerError(error: error)
            }
        }
    }
}

/// What the caller's `onEvent` threw: no fault of the server's.
struct ListenerError: Error {
    let error: any Error
}
