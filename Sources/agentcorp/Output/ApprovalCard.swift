import Agents
import FoundationEssentials
import JSON

/// All about one request, for the person who decides.
struct ApprovalCard {
    let approval: ApprovalRecord

    func print(on terminal: Terminal = .output) {
        field("approval", "\(approval.id), \(state)", approval.state == "open" ? .yellow : .plain, terminal)
        field("question", approval.title, .bold, terminal)
        field("why", Self.why(approval), .plain, terminal)
        let run = approval.run == approval.task ? "" : ", in run \(approval.run)"
        field("task", "\(approval.task)\(approval.name.map { " \($0)" } ?? "")\(run)", .plain, terminal)
        field("agent", approval.agent, .plain, terminal)
        field("tool", approval.tool.map { "\($0), \(Self.effect(approval.effect))" }, .plain, terminal)
        if let args = approval.args { block("with", args, .plain, terminal) }
        if let value = approval.value { block("value", value, .plain, terminal) }
        if let edited = approval.edited { block("changed", edited, .yellow, terminal) }
        field(
            "asked", "\(TimeText.exact(approval.createdAt)) (\(TimeText.relative(approval.createdAt)))", .dim, terminal)
        field("expires", expiry, .plain, terminal)
        field("approvers", approval.approvers.joined(separator: ", "), .plain, terminal)
        field("hash", approval.hash, .dim, terminal)
        field("response", approval.response, .plain, terminal)
        if approval.state == "open" {
            let hash = approval.hash.prefix(12)
            field(
                "answer", "agentcorp approvals decide \(approval.id) \(Self.answers(approval)) --hash \(hash)", .dim,
                terminal)
        }
    }

    static func answers(_ approval: ApprovalRecord) -> String { approval.decisions.joined(separator: "|") }

    /// Who has decided, and what.
    static func decision(_ approval: ApprovalRecord) -> String? {
        guard let decision = approval.decision else { return nil }
        if approval.isTimeout { return decision == "expired" ? decision : "\(decision), nobody in time" }
        let who = approval.decidedBy ?? "somebody"
        return approval.rule.map { "\(decision) by rule \($0) of \(who)" } ?? "\(decision) by \(who)"
    }

    private static func why(_ approval: ApprovalRecord) -> String {
        switch approval.reason {
        case "tainted": "the agent has read something from outside, and the call takes effect once"
        case "ambiguous": "the call was interrupted: it may have happened or not"
        case "policy": "the agent's configuration asks about this tool"
        default: "a task asks"
        }
    }

    private static func effect(_ effect: String?) -> String {
        switch effect {
        case "pure": "changes nothing"
        case "idempotent": "may be repeated"
        default: "takes effect each time"
        }
    }

    private var state: String {
        switch approval.state {
        case "open": "open"
        case "moot": "moot: its task has gone on or ended without a decision"
        case "expired" where approval.decision == nil: "expired"
        default: Self.decision(approval) ?? approval.state
        }
    }

    private var expiry: String? {
        guard let expires = approval.expiresAt else { return nil }
        let after = approval.fallback.map { "then it is \($0)" } ?? "then the task fails"
        return "\(TimeText.exact(expires)) (\(TimeText.relative(expires))), \(after)"
    }

    private func field(_ name: String, _ value: String?, _ style: Style, _ terminal: Terminal) {
        guard let value, !value.isEmpty else { return }
        terminal.line(
            terminal.styled(.dim, DisplayText.pad(name, to: 9)) + " "
                + terminal.styled(style, DisplayText.printable(value)))
    }

    private func block(_ name: String, _ value: JSONValue, _ style: Style, _ terminal: Terminal) {
        let lines = JSONLines.lines(value)
        for (index, line) in lines.enumerated() {
            terminal.line(
                terminal.styled(.dim, DisplayText.pad(index == 0 ? name : "", to: 9)) + " "
                    + terminal.styled(style, line))
        }
    }
}
