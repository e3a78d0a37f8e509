internal import AsyncHTTPClient
internal import HTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

extension ModelClient {
    /// A response that is no answer.
    func refusal(_ response: HTTPClientResponse) async throws -> RequestFault {
        let status = Int(response.status.code)
        let requestID = Self.requestID(response.headers)
        guard status >= 400 else {
            return RequestFault(
                code: .refused,
                message: "the server answers with a redirect, which is not followed with a key: set the base URL to "
                    + "where it leads (\(scrubber.scrub(response.headers.first(name: "Location") ?? "it does not say")))",
                status: status, requestID: requestID)
        }
        var bytes: [UInt8] = []
        do {
            for try await chunk in response.body {
                bytes += chunk.readableBytesView
                if bytes.count > 65_536 { break }
            }
        } catch {
            try Task.checkCancellation()
        }
        let body = ErrorBody(bytes)
        let code = body.code(status: status)
        var fault = RequestFault(
            code: code, message: message(body, code: code), status: status,
            retry: RetryAfter(response.headers, now: clock.now()), requestID: requestID)
        if [.invalidRequest].contains(code) { fault.rejected = body.rejectedField }
        return fault
    }

    /// An error within an answer.
    func fault(_ fault: StreamFault, status: Int, requestID: String?) -> RequestFault {
        switch fault {
        case .failed(let body):
            let code = body.code(status: nil)
            return RequestFault(code: code, message: message(body, code: code), requestID: requestID)
        case .malformed(let reason):
            return RequestFault(
                code: .malformed, message: scrubber.scrub(reason), status: nil, requestID: requestID)
        }
    }

    /// A connection that failed. Throws `CancellationError` when that is why.
    func fault(_ error: any Error) throws -> RequestFault {
        try Task.checkCancellation()
        switch error {
        case is BrokenOff:
            return RequestFault(
                code: .connection, message: "the server closed the connection before the end of its answer")
        case let error as HTTPClientError where error == .connectTimeout:
            return RequestFault(code: .timeout, message: "no connection to \(settings.url) within 5 seconds")
        case let error as NIOConnectionError:
            return RequestFault(
                code: .connection,
                message: "no connection to \(settings.url): \(ConnectionFailure.description(of: error))")
        default:
            return RequestFault(
                code: .connection,
                message: scrubber.scrub(
                    "the connection to \(settings.url) failed: \(ConnectionFailure.description(of: error))"))
        }
    }

    static func requestID(_ headers: HTTPHeaders) -> String? {
        (headers.first(name: "request-id") ?? headers.first(name: "x-request-id")).map { String($0.prefix(200)) }
    }

    private func message(_ body: ErrorBody, code: ProviderError.Code) -> String {
        let said = scrubber.scrub(String(body.message.prefix(1000)))
        let advice =
            switch code {
            case .authentication:
                settings.key == nil
                    ? "no key was sent; set \(ProviderCatalog.variable(settings.name, "API_KEY")) or a key file"
                    : "check \(ProviderCatalog.variable(settings.name, "API_KEY")) or the key file"
            case .quota: "the account is out of credit or allowance"
            default: ""
            }
        return [said, advice].filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

extension ErrorBody {
    /// The field of the request that the server complains of, by its own word or by its message.
    var rejectedField: String? {
        if let parameter { return parameter.split(separator: ".").first.map(String.init) }
        let said = message.lowercased()
        // Longer names first: one may hold another.
        let fields = [
            "max_completion_tokens", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort", "response_format",
            "stream_options", "output_config", "json_schema", "max_tokens", "temperature", "tool_choice", "top_p",
        ]
        return fields.first { said.contains($0) }.map { $0 == "json_schema" ? "response_format" : $0 }
    }
}
