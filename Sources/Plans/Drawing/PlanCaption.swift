internal import Documents
internal import JSON

/// A task in few words.
struct PlanCaption {
    /// What it does: `agent writer`, `vote majority of 3`.
    let verb: String
    /// What modifies it: `each split (≤6)`, `on error: skip`.
    let notes: [String]

    init(_ task: PlanTask) {
        verb = Self.verb(task.verb)
        notes = Self.notes(task)
    }

    private static func verb(_ verb: PlanVerb) -> String {
        switch verb {
        case .agent(let choices, _): choices.count == 1 ? name(choices[0]) : list(choices.map(name))
        case .tool(let name, _): "tool \(name)"
        case .kind(let name, _): "kind \(name)"
        case .plan(.named(let name), _): "plan \(name)"
        case .plan(.inline, _): "plan"
        case .vote(let vote): "vote: \(vote.rule.method ?? vote.rule.word), \(count(vote.voters.count, "voter"))"
        case .approve(let approval):
            "approve" + (approval.approvers.isEmpty ? "" : ": \(approval.approvers.joined(separator: ", "))")
        case .wait(let wait):
            "wait" + (wait.topic.map { " for \($0.text)" } ?? "") + (wait.moment.map { " until \($0.text)" } ?? "")
                + (wait.duration.map { "\(wait.topic == nil ? "" : ",") \(DurationText.text($0))" } ?? "")
        case .emit(let topic, _, _): "emit \(topic.text)"
        }
    }

    private static func name(_ choice: AgentChoice) -> String {
        switch choice {
        case .named(let name): "agent \(name)"
        case .role(let role, let skills, _):
            "role \(role)" + (skills.isEmpty ? "" : " (\(skills.joined(separator: ", ")))")
        }
    }

    private static func list(_ names: [String]) -> String {
        let names = names.map { $0.hasPrefix("agent ") ? String($0.dropFirst(6)) : $0 }
        return "agents " + names.prefix(4).joined(separator: ", ")
            + (names.count > 4 ? " and \(names.count - 4) more" : "")
    }

    private static func notes(_ task: PlanTask) -> [String] {
        var notes: [String] = []
        switch task.join {
        case .all: break
        case .any: notes.append("any of its needs")
        case .quorum(let count): notes.append("\(count) of its needs")
        case .settled: notes.append("needs ended, however")
        }
        if let when = task.when { notes.append("when \(when.text)") }
        if let each = task.each {
            let parallel = each.parallel.map { ", \($0) at once" } ?? ""
            notes.append("each \(each.items.text) (up to \(each.maximum)\(parallel))")
        }
        if let loop = task.loop {
            notes.append("repeat" + (loop.until.map { " until \($0.text)" } ?? "") + " (up to \(loop.maximum))")
        }
        if case .vote(let vote) = task.verb, vote.rounds > 1 { notes.append("up to \(vote.rounds) rounds") }
        if let delegate = task.delegate {
            notes.append(
                "may delegate to \(delegate.agents.joined(separator: ", ")) (up to \(delegate.maxTasks) tasks)")
        }
        if let retry = task.retry, retry.maximum > 0 {
            notes.append("retry \(retry.maximum) times" + (retry.isElsewhere ? ", elsewhere" : ""))
        }
        if let timeout = task.timeout { notes.append("timeout \(DurationText.text(timeout))") }
        if let usd = task.budget?["usd"]?.double { notes.append("at most $\(JSONValue.number(usd).text)") }
        switch task.onError {
        case .fail: break
        case .skip: notes.append("on error: skip")
        case .value(let value): notes.append("on error: \(value.text)")
        case .run(let handler, let fails): notes.append("on error: \(handler)" + (fails ? ", and fail" : ""))
        }
        return notes
    }

    private static func count(_ count: Int, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
}

extension PlanTrigger {
    /// In few words.
    var caption: String {
        switch self {
        case .topic(let pattern, let condition, _, _):
            "event \(pattern)" + (condition.map { " where \($0.text)" } ?? "")
        case .cron(let cron, let timezone): "cron \(cron)" + (timezone.map { " \($0)" } ?? "")
        case .webhook(let name, _): "webhook \(name)"
        }
    }
}
