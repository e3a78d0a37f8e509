/// Why one request got no answer.
struct RequestFault: Error {
    var code: ProviderError.Code
    var message: String
    var status: Int?
    var retry: RetryAfter?
    var requestID: String?
    /// The field of the request that the server did not take.
    var rejected: String?

    /// Whether the same request is made again.
    var isRetryable: Bool {
        if let decision = retry?.shouldRetry { return decision }
        if code == .quota { return false }
        guard let status else { return code.isUsuallyRetryable }
        return [408, 409, 429].contains(status) || status >= 500
    }
}
