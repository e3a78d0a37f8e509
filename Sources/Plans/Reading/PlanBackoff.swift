internal import Documents
internal import JSON

/// The pauses between retries, as the queue has them.
enum PlanBackoff {
    /// Whether a text is `[exponential|linear|fixed] BASE[..CAP] [jitter FRACTION]`.
    static func isValid(_ text: String) -> Bool {
        var words = text.split(separator: " ", omittingEmptySubsequences: true)[...]
        if let word = words.first, ["exponential", "linear", "fixed"].contains(word) {
            words.removeFirst()
            if words.isEmpty { return true }
        }
        guard let range = words.popFirst() else { return false }
        let base: Substring
        let cap: Substring?
        if let dots = range.firstRange(of: "..") {
            (base, cap) = (range[..<dots.lowerBound], range[dots.upperBound...])
        } else {
            (base, cap) = (range, nil)
        }
        guard let least = duration(base) else { return false }
        if let cap {
            guard let most = duration(cap), most >= least else { return false }
        }
        guard let jitter = words.popFirst() else { return true }
        guard jitter == "jitter", let part = words.popFirst().flatMap({ Double($0) }), words.isEmpty else {
            return false
        }
        return (0...1).contains(part)
    }

    private static func duration(_ text: Substring) -> Duration? { DurationText.duration(.string(String(text))) }
}
