internal import JSON
internal import Plans
internal import Worker

extension PlanNode {
    /// Of a concurrency key, as the queue takes it.
    private static let longestKey = 200

    /// The task as the queue takes it.
    ///
    /// - Parameters:
    ///   - needs: Names of tasks next to it.
    ///   - rule: What its failure means to those; what the others say of it is said where they are.
    ///   - scope: What a concurrency key may speak of.
    func subtask(
        named name: String, needs: [String] = [], join: PlanJoin = .all, rule: PlanErrorRule = .fail,
        in scope: PlanScope
    ) throws -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "kind": .string(task.kind(of: place.layer)), "args": place.args,
        ]
        if !needs.isEmpty { members["needs"] = .array(needs.map { .string($0) }) }
        if !needs.isEmpty, join != .all { members["join"] = join.json }
        members["queue"] = task.queue.map { .string($0) }
        members["priority"] = task.priority.map { .integer(Int64($0)) }
        switch rule {
        case .fail, .run(_, fails: true): break
        case .skip, .run(_, fails: false): members["on_error"] = "skip"
        case .value(let value): members["on_error"] = .object(["default": value])
        }
        if place.layer == .verb, !task.verb.isContainer { try addPolicy(&members, scope) }
        return .object(members)
    }

    private func addPolicy(_ members: inout [String: JSONValue], _ scope: PlanScope) throws {
        if let retry = task.retry {
            // Each try elsewhere is a task of its own.
            members["max_attempts"] = .integer(retry.isElsewhere && place.agent != nil ? 1 : Int64(retry.maximum + 1))
            members["backoff"] = retry.backoff.map { .string($0) }
        }
        if !task.verb.waits { members["timeout"] = task.timeout?.json }
        if let key = task.key {
            members["concurrency_key"] = .string(try concurrencyKey(key, in: scope.noting(place)))
        } else if case .agent(let choices, _) = task.verb, let agent = place.agent ?? choices[place.choice ?? 0].name {
            members["concurrency_key"] = .string("agent:" + agent)
        }
    }

    private func concurrencyKey(_ template: Template, in scope: PlanScope) throws -> String {
        let key = try template.text(in: scope.values)
        guard (1...Self.longestKey).contains(key.unicodeScalars.count) else {
            throw PermanentFailure(
                "key of \(task.id): \(template.text.prefix(200)) has \(key.unicodeScalars.count) characters, not 1 to \(Self.longestKey)",
                reason: "expression")
        }
        return key
    }
}

extension PlanVerb {
    /// It only waits for others: its own tasks, people, events.
    var waits: Bool {
        switch self {
        case .plan, .vote, .approve, .wait: true
        case .agent, .tool, .kind, .emit: false
        }
    }

    /// It waits for tasks of its own, so its attempts are none of the work.
    var isContainer: Bool {
        switch self {
        case .plan, .vote: true
        case .agent, .tool, .kind, .approve, .wait, .emit: false
        }
    }
}

extension PlanJoin {
    var json: JSONValue {
        switch self {
        case .all: "all"
        case .any: "any"
        case .quorum(let count): .object(["quorum": .integer(Int64(count))])
        case .settled: "settled"
        }
    }
}
