internal import HTTP
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
        delay = RetryAfterHeader.seconds(text, date: headers.first(name: "date"), now: now).flatMap(Self.delay)
    }

    private static func delay(_ seconds: Double) -> Duration? {
        guard seconds.isFinite, seconds > 0 else { return nil }
        return .milliseconds(Int64((min(seconds, 365 * 86_400) * 1000).rounded(.up)))
    }
}
