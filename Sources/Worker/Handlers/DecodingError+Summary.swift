extension DecodingError {
    /// What does not fit, and where, in one line.
    var summary: String {
        switch self {
        case .keyNotFound(let key, let context): "\"\(path(context) + key.stringValue)\" is missing"
        case .typeMismatch(let type, let context): "\"\(path(context))\" is no \(type)"
        case .valueNotFound(let type, let context): "\"\(path(context))\" is null, not a \(type)"
        case .dataCorrupted(let context): "\(path(context)) \(context.debugDescription)"
        @unknown default: "\(self)"
        }
    }

    private func path(_ context: Context) -> String {
        context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
    }
}
