extension Expression {
    /// What the expression results in when the paths lead to values of these types, and what cannot be meant: names that
    /// are not in scope, properties that are not there, operators that never apply. The checks are of what is certain.
    public func type(in scope: [String: ValueType]) -> (type: ValueType, problems: [ExpressionError]) {
        var typing = ExpressionTyping(scope)
        let type = typing.type(of: node)
        return (type, typing.problems)
    }

    /// What cannot be meant when the expression decides something; also that it always or never holds.
    public func conditionProblems(in scope: [String: ValueType]) -> [ExpressionError] {
        var typing = ExpressionTyping(scope)
        typing.condition(node)
        return typing.problems
    }
}

extension Template {
    /// What the template results in when the paths lead to values of these types, and what cannot be meant.
    public func type(in scope: [String: ValueType]) -> (type: ValueType, problems: [ExpressionError]) {
        var typing = ExpressionTyping(scope)
        let type = type(&typing)
        return (type, typing.problems)
    }

    func type(_ typing: inout ExpressionTyping) -> ValueType {
        if isConstant { return ValueType(of: value(in: [:])) }
        var types: [ValueType] = []
        for part in parts {
            if case .expression(let node) = part { types.append(typing.type(of: node)) }
        }
        return parts.count == 1 ? types[0] : .string
    }
}

extension TemplateValue {
    /// What the JSON results in when the paths lead to values of these types, and what cannot be meant, each with the
    /// pointer to its string.
    public func type(in scope: [String: ValueType]) -> (type: ValueType, problems: [TemplateError]) {
        var problems: [TemplateError] = []
        let type = Self.type(form, "", scope, &problems)
        return (type, problems)
    }

    private static func type(
        _ form: Form, _ pointer: String, _ scope: [String: ValueType], _ problems: inout [TemplateError]
    ) -> ValueType {
        switch form {
        case .constant(let value): return ValueType(of: value)
        case .template(let template):
            let (type, found) = template.type(in: scope)
            problems += found.map { TemplateError(pointer: pointer, error: $0) }
            return type
        case .array(let forms):
            var types: [ValueType] = []
            for (index, form) in forms.enumerated() {
                types.append(type(form, "\(pointer)/\(index)", scope, &problems))
            }
            return .array(of: .union(of: types))
        case .object(let forms):
            var types: [String: ValueType] = [:]
            for (key, form) in forms.sorted(by: { $0.key < $1.key }) {
                types[key] = type(form, "\(pointer)/\(escaped(key))", scope, &problems)
            }
            return .closed(types)
        }
    }
}
