package import JSON

extension Expression {
    /// JSON that the value of a name contains wherever the expression holds, as PostgreSQL's `@>` understands it: of
    /// `event.id == trigger.id && event.new`, `{"id": 7}`. Empty when nothing of the expression can be said so.
    package func filter(on name: String, in scope: [String: JSONValue]) -> JSONValue {
        var filter: JSONValue = [:]
        for condition in node.conjunction {
            guard case .comparison(let left, .equal, let right) = condition.form else { continue }
            for (path, other) in [(left, right), (right, left)] {
                guard let members = path.members(of: name), !other.speaks(of: name) else { continue }
                var evaluation = ExpressionEvaluation(scope)
                guard let value = evaluation.result(of: other), value.isPlain else { continue }
                filter = filter.adding(value, at: members[...]) ?? filter
            }
        }
        return filter
    }
}

extension ExpressionNode {
    /// What must all hold.
    fileprivate var conjunction: [ExpressionNode] {
        if case .and(let operands) = form { operands.flatMap(\.conjunction) } else { [self] }
    }

    /// The names of a path that begins with `name` and goes from member to member.
    fileprivate func members(of name: String) -> [String]? {
        guard case .access(let base, let steps) = form, case .root(name) = base.form else { return nil }
        let members = steps.compactMap { if case .member(let member) = $0.form { member } else { nil } }
        return members.count == steps.count ? members : nil
    }

    fileprivate func speaks(of name: String) -> Bool {
        path == name || parts.contains { $0.speaks(of: name) }
    }
}

extension JSONValue {
    /// Whether PostgreSQL takes the same values for equal.
    fileprivate var isPlain: Bool {
        switch self {
        case .bool: true
        case .integer(let number): abs(number) < 1 << 53
        case .string(let text): text.utf8.count <= 1000
        default: false
        }
    }

    /// Nil when there is something else at that place.
    fileprivate func adding(_ value: JSONValue, at path: ArraySlice<String>) -> JSONValue? {
        guard let name = path.first else { return nil }
        guard case .object(var members) = self else { return nil }
        if path.count == 1 {
            guard members[name] == nil else { return nil }
            members[name] = value
        } else {
            guard let inner = (members[name] ?? [:]).adding(value, at: path.dropFirst()) else { return nil }
            members[name] = inner
        }
        return .object(members)
    }
}
