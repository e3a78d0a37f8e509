extension ErrorBody {
    /// What kind of failure this is.
    ///
    /// - Parameter status: Of the response; nil for an error within a stream.
    func code(status: Int?) -> ProviderError.Code {
        let status = (status.map { $0 >= 400 ? $0 : nil } ?? nil) ?? self.status
        if let code = codeByWords(status: status) { return code }
        switch status {
        case 401: return .authentication
        case 402: return .quota
        case 403: return .permission
        case 404: return says("model") ? .modelNotFound : .invalidRequest
        case 408, 504: return .timeout
        case 409: return .server
        case 413: return .contextOverflow
        case 429: return .rateLimited
        case 503, 529: return .overloaded
        case .some(500...): return .server
        case .some(400...): return .invalidRequest
        default: return .server
        }
    }

    private func codeByWords(status: Int?) -> ProviderError.Code? {
        if has("insufficient_quota", "billing_error", "billing_hard_limit_reached")
            || says("credit balance is too low", "exceeded your current quota", "used all available credits")
        {
            return .quota
        }
        if has("context_length_exceeded", "exceed_context_size_error", "request_too_large")
            || status.map({ $0 < 429 }) ?? true
                && says(
                    "maximum context length", "context window", "prompt is too long", "maximum prompt length",
                    "available context size", "exceed context limit", "context length")
        {
            return .contextOverflow
        }
        if has("content_filter", "content_policy_violation", "contentfilter") { return .contentFilter }
        if has("invalid_api_key", "authentication_error")
            || status == 400 && says("incorrect api key", "invalid api key")
        {
            return .authentication
        }
        if has("permission_error", "permission_denied") { return .permission }
        if has("model_not_found") || status == 404 && has("not_found_error") { return .modelNotFound }
        if has("overloaded_error", "unavailable_error", "overloaded") { return .overloaded }
        if has("rate_limit_error", "rate_limit_exceeded", "throttling_error", "requests", "tokens"),
            status.map({ $0 == 429 }) ?? true
        {
            return .rateLimited
        }
        if has("timeout_error") { return .timeout }
        guard status == nil else { return nil }
        if has("api_error", "server_error", "internal_server_error") { return .server }
        if has("invalid_request_error", "bad_request") { return .invalidRequest }
        return nil
    }

    func has(_ candidates: String...) -> Bool { candidates.contains { words.contains($0) } }

    private func says(_ phrases: String...) -> Bool {
        let message = message.lowercased()
        return phrases.contains { message.contains($0) }
    }
}
