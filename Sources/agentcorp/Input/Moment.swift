import ArgumentParser
import FoundationEssentials

/// A moment: ISO 8601 with a time zone, `2026-01-31T09:30:00Z`, or how long ago, `2h`.
struct Moment: Sendable {
    let date: Date

    /// Reads an exact moment.
    static func exact(_ text: String) -> Moment? {
        let spelled = text.replacing(" ", with: "T", maxReplacements: 1)
        let date =
            (try? Date.ISO8601FormatStyle().parse(spelled))
            ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(spelled))
        return date.map { Moment(date: $0) }
    }

    /// Reads an exact moment, or how long ago.
    static func past(_ text: String) -> Moment? {
        if let span = TimeSpan(argument: text) {
            return Moment(date: Date(timeIntervalSinceNow: -(span.duration / .seconds(1))))
        }
        return exact(text)
    }
}
