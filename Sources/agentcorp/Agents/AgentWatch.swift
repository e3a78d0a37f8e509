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
    /// How long nothing may go on before it is said why.
    private static let patience: Duration = .seconds(2)

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
        /// The attempt before which all failures are told, and the latest of them.
        var attempt = 1
        var error: String?
        /// When it was last at work, or it was plain why it was not.
        var latest = ContinuousClock.now
        var isExplained = false
    }

    /// Throws `TaskFailure` when the task did not complete.
    func untilEnd() async throws -> End {
        var shown = Shown()
        while true {
            let standing = try await Patience.read { try await manager.standing(of: task) }
            let progress = try await Patience.read {
                try await manager.agentProgress(of: task, since: shown.turn - 1)
            }
            if let progress { show(progress, &shown) }
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
                // The error is of the attempt before the one that the task stands in line for.
                let again = error.message == shown.error ? "failed likewise" : "failed: \(error.message)"
                shown.error = error.message
                Terminal.warn("attempt \(standing.attempt - 1) \(DisplayText.printable(again)); trying again")
            }
            let isAsking = progress?.approvals.contains { $0.decision == nil } ?? false
            if standing.state == .running || standing.error != nil || isAsking {
                shown.latest = .now
                shown.isExplained = false
            } else if !shown.isExplained, .now - shown.latest > Self.patience {
                shown.isExplained = true
                try await explain(&shown)
            }
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Why nothing goes on.
    private func explain(_ shown: inout Shown) async throws {
        let lines = try await Patience.read { try await manager.why(task) }
        breakLine(&shown)
        for line in lines where line.level == 0 {
            Terminal.errors.line(Terminal.errors.styled(.dim, DisplayText.printable(line.detail)))
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
            let turn = progress.turns.first { $0.turn == approval.turn }
            for line in AgentTimeline.question(approval, about: turn?.calls.first { $0.idx == approval.idx }) {
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
