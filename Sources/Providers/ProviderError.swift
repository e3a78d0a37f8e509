/// A request to a provider that failed.
public struct ProviderError: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// Too many requests or tokens: wait.
        case rateLimited = "rate_limited"
        /// The provider has no room: wait.
        case overloaded
        /// The account is out of money or allowance: waiting does not help.
        case quota
        /// No key, or a wrong one.
        case authentication
        /// The key may not do this.
        case permission
        case modelNotFound = "model_not_found"
        /// The provider did not understand or accept the request.
        case invalidRequest = "invalid_request"
        /// The conversation is longer than the model's context window.
        case contextOverflow = "context_overflow"
        /// The provider withholds an answer for what the request says.
        case contentFilter = "content_filter"
        /// The provider failed.
        case server
        case timeout
        /// No connection, or it broke before any answer.
        case connection
        /// The answer broke off after some of it had come. Made again, it is another answer, and paid twice.
        case interrupted
        /// The answer is none that can be understood.
        case malformed
        /// What was asked is not allowed here: a redirect, or a base URL that is not safe.
        case refused
    }

    public var code: Code
    /// The HTTP status; nil when there was none, or the error came in the stream.
    public var status: Int?
    /// What happened and what to do, without secrets.
    public var message: String
    /// How long the provider asks to wait.
    public var retryAfter: Duration?
    /// Whether the same request may succeed later.
    public var isRetryable: Bool
    /// The provider's id of the request, for its support.
    public var requestID: String?
    public var provider: String
    public var model: String

    public init(
        _ code: Code, _ message: String, status: Int? = nil, retryAfter: Duration? = nil, isRetryable: Bool? = nil,
        requestID: String? = nil, provider: String, model: String
    ) {
        self.code = code
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
        self.isRetryable = isRetryable ?? code.isUsuallyRetryable
        self.requestID = requestID
        self.provider = provider
        self.model = model
    }
}

extension ProviderError.Code {
    /// Whether waiting usually helps.
    public var isUsuallyRetryable: Bool {
        switch self {
        case .rateLimited, .overloaded, .server, .timeout, .connection, .interrupted, .malformed: true
        case .quota, .authentication, .permission, .modelNotFound, .invalidRequest, .contextOverflow, .contentFilter,
            .refused:
            false
        }
    }
}

extension ProviderError: CustomStringConvertible {
    public var description: String {
        var text = "\(provider) (\(model)): \(message) [\(code.rawValue)"
        if let status { text += ", status \(status)" }
        if let retryAfter { text += ", retry after \(retryAfter)" }
        if let requestID { text += ", request \(requestID)" }
        return text + "]"
    }
}
