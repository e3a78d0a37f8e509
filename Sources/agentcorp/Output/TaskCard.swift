import FoundationEssentials
import Postgres
import Queue

/// All about one task, for people.
struct TaskCard {
    private let task: JSONValue

    /// Takes what `TaskManager.describe` returns.
    init(_ task: JSONValue) { self.task = task }

    func print(on terminal: Terminal = .output) {
        field("task", text("id").map { id in id + (text("name").map { " \($0)" } ?? "") }, .bold, terminal)
        let state = text("state") ?? ""
        field("state", state, TaskState(rawValue: state).map { Style($0) } ?? .plain, terminal)
        for name in ["kind", "queue", "priority"] { field(name, text(name), .plain, terminal) }
        field("attempt", text("attempt").map { "\($0) of \(text("max_attempts") ?? "?")" }, .plain, terminal)
        field("parent", text("parent_id"), .plain, terminal)
        if text("root_id") != text("id") { field("root", text("root_id"), .plain, terminal) }
        if let origin = task["forked_from"], let original = origin["task_id"] {
            field("fork of", plain(original) + (origin["step"]?.string.map { " at \($0)" } ?? ""), .plain, terminal)
        }
        field("needs", list("needs"), .plain, terminal)
        field("tags", list("tags"), .plain, terminal)
        field("policy", text("policy"), .plain, terminal)
        for (name, key) in [("tenant", "tenant"), ("key", "concurrency_key"), ("in order", "ordered_key")] {
            field(name, text(key), .plain, terminal)
        }
        for (name, key) in [
            ("added", "created_at"), ("run at", "run_at"), ("started", "started_at"), ("ended", "finished_at"),
        ] {
            field(name, moment(task[key]), .plain, terminal)
        }
        field("took", milliseconds(task["ran_ms"]), .plain, terminal)
        field("worker", text("worker_id"), .plain, terminal)
        if let progress = task["progress"] {
            let share = number(progress["fraction"]).map { "\(Int(($0 * 100).rounded()))%" }
            field(
                "progress", [share, progress["message"]?.string].compactMap { $0 }.joined(separator: " "), .plain,
                terminal)
        }
        if case .array(let waits)? = task["waits"] {
            field("waits for", waits.map(plainWait).joined(separator: "\n"), .plain, terminal)
        }
        field("steps", list("steps"), .plain, terminal)
        field("error", task["error"]?["message"]?.string, .red, terminal)
        field("reason", task["error"]?["reason"]?.string, .plain, terminal)
        field("detail", task["error"]?["detail"].map(plain), .plain, terminal)
        field("args", text("args"), .plain, terminal)
        if case .null? = task["output"] {} else { field("output", text("output"), .plain, terminal) }
        attempts(terminal)
    }

    private func attempts(_ terminal: Terminal) {
        guard case .array(let attempts)? = task["attempts"], !attempts.isEmpty else { return }
        var table = Table([
            .init("ATTEMPT", isRight: true), .init("OUTCOME"), .init("ENDED"), .init("TIME"),
            .init("WORKER", isRight: true),
            .init("NOTE", isFlexible: true),
        ])
        for attempt in attempts {
            let outcome = attempt["outcome"]?.string ?? ""
            table.add([
                .init(attempt["attempt"].map(plain)), .init(outcome, Style(outcome: outcome)),
                .init(moment(attempt["finished_at"]), .dim), .init(milliseconds(attempt["ran_ms"]), .dim),
                .init(attempt["worker_id"].map(plain), .dim), .init(attempt["error"]?["message"]?.string, .dim),
            ])
        }
        terminal.line()
        table.print(whenEmpty: "", on: terminal)
    }

    private func field(_ name: String, _ value: String?, _ style: Style, _ terminal: Terminal) {
        guard let value, !value.isEmpty else { return }
        let lines = value.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map {
            DisplayText.printable(String($0))
        }
        let label = terminal.styled(.dim, DisplayText.pad(name, to: 9))
        terminal.line(
            label + " "
                + lines.map { terminal.styled(style, $0) }.joined(separator: "\n" + String(repeating: " ", count: 10)))
    }

    private func text(_ key: String) -> String? { task[key].map(plain) }

    private func list(_ key: String) -> String? {
        guard case .array(let values)? = task[key] else { return nil }
        return values.map(plain).joined(separator: ", ")
    }

    private func plain(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text }
        return (try? JSONCoding.encode(value).text) ?? ""
    }

    private func plainWait(_ wait: JSONValue) -> String {
        let event = [wait["topic"]?.string, wait["key"]?.string].compactMap { $0 }.joined(separator: " ")
        return event + (moment(wait["timeout_at"]).map { ", until \($0)" } ?? "")
    }

    private func number(_ value: JSONValue?) -> Double? {
        switch value {
        case .number(let number)?: number
        case .integer(let number)?: Double(number)
        default: nil
        }
    }

    private func milliseconds(_ value: JSONValue?) -> String? {
        number(value).map { TimeText.duration(milliseconds: $0) }
    }

    private func moment(_ value: JSONValue?) -> String? {
        guard let text = value?.string else { return nil }
        guard let date = Moment.exact(text)?.date else { return text }
        return "\(TimeText.exact(date)) (\(TimeText.relative(date)))"
    }
}
