internal import NIOHTTP1

/// What the headers of a response say about making the request again.
struct RetryAfter: Sendable, Hashable {
    /// The server's own decision.
    var shouldRetry: Bool?
    /// The pause that it demands, up to a year; nil when there is none, or it is none that makes sense.
    var delay: Duration?

    init(_ headers: HTTPHeaders, now: Int) {
        switch headers.first(name: "x-should-retry")?.lowercased() {
        case "true": shouldRetry = true
        case "false": shouldRetry = false
        default: break
        }
        if let milliseconds = headers.first(name: "retry-after-ms").flatMap(Double.init) {
            delay = Self.delay(milliseconds / 1000)
        }
        guard delay == nil, let text = headers.first(name: "retry-after") else { return }
        if let seconds = Double(text) {
            delay = Self.delay(seconds)
        } else if let moment = HTTPMoment.secondsSince1970(text) {
            // By the server's own clock where it tells it: ours may differ.
            let now = headers.first(name: "date").flatMap(HTTPMoment.secondsSince1970) ?? now
            delay = Self.delay(Double(moment - now))
        }
    }

    private static func delay(_ seconds: Double) -> Duration? {
        guard seconds.isFinite, seconds > 0 else { return nil }
        return .milliseconds(Int64((min(seconds, 365 * 86_400) * 1000).rounded(.up)))
    }
}
