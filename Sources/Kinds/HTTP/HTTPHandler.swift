internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Postgres
internal import Queue
internal import Worker

/// Executes tasks of kind `http`: one request, and a policy for its status.
struct HTTPHandler {
    /// One for the process, with its pool of connections; it lives as long as that.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: 5, allowCycles: false),
            timeout: .init(connect: .seconds(10)))
        // The task's own policy says when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        .completed(try await run(HTTPArguments(context.task.args), key: context.key))
    }

    static func run(_ arguments: HTTPArguments, key: AttemptKey) async throws -> PostgresJSON {
        do {
            return try await withTimeout(arguments) {
                let response = try await client.execute(request(arguments, key), deadline: .distantFuture)
                return try await output(of: response, arguments)
            }
        } catch let failure as HTTPFailure {
            throw failure.error
        } catch  where Task.isCancelled {
            throw CancellationError()
        } catch {
            throw HTTPFailure(error, arguments).error
        }
    }

    private static func request(_ arguments: HTTPArguments, _ key: AttemptKey) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: arguments.url)
        request.method = HTTPMethod(rawValue: arguments.method.rawValue)
        request.headers = HTTPHeaders(arguments.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        var defaults = [("User-Agent", "agentcorp"), ("Idempotency-Key", key.idempotencyKey)]
        if let body = arguments.body {
            request.body = .bytes(body.bytes)
            defaults.append(("Content-Type", body.type))
        }
        for (name, value) in defaults where !request.headers.contains(name: name) {
            request.headers.add(name: name, value: value)
        }
        return request
    }

    /// Cancels the request when its time is over. Of the client's own limits, none covers a body that trickles.
    private static func withTimeout(
        _ arguments: HTTPArguments, _ body: @escaping @Sendable () async throws -> PostgresJSON
    ) async throws -> PostgresJSON {
        try await withThrowingTaskGroup(of: PostgresJSON.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: arguments.timeout)
                throw HTTPFailure.timeout(arguments)
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private static func output(
        of response: HTTPClientResponse, _ arguments: HTTPArguments
    ) async throws -> PostgresJSON {
        guard arguments.success.contains(Int(response.status.code)) else {
            throw HTTPFailure.status(response, body: await excerpt(of: response.body), arguments)
        }
        var bytes: [UInt8] = []
        for try await chunk in response.body {
            bytes += chunk.readableBytesView
            guard bytes.count <= arguments.maximumResponse else {
                throw HTTPFailure.tooLong(arguments, limit: arguments.maximumResponse)
            }
        }
        let body =
            if bytes.isEmpty {
                PostgresJSON("null")
            } else if let json = isJSON(response.headers) ? PostgresJSON(storable: bytes) : nil {
                json
            } else {
                try JSONCoding.encode(String(storable: bytes))
            }
        let headers = try JSONCoding.encode(
            Dictionary(
                response.headers.map { ($0.name.lowercased(), String(storable: $0.value.utf8)) }
            ) { "\($0), \($1)" })
        let output =
            "{\"body\":".utf8 + body.bytes + ",\"headers\":".utf8 + headers.bytes
            + ",\"status\":\(response.status.code)}".utf8
        return PostgresJSON(Array(output))
    }

    /// The beginning of a body that is not wanted, for the error; what is left of it is not read.
    private static func excerpt(of body: HTTPClientResponse.Body) async -> String {
        var bytes: [UInt8] = []
        var chunks = body.makeAsyncIterator()
        while bytes.count < 4096, let chunk = try? await chunks.next() { bytes += chunk.readableBytesView }
        return String(storable: bytes.prefix(4096))
    }

    private static func isJSON(_ headers: HTTPHeaders) -> Bool {
        let type = headers.first(name: "Content-Type")?.lowercased().split(separator: ";").first ?? ""
        let name = type.filter { !$0.isWhitespace }
        return name == "application/json" || name.hasSuffix("+json")
    }
}
