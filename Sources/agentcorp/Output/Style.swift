import Queue

/// How a piece of text looks on a terminal with colours.
enum Style: String, Sendable {
    case plain = ""
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case magenta = "35"

    init(_ state: TaskState) {
        switch state {
        case .running: self = .cyan
        case .completed: self = .green
        case .failed: self = .red
        case .cancelled: self = .magenta
        case .waiting, .ready: self = .yellow
        case .blocked, .scheduled, .queued, .skipped: self = .dim
        }
    }

    /// The style of a `HistoryRecord.outcome`.
    init(outcome: String) {
        switch outcome {
        case "errored", "lost": self = .yellow
        default: self = TaskState(rawValue: outcome).map { Style($0) } ?? .dim
        }
    }
}
