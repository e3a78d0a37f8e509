internal import JSON

extension ExpressionTyping {
    mutating func comparison(
        _ left: ExpressionNode, _ comparison: ExpressionNode.Comparison, _ right: ExpressionNode
    ) -> ValueType {
        let leftType = type(of: left)
        let rightType = type(of: right)
        switch comparison {
        case .equal, .unequal:
            if !leftType.overlaps(rightType) {
                report(
                    Self.unequal(leftType, rightType), at: right.offset, hint: Self.word(rightType, among: leftType))
            }
            return .bool
        case .within: return within(left, leftType, right, rightType)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard leftType != .null, rightType != .null else { return .bool.orNull }
            let numbers = Self.fits(leftType, .number, rightType, .number)
            let strings = Self.fits(leftType, .string, rightType, .string)
            guard let certain = [numbers, strings].compactMap(\.self).max(by: { !$0 && $1 }) else {
                report(
                    "\(comparison.rawValue) does not apply to \(leftType) and \(rightType)", at: right.offset,
                    hint: "it compares numbers with numbers, and strings with strings")
                return .bool.orNull
            }
            return certain ? .bool : .bool.orNull
        }
    }

    /// Whether both sides are of their types for certain; nil when they never are.
    private static func fits(
        _ left: ValueType, _ wantedLeft: ValueType, _ right: ValueType, _ wantedRight: ValueType
    ) -> Bool? {
        guard let left = certainty(left, [wantedLeft]), let right = certainty(right, [wantedRight]) else {
            return Optional.none
        }
        return left && right
    }

    private static func unequal(_ left: ValueType, _ right: ValueType) -> String {
        if right == .null || left == .null { return "\(right == .null ? left : right) is never null" }
        return "\(left) is never equal to \(right)"
    }

    /// The word that was meant.
    private static func word(_ type: ValueType, among other: ValueType) -> String? {
        let known = other.alternatives.flatMap { type -> [String] in
            if case .words(let words) = type { words.sorted() } else { [] }
        }
        guard case .words(let words) = type, words.count == 1, let word = words.first else { return Optional.none }
        return ExpressionMistakes.nearest(to: word, in: known).map { "did you mean \"\($0)\"?" }
    }

    private mutating func within(
        _ left: ExpressionNode, _ part: ValueType, _ right: ExpressionNode, _ whole: ValueType
    ) -> ValueType {
        // Of a list that is written out, each element must be possible.
        if case .array(let elements) = right.form {
            for element in elements {
                let type = type(of: element)
                guard !type.overlaps(part) else { continue }
                report(Self.unequal(part, type), at: element.offset, hint: Self.word(type, among: part))
            }
            return .bool
        }
        guard part != .null || !whole.overlaps(.array(of: .any)), whole != .null else { return .bool.orNull }
        var isPossible = false
        var isCertain = true
        for type in whole.alternatives {
            switch type {
            case .any:
                isPossible = true
                isCertain = false
            case .array(let elements):
                if elements.overlaps(part) { isPossible = true }
            case .string, .words, .object:
                if part.overlaps(.string) { isPossible = true }
                if !part.alternatives.allSatisfy({ $0 != .any && $0.overlaps(.string) }) { isCertain = false }
            default: isCertain = false
            }
        }
        guard isPossible else {
            report(
                "\(part) is never in \(whole)", at: left.offset,
                hint: "in looks for an element of an array, a part of a string, a key of an object")
            return .bool.orNull
        }
        return isCertain ? .bool : .bool.orNull
    }

    mutating func call(_ function: ExpressionFunction, _ arguments: [ExpressionNode], at offset: Int) -> ValueType {
        let first = type(of: arguments[0])
        let others = arguments.dropFirst().map { type(of: $0) }
        switch function {
        case .json: return .string
        case .default:
            return .union(of: [first.withoutNull, others[0]].filter { $0 != .null || others[0] == .null })
        case .len:
            return result(function, .number, first, [.string, .array(of: .any), .closed([:])], at: arguments[0].offset)
        case .has:
            if case .literal(.string(let key)) = arguments[1].form, first.overlaps(.closed([:])) {
                _ = member(key, of: first, at: arguments[1].offset)
            } else if Self.fits(first, .closed([:]), others[0], .string) == nil,
                Self.fits(first, .array(of: .any), others[0], .number) == nil
            {
                report("\(others[0]) is never in \(first)", at: arguments[1].offset, hint: function.usage)
            }
            return .bool
        case .any, .all:
            if let key = arguments.dropFirst().first, let elements = first.elements {
                if case .literal(.string(let name)) = key.form {
                    _ = member(name, of: elements, at: key.offset)
                } else if !others[0].overlaps(.string) {
                    report("\(others[0]) is no key of an object", at: key.offset)
                }
            }
            return result(function, .bool, first, [.array(of: .any)], at: arguments[0].offset)
        case .join:
            let type = result(function, .string, first, [.array(of: .any)], at: arguments[0].offset)
            guard let certain = Self.certainty(others[0], [.string]) else {
                report("\(others[0]) is no separator", at: arguments[1].offset, hint: function.usage)
                return .any
            }
            return certain ? type : type.orNull
        }
    }

    /// What a function gives that applies to some types only.
    private mutating func result(
        _ function: ExpressionFunction, _ result: ValueType, _ argument: ValueType, _ wanted: [ValueType],
        at offset: Int
    ) -> ValueType {
        guard let certain = Self.certainty(argument, wanted) else {
            report("\(function.rawValue) does not apply to \(argument)", at: offset, hint: function.usage)
            return .any
        }
        return certain ? result : result.orNull
    }
}
