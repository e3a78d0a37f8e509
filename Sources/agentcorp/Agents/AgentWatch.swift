import Agents
import FoundationEssentials
import JSON
import Queue

/// Follows an agent's task to its end: on a terminal its words as they come, its tool calls in a line each.
struct AgentWatch: Sendable {
    let manager: TaskManager
    let task: Int64
    /// Whether words are shown as they come; if not, nothing but the result goes to stdout.
    let isStreaming: Bool

    private static let interval: Duration = .milliseconds(120)

    /// The end of the task.
    struct End: Sendable {
        let output: JSONValue
        let progress: AgentProgress?
    }

    /// What has been shown.
    private struct Shown {
        /// Turns before this one are shown whole.
        var turn = 1
        /// Characters of the text of that turn.
        var characters = 0
        /// Calls, by turn and index.
        var calls: Set<String> = []
        var approvals: Set<Int64> = []
        /// The latest attempt whose failure is told.
        var attempt = 0
    }

    /// Throws `TaskFailure` when the task did not complete.
    func untilEnd() async throws -> End {
        var shown = Shown()
        while true {
            let standing = try await Patience.read { try await manager.standing(of: task) }
            if let progress = try await Patience.read({
                try await manager.agentProgress(of: task, since: shown.turn - 1)
            }) {
                show(progress, &shown)
            }
            if standing.state.isFinal {
                breakLine(&shown)
                guard standing.state == .completed else {
                    throw standing.error ?? TaskFailure("task \(task) was \(standing.state.rawValue)")
                }
                return End(output: standing.output ?? .null, progress: try await manager.agentProgress(of: task))
            }
            if let error = standing.error, standing.attempt > shown.attempt {
                shown.attempt = standing.attempt
                breakLine(&shown)
                Terminal.warn("attempt \(standing.attempt): \(DisplayText.printable(error.message))")
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    private func show(_ progress: AgentProgress, _ shown: inout Shown) {
        for turn in progress.turns where turn.turn >= shown.turn {
            advance(to: turn.turn, &shown)
            stream(turn.text ?? "", &shown)
            for call in turn.calls where call.result != nil {
                guard shown.calls.insert("\(turn.turn).\(call.idx)").inserted else { continue }
                breakLine(&shown)
                Terminal.errors.line(AgentTimeline.line(call, on: .errors))
            }
            // It is over when all its calls are.
            if !turn.calls.isEmpty, turn.calls.allSatisfy({ $0.result != nil }) { advance(to: turn.turn + 1, &shown) }
        }
        for approval in progress.approvals
        where approval.decision == nil && shown.approvals.insert(approval.id).inserted {
            breakLine(&shown)
            for line in AgentTimeline.question(approval) {
                Terminal.errors.line(Terminal.errors.styled(.yellow, line))
            }
        }
        if let partial = progress.partial, partial.turn >= shown.turn {
            advance(to: partial.turn, &shown)
            stream(partial.text, &shown)
        }
    }

    private func advance(to turn: Int, _ shown: inout Shown) {
        guard turn > shown.turn else { return }
        breakLine(&shown)
        shown.turn = turn
    }

    private func stream(_ text: String, _ shown: inout Shown) {
        guard isStreaming, text.count > shown.characters else { return }
        Terminal.output.write(DisplayText.streamed(String(text.dropFirst(shown.characters))))
        shown.characters = text.count
    }

    private func breakLine(_ shown: inout Shown) {
        if isStreaming, shown.characters > 0 { Terminal.output.line() }
        shown.characters = 0
    }
}
