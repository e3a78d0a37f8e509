internal import JSON
internal import Queue

/// How a task ended for good.
struct TaskEnd: Sendable, Hashable {
    enum Outcome: Int16 {
        case completed = 1
        case failed, cancelled, skipped
    }

    let outcome: Outcome
    let reason: String?
    let message: String?

    /// Nil: it is open.
    init?(outcome: Int16?, error: [UInt8]?) throws {
        guard let outcome = outcome.flatMap(Outcome.init) else { return nil }
        self.outcome = outcome
        let error = try error.map { try JSONValue(parsing: $0) }
        reason = error?["reason"]?.string
        message = error?["message"]?.string
    }

    /// It brought what there was to bring.
    var isGood: Bool {
        switch outcome {
        case .completed, .skipped: true
        // What an `any` or quorum join no longer needed is nobody's failure.
        case .cancelled: reason == "not needed"
        case .failed: false
        }
    }
}
