internal import JSON

/// A failure that a script plays.
struct OfflineFailure: Sendable {
    let code: ProviderError.Code
    let message: String
    let retryAfter: Duration?

    init(_ value: JSONValue, at place: String) throws {
        let fields = try JSONFields(value, at: place, known: ["code", "message", "retry_after"])
        guard let code: ProviderError.Code = try fields.word("code") else {
            throw ProviderConfigurationError("\(place) lacks \"code\", such as \"rate_limited\"")
        }
        self.code = code
        message = try fields.string("message") ?? "the script says so"
        retryAfter = try fields.seconds("retry_after")
    }
}
