import Agents
import FoundationEssentials
import Queue

/// What an agent did in a task, turn by turn, for people.
struct AgentTimeline {
    let progress: AgentProgress

    func print(on terminal: Terminal = .output) {
        let session = progress.session.map { ", session \($0)" } ?? ""
        terminal.line(
            terminal.styled(.bold, progress.agent)
                + terminal.styled(
                    .dim, " version \(progress.version)\(session)\(progress.isTainted ? ", tainted" : "")"))
        for turn in progress.turns {
            show(turn, on: terminal)
            for note in progress.notes where note.turn == turn.turn { show(note, on: terminal) }
        }
        if let partial = progress.partial {
            terminal.line(terminal.styled(.cyan, "turn \(partial.turn)") + terminal.styled(.dim, "  answering"))
            indented(partial.text, .dim, on: terminal)
        }
        terminal.line(terminal.styled(.dim, Self.total(progress)))
    }

    private func show(_ turn: AgentProgress.Turn, on terminal: Terminal) {
        var facts = [turn.model, Self.tokens(turn)]
        facts.append(turn.cost.map { "$\($0)" } ?? "no price known")
        facts.append(TimeText.duration(milliseconds: turn.finishedAt.timeIntervalSince(turn.startedAt) * 1000))
        if turn.attempt > 1 { facts.append("attempt \(turn.attempt)") }
        if !["stop", "tool_calls"].contains(turn.finish) { facts.append(turn.finish) }
        terminal.line(
            terminal.styled(.cyan, "turn \(turn.turn)") + "  "
                + terminal.styled(.dim, facts.compactMap { $0 }.joined(separator: "  ")))
        if let text = turn.text, !text.isEmpty { indented(text, .plain, on: terminal) }
        for call in turn.calls { terminal.line("  " + Self.line(call, on: terminal)) }
        for approval in progress.approvals where approval.turn == turn.turn {
            if let decision = approval.decision {
                let who = DisplayText.printable(approval.decidedBy ?? "somebody")
                terminal.line("  " + terminal.styled(.dim, "approval \(approval.id): \(decision) by \(who)"))
            } else {
                for line in Self.question(approval) { terminal.line("  " + terminal.styled(.yellow, line)) }
            }
        }
    }

    private func show(_ note: AgentProgress.Note, on terminal: Terminal) {
        let label =
            switch (note.role, note.kind) {
            case ("summary", _): "older messages summed up"
            case (_, "repair"): "asked to mend its answer"
            default: "told to come to an end (\(note.reason ?? "budget"))"
            }
        terminal.line(terminal.styled(.yellow, "  " + label))
    }

    private func indented(_ text: String, _ style: Style, on terminal: Terminal) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for line in lines.prefix(40) {
            terminal.line("  " + terminal.styled(style, DisplayText.printable(String(line))))
        }
        if lines.count > 40 { terminal.line(terminal.styled(.dim, "  ... \(lines.count - 40) more lines")) }
    }

    /// A tool call in a line.
    static func line(_ call: AgentProgress.Call, on terminal: Terminal) -> String {
        let style: Style =
            switch call.state {
            case "succeeded": .green
            case "failed", "rejected": .red
            case "ambiguous": .magenta
            default: .yellow
            }
        var words = [terminal.styled(.dim, terminal.usesUnicode ? "→" : "->"), DisplayText.printable(call.tool)]
        if let args = call.args { words.append(terminal.styled(.dim, excerpt(args.text, 60))) }
        words.append(terminal.styled(style, call.state))
        if let started = call.startedAt, let finished = call.finishedAt {
            words.append(
                terminal.styled(.dim, TimeText.duration(milliseconds: finished.timeIntervalSince(started) * 1000)))
        }
        if call.isTainted { words.append(terminal.styled(.magenta, "tainted")) }
        if call.state == "failed" || call.state == "rejected", let why = call.result?["content"]?.string {
            words.append(terminal.styled(.dim, excerpt(why, 80)))
        }
        return words.joined(separator: " ")
    }

    /// What a person is asked, and how to answer.
    static func question(_ approval: AgentProgress.Approval, about call: AgentProgress.Call? = nil) -> [String] {
        let lines = [
            "waits for a decision: " + DisplayText.printable(approval.title),
            call?.args.map { "  " + excerpt($0.text, 200) },
            "  agentcorp approvals decide \(approval.id) \(approval.decisions.joined(separator: "|"))",
        ]
        return lines.compactMap(\.self)
    }

    /// `3 turns, 2 tool calls, 1234 tokens, $0.0123`.
    static func total(_ progress: AgentProgress) -> String {
        let calls = progress.turns.reduce(0) { $0 + $1.calls.count }
        let cost = progress.cost.map { "$\($0)" } ?? "cost not known"
        return [
            Plural.of(progress.turns.count, "turn"), Plural.of(calls, "tool call"), "\(progress.tokens) tokens", cost,
        ].joined(separator: ", ")
    }

    private static func tokens(_ turn: AgentProgress.Turn) -> String? {
        guard let input = turn.inputTokens, let output = turn.outputTokens else { return "tokens not known" }
        let cached = (turn.cacheReadTokens ?? 0) > 0 ? " (\(turn.cacheReadTokens!) cached)" : ""
        return "\(input)\(cached) in, \(output) out"
    }

    private static func excerpt(_ text: String, _ limit: Int) -> String {
        let line = DisplayText.printable(text.split(whereSeparator: \.isNewline).joined(separator: " "))
        return line.count > limit ? line.prefix(limit) + "..." : line
    }
}
