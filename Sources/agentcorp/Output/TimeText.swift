import FoundationEssentials

/// Durations and moments in few letters.
enum TimeText {
    /// `12ms`, `3.4s`, `2m 5s`, `3h 10m`, `4d 2h`.
    static func duration(milliseconds: Double) -> String {
        let milliseconds = max(0, milliseconds)
        guard milliseconds < 1e15 else { return "ages" }
        if milliseconds < 999.5 { return "\(Int(milliseconds.rounded()))ms" }
        let tenths = Int((milliseconds / 100).rounded())
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10)s" }
        let seconds = Int((milliseconds / 1000).rounded())
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return joined("\(seconds / 60)m", seconds % 60, "s")
        case ..<86_400: return joined("\(seconds / 3600)h", seconds % 3600 / 60, "m")
        default: return joined("\(seconds / 86_400)d", seconds % 86_400 / 3600, "h")
        }
    }

    static func duration(_ duration: Duration) -> String {
        self.duration(milliseconds: duration / .milliseconds(1))
    }

    /// `3m ago`, `in 2h`, `now`.
    static func relative(_ date: Date, to now: Date = Date()) -> String {
        let seconds = Int(now.timeIntervalSince(date).rounded())
        let size: String
        switch abs(seconds) {
        case ..<1: return "now"
        case ..<60: size = "\(abs(seconds))s"
        case ..<3600: size = "\(abs(seconds) / 60)m"
        case ..<86_400: size = "\(abs(seconds) / 3600)h"
        default: size = "\(abs(seconds) / 86_400)d"
        }
        return seconds > 0 ? "\(size) ago" : "in \(size)"
    }

    /// `2026-01-31T09:30:00Z`.
    static func exact(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle()) }

    private static func joined(_ whole: String, _ rest: Int, _ unit: String) -> String {
        rest == 0 ? whole : "\(whole) \(rest)\(unit)"
    }
}
