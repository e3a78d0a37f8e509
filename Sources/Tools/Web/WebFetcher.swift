internal import AsyncHTTPClient
internal import HTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import Sandbox

/// Fetches from the web what an agent's network policy allows, from the very addresses that it was checked against.
///
/// Each hop of a redirect is checked anew. There are no cookies, and no proxy of the environment: that would look
/// names up again.
public struct WebFetcher: Sendable {
    /// The most redirects that are followed.
    public static let mostRedirects = 5

    /// Finds the addresses of hosts; the system does, unless a test says otherwise.
    public var resolver: HostResolver
    /// The most bytes of a body, decoded; what is beyond is not read.
    public var bodyLimit: Int
    public var connectTimeout: Duration
    /// For everything: all lookups, redirects, and the body.
    public var timeout: Duration

    public init(
        resolver: HostResolver = .system, bodyLimit: Int = 2 << 20, connectTimeout: Duration = .seconds(10),
        timeout: Duration = .seconds(20)
    ) {
        self.resolver = resolver
        self.bodyLimit = bodyLimit
        self.connectTimeout = connectTimeout
        self.timeout = timeout
    }

    /// Gets a page. Throws `ToolError`, which the model can be told, or `CancellationError`.
    ///
    /// - Parameter headers: Are sent to the origin of this URL, and to no other that it redirects to.
    func get(_ url: WebURL, headers: [(String, String)] = [], _ network: NetworkPolicy) async throws -> WebResponse {
        do {
            return try await withThrowingTaskGroup(of: WebResponse.self) { group in
                group.addTask { try await follow(url, headers, network) }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    throw ToolError(
                        "\(url.origin) did not answer in full within \(timeout): try again later, or elsewhere")
                }
                defer { group.cancelAll() }
                guard let response = try await group.next() else { throw CancellationError() }
                return response
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }

    private func follow(
        _ first: WebURL, _ headers: [(String, String)], _ network: NetworkPolicy
    ) async throws -> WebResponse {
        let policy = AddressPolicy(intranet: network.intranet, resolver: resolver)
        var url = first
        for _ in 0...Self.mostRedirects {
            try network.check(url)
            let addresses: [IPAddress]
            do {
                addresses = try await policy.addresses(of: url.host)
            } catch let error as SandboxError {
                throw ToolError("\(url.text) was not fetched: \(error)")
            }
            // Credentials are for the one they were given for.
            let response = try await get(url, headers: url.origin == first.origin ? headers : [], from: addresses)
            guard let location = response.location else { return response }
            do {
                url = try url.resolving(location)
            } catch {
                throw ToolError("\(url.text) redirects to what cannot be followed: \(error)")
            }
        }
        throw ToolError("\(first.text) redirects more than \(Self.mostRedirects) times: fetch another page")
    }

    /// From the first address that answers: a host may have one that cannot be reached from here.
    private func get(
        _ url: WebURL, headers: [(String, String)], from addresses: [IPAddress]
    ) async throws -> WebResponse {
        var failure: (any Error)?
        for address in addresses.prefix(3) {
            do {
                return try await get(url, headers: headers, from: address)
            } catch let error as NotConnected {
                failure = error.reason
            }
        }
        throw ToolError(
            "\(url.origin) cannot be reached: \(failure.map(ConnectionFailure.description) ?? "no address")")
    }

    private struct NotConnected: Error {
        let reason: any Error
    }

    private func get(
        _ url: WebURL, headers: [(String, String)], from address: IPAddress
    ) async throws -> WebResponse {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: TimeAmount(connectTimeout)))
        configuration.dnsOverride = [url.host: "\(address)"]
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            var request = HTTPClientRequest(url: url.text)
            request.headers = [
                "User-Agent": "agentcorp", "Accept-Encoding": "gzip, deflate",
                "Accept": "text/html, application/json, text/*;q=0.9, application/xml;q=0.9, */*;q=0.1",
            ]
            for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
            let response: HTTPClientResponse
            do {
                response = try await client.execute(request, deadline: .distantFuture)
            } catch  where !(error is CancellationError) && !Task.isCancelled {
                throw NotConnected(reason: error)
            }
            return try await read(response, url)
        }
    }

    private func read(_ response: HTTPClientResponse, _ url: WebURL) async throws -> WebResponse {
        let status = Int(response.status.code)
        var result = WebResponse(
            url: url, status: status, type: ContentType(response.headers.first(name: "Content-Type")))
        if [301, 302, 303, 307, 308].contains(status), let location = response.headers.first(name: "Location") {
            result.location = location
            return result
        }
        let encoding = response.headers.first(name: "Content-Encoding")?.lowercased() ?? "identity"
        guard ["identity", "", "gzip", "deflate"].contains(encoding) else {
            throw ToolError("\(url.text) came encoded as \(encoding.prefix(40)), which was not asked for")
        }
        let inflater = encoding == "gzip" || encoding == "deflate" ? Inflater() : nil
        do {
            for try await chunk in response.body {
                // One more than is kept shows that there is more.
                if let inflater {
                    try inflater.inflate(chunk.readableBytesView, into: &result.body, limit: bodyLimit + 1)
                } else {
                    result.body += chunk.readableBytesView.prefix(bodyLimit + 1 - result.body.count)
                }
                guard result.body.count <= bodyLimit else {
                    result.body.removeLast()
                    result.isTruncated = true
                    break
                }
            }
        } catch is Inflater.Broken {
            throw ToolError("\(url.text) says that it is packed as \(encoding), but is not")
        } catch  where !(error is CancellationError) && !Task.isCancelled {
            throw ToolError(
                "\(url.text) broke off after \(result.body.count) bytes: \(ConnectionFailure.description(of: error))")
        }
        return result
    }
}

/// What came back from the web.
struct WebResponse: Sendable {
    /// After all redirects.
    let url: WebURL
    let status: Int
    let type: ContentType
    var body: [UInt8] = []
    /// Whether there was more.
    var isTruncated = false
    /// Of a redirect.
    var location: String?

    var isSuccess: Bool { (200..<300).contains(status) }
}

extension NetworkPolicy {
    /// Throws `ToolError` when the web tools may not go there, whatever its addresses.
    func check(_ url: WebURL) throws {
        guard web else { throw ToolError("the web is closed to this agent: its network settings say so") }
        guard allowedHosts.isEmpty || AddressPolicy.host(url.host, isOneOf: allowedHosts) else {
            throw ToolError(
                "\(url.host) is not among the hosts that this agent may fetch from: \(allowedHosts.joined(separator: ", "))"
            )
        }
        guard ports.contains(url.port) else {
            throw ToolError(
                "port \(url.port) of \(url.host) is not among the ports that this agent may connect to: "
                    + ports.map { "\($0)" }.joined(separator: ", "))
        }
    }
}
