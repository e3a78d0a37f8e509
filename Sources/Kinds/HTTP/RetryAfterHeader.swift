internal import Glibc

/// How long a server asks to wait before the next request.
enum RetryAfterHeader {
    /// A server that asks for more waits in vain: tasks that stay away for days are mistaken for lost ones.
    static let limit: Duration = .seconds(3600)

    /// From 0 to an hour; nil when the header is missing, or is neither seconds nor a date.
    ///
    /// - Parameter date: The server's own clock, from its header `Date`; ours may differ.
    static func delay(_ value: String?, date: String?) -> Duration? {
        guard let value else { return nil }
        let seconds: Int
        if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            seconds = Int(value) ?? .max
        } else if let moment = HTTPDate(value) {
            seconds = moment.secondsSince1970 - (date.flatMap { HTTPDate($0)?.secondsSince1970 } ?? time(nil))
        } else {
            return nil
        }
        return min(limit, .seconds(max(0, min(seconds, 86_400))))
    }
}
