internal import JSON

extension ExpressionTyping {
    /// What a member or an element is, or what is wrong with asking for it.
    private enum Found {
        case type(ValueType)
        case problem(String, hint: String?)
    }

    mutating func type(of step: ExpressionNode.Step, in base: ValueType) -> ValueType {
        switch step.form {
        case .member(let name): return member(name, of: base, at: step.offset)
        case .element(let index):
            return find(in: base, at: step.offset) { Self.element(index, of: $0) }
        case .computed(let node):
            let key = type(of: node)
            return find(in: base, at: step.offset) { Self.value(for: key, in: $0) }
        }
    }

    mutating func member(_ name: String, of base: ValueType, at offset: Int) -> ValueType {
        find(in: base, at: offset) { Self.member(name, of: $0) }
    }

    /// It is a problem when it is one with all that the value may be.
    private mutating func find(in base: ValueType, at offset: Int, _ look: (ValueType) -> Found) -> ValueType {
        var types: [ValueType] = []
        var problem: (message: String, hint: String?)?
        var isFound = base == .null
        for alternative in base.alternatives {
            switch look(alternative) {
            case .type(let type):
                types.append(type)
                if alternative != .null { isFound = true }
            case .problem(let message, let hint):
                types.append(.null)
                if problem == nil { problem = (message, hint) }
            }
        }
        if let problem, !isFound {
            report(problem.message, at: offset, hint: problem.hint)
            return .any
        }
        return .union(of: types)
    }

    private static func member(_ name: String, of type: ValueType) -> Found {
        switch type {
        case .any: return .type(.any)
        case .null: return .type(.null)
        case .object(let properties, let others):
            if let type = properties[name] { return .type(type) }
            let names = properties.keys.sorted()
            let near = ExpressionMistakes.nearest(to: name, in: names)
            switch others {
            case .typed(let type): return .type(type.orNull)
            case .undeclared:
                guard let near else { return .type(.any) }
                return .problem(
                    "the schema has no property \"\(name)\"",
                    hint: "did you mean \(near)? Otherwise add it to the schema's properties")
            case .none:
                let known = names.isEmpty ? "it has none" : "it has \(names.prefix(12).joined(separator: ", "))"
                return .problem(
                    "there is no property \"\(name.prefix(64))\"",
                    hint: near.map { "did you mean \($0)?" } ?? (names.count > 12 ? known + " and more" : known))
            }
        case .array:
            let hint =
                isLength(name)
                ? "did you mean len(value)?" : "an element is items[0]; any(items, \"\(name)\") looks into all"
            return .problem("an array has no property \"\(name.prefix(64))\"", hint: hint)
        default:
            return .problem(
                "\(type) has no property \"\(name.prefix(64))\"",
                hint: isLength(name) ? "did you mean len(value)?" : nil)
        }
    }

    private static func isLength(_ name: String) -> Bool { ["length", "size", "count"].contains(name) }

    private static func element(_ index: Int, of type: ValueType) -> Found {
        switch type {
        case .any: .type(.any)
        case .null: .type(.null)
        case .array(let elements): .type(elements.orNull)
        default: .problem("\(type) has no elements", hint: nil)
        }
    }

    private static func value(for key: ValueType, in type: ValueType) -> Found {
        switch type {
        case .any: return .type(.any)
        case .null: return .type(.null)
        case .array(let elements):
            guard key.overlaps(.number) || key == .null else {
                return .problem("\(key) is no index into an array", hint: "elements count from 0")
            }
            return .type(elements.orNull)
        case .object:
            guard key.overlaps(.string) || key == .null else {
                return .problem("\(key) is no key of an object", hint: nil)
            }
            return .type(.any)
        default: return .problem("\(type) has no elements", hint: nil)
        }
    }
}
