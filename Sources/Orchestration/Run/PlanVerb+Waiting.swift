internal import JSON
internal import Plans

extension PlanApproval {
    func arguments(in values: [String: JSONValue]) throws -> [String: JSONValue] {
        var arguments: [String: JSONValue] = [
            "title": .string(try title.text(in: values)), "decisions": .array(decisions.map { .string($0) }),
            "approvers": .array(approvers.map { .string($0) }),
        ]
        arguments["value"] = try value?.result(in: values)
        arguments["expires"] = expires.map(\.json)
        arguments["default"] = fallback.map { .string($0) }
        return arguments
    }
}

extension PlanWait {
    func arguments(in values: [String: JSONValue]) throws -> [String: JSONValue] {
        var arguments: [String: JSONValue] = [:]
        arguments["topic"] = try topic.map { .string(try $0.text(in: values)) }
        arguments["key"] = try key.map { .string(try $0.text(in: values)) }
        arguments["until"] = try moment.map { .string(try $0.text(in: values)) }
        arguments["for"] = duration.map(\.json)
        if let condition {
            arguments["where"] = .string(condition.text)
            arguments["scope"] = .object(values.filter { condition.roots.contains($0.key) })
        }
        return arguments
    }
}

extension PlanVote {
    func arguments(in values: [String: JSONValue]) throws -> [String: JSONValue] {
        var arguments: [String: JSONValue] = [
            "options": try options.result(in: values), "blind": .bool(isBlind), "abstain": .bool(mayAbstain),
            "voters": .array(
                voters.map { .object(["agent": $0.agent.json, "weight": .number($0.weight)]) }),
            "rounds": .object(["max": .integer(Int64(rounds)), "share": .string(share.rawValue)]),
            "otherwise": .string(otherwise.rawValue), "tie": tie.json,
        ]
        arguments.merge(rule.arguments) { $1 }
        arguments["question"] = try question.map { .string(try $0.text(in: values)) }
        arguments["threshold"] = threshold.map { .number($0) }
        arguments["quorum"] = quorum.map { .integer(Int64($0)) }
        return arguments
    }
}

extension VoteRule {
    fileprivate var arguments: [String: JSONValue] {
        switch self {
        case .majority: ["rule": "majority"]
        case .supermajority: ["rule": "supermajority"]
        case .plurality: ["rule": "plurality"]
        case .unanimous: ["rule": "unanimous"]
        case .weighted: ["rule": "weighted"]
        case .ranked(let method): ["rule": "ranked", "method": .string(method.rawValue)]
        case .score(let method): ["rule": "score", "method": .string(method.rawValue)]
        case .approval: ["rule": "approval"]
        case .judge(let judge): ["rule": "judge", "judge": judge.json]
        }
    }
}

extension PlanVote.TieRule {
    fileprivate var json: JSONValue {
        switch self {
        case .none: "none"
        case .first: "first"
        case .judge(let judge): .object(["judge": judge.json])
        }
    }
}

extension Duration {
    /// As the queue reads it, `90000ms`.
    var json: JSONValue {
        .string("\(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)ms")
    }
}
