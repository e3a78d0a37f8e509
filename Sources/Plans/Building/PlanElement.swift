internal import Documents
public import JSON

/// A task that is written in Swift: an id, and the fields of the document.
public protocol PlanElement: Sendable {
    var id: String { get }
    /// As the document has them.
    var fields: [String: JSONValue] { get set }
}

/// What modifies a task of any verb.
extension PlanElement {
    /// The tasks whose ends it waits for.
    public func needs(_ ids: String...) -> Self { setting("needs", .array(ids.map { .string($0) })) }

    public func join(_ join: PlanJoin) -> Self {
        switch join {
        case .all: setting("join", "all")
        case .any: setting("join", "any")
        case .settled: setting("join", "settled")
        case .quorum(let count): setting("join", ["quorum": .integer(Int64(count))])
        }
    }

    /// Skipped when the expression does not hold.
    public func when(_ expression: String) -> Self { setting("when", .string(expression)) }

    /// A task for each element of an array.
    public func each(_ expression: String, atMost: Int? = nil, parallel: Int? = nil) -> Self {
        setting("each", .string(expression)).setting("max_items", atMost.map { .integer(Int64($0)) })
            .setting("parallel", parallel.map { .integer(Int64($0)) })
    }

    /// Round after round, until the expression holds.
    public func `repeat`(until expression: String? = nil, atMost: Int) -> Self {
        var loop: [String: JSONValue] = ["max": .integer(Int64(atMost))]
        loop["until"] = expression.map { .string($0) }
        return setting("repeat", .object(loop))
    }

    public func retry(_ times: Int, backoff: String? = nil, elsewhere: Bool = false) -> Self {
        var retry: [String: JSONValue] = ["max": .integer(Int64(times))]
        retry["backoff"] = backoff.map { .string($0) }
        if elsewhere { retry["elsewhere"] = true }
        return setting("retry", .object(retry))
    }

    public func timeout(_ duration: Duration) -> Self { setting("timeout", .string(DurationText.text(duration))) }

    public func budget(usd: Double? = nil, tokens: Int? = nil, turns: Int? = nil, time: Duration? = nil) -> Self {
        setting("budget", .budget(usd: usd, tokens: tokens, turns: turns, time: time))
    }

    public func onError(_ rule: PlanErrorRule) -> Self {
        switch rule {
        case .fail: setting("on_error", "fail")
        case .skip: setting("on_error", "skip")
        case .value(let value): setting("on_error", .object(["default": value]))
        case .run(let id, fails: false): setting("on_error", .object(["run": .string(id)]))
        case .run(let id, fails: true): setting("on_error", .object(["run": .string(id), "then": "fail"]))
        }
    }

    /// Where and how urgently it waits: 0 is the most urgent; tasks of one key share its limit.
    public func placed(queue: String? = nil, priority: Int? = nil, key: String? = nil) -> Self {
        setting("queue", queue.map { .string($0) }).setting("priority", priority.map { .integer(Int64($0)) })
            .setting("key", key.map { .string($0) })
    }

    /// A remark for people.
    public func described(_ text: String) -> Self { setting("description", .string(text)) }

    /// The same with a field of the document; nil changes nothing.
    public func setting(_ name: String, _ value: JSONValue?) -> Self {
        var task = self
        if let value { task.fields[name] = value }
        return task
    }
}

extension JSONValue {
    /// A budget as documents have it.
    static func budget(usd: Double?, tokens: Int?, turns: Int?, time: Duration?) -> JSONValue {
        var members: [String: JSONValue] = [:]
        members["usd"] = usd.map { .number($0) }
        members["tokens"] = tokens.map { .integer(Int64($0)) }
        members["turns"] = turns.map { .integer(Int64($0)) }
        members["time"] = time.map { .string(DurationText.text($0)) }
        return .object(members)
    }
}
