import FoundationEssentials
import Queue

/// Moments of timetables as rows of a table, and in words.
enum FireRows {
    static let columns: [Table.Column] = [.init("FIRES"), .init("LOCAL TIME"), .init("WHEN")]

    static func cells(_ fire: FireTime) -> [Table.Cell] {
        [
            .init(TimeText.exact(fire.fireAt)), .init(fire.localTime.replacing("T", with: " ")),
            .init(TimeText.relative(fire.fireAt), .dim),
        ]
    }

    /// `next at 2026-01-31T09:30:00Z, in 3h`.
    static func when(_ date: Date) -> String {
        date <= Date() ? "now" : "next at \(TimeText.exact(date)), \(TimeText.relative(date))"
    }
}
