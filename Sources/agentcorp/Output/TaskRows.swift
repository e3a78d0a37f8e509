import FoundationEssentials
import Queue

/// Tasks as rows of a table.
enum TaskRows {
    static let columns: [Table.Column] = [
        .init("ID", isRight: true), .init("STATE"), .init("KIND", isFlexible: true), .init("NAME", isFlexible: true),
        .init("QUEUE", isFlexible: true), .init("TRY", isRight: true), .init("ADDED"), .init("TIME"),
        .init("NOTE", isFlexible: true),
    ]

    static func cells(_ task: TaskRecord) -> [Table.Cell] {
        [
            .init(task.id), .init(task.state.rawValue, Style(task.state)), .init(task.kind), .init(task.name),
            .init(task.queue), .init("\(task.attempt)/\(task.maxAttempts)", .dim),
            .init(TimeText.relative(task.createdAt), .dim), .init(time(task), .dim), .init(note(task), .dim),
        ]
    }

    /// How long it ran or has been running, or when it will.
    private static func time(_ task: TaskRecord) -> String? {
        if task.state == .scheduled, let runAt = task.runAt { return TimeText.relative(runAt) }
        guard let started = task.startedAt else { return nil }
        let end = task.finishedAt ?? (task.state == .running ? Date() : nil)
        return end.map { TimeText.duration(milliseconds: $0.timeIntervalSince(started) * 1000) }
    }

    private static func note(_ task: TaskRecord) -> String? {
        task.error?.message ?? task.tags.map { $0.map { "#\($0)" }.joined(separator: " ") }
    }
}
