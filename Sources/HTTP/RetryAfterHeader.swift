/// How long a server asks to wait before the next request.
package enum RetryAfterHeader {
    /// In seconds; negative for a moment that is over, nil for what is neither a number of seconds nor a date.
    ///
    /// - Parameters:
    ///   - date: The server's own clock, from its header `Date`; ours may differ.
    ///   - now: Our clock, in seconds since 1970.
    package static func seconds(_ value: String, date: String?, now: Int) -> Double? {
        if let seconds = Double(value) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
        guard let moment = HTTPDate(value) else { return nil }
        return Double(moment.secondsSince1970 - (date.flatMap(HTTPDate.init)?.secondsSince1970 ?? now))
    }
}
