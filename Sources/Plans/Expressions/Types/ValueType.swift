/// What is known of a value before it is there.
public indirect enum ValueType: Sendable, Hashable {
    case any
    case null
    case bool
    case number
    case string
    /// A string that is one of these.
    case words(Set<String>)
    case array(of: ValueType)
    /// Of a property that may be missing, the type includes null.
    case object([String: ValueType], Others)
    /// At least two, none of them `any` or a union; `union(of:)` makes it.
    case union([ValueType])

    /// What an object may have besides the properties that are known.
    public enum Others: Sendable, Hashable {
        case none
        /// Nobody has said: what looks like a known property, but for a letter or two, is taken as a mistake.
        case undeclared
        case typed(ValueType)
    }

    /// A union of more types than these is `any`.
    private static let mostAlternatives = 16

    /// What is one of these types.
    public static func union(of types: [ValueType]) -> ValueType {
        var words: Set<String> = []
        var found: [ValueType] = []
        for type in types.flatMap(\.alternatives) {
            if type == .any { return .any }
            if case .words(let more) = type {
                words.formUnion(more)
            } else if !found.contains(type) {
                found.append(type)
            }
        }
        if !words.isEmpty, !found.contains(.string) { found.append(.words(words)) }
        if found.isEmpty || found.count > mostAlternatives { return .any }
        return found.count == 1 ? found[0] : .union(found)
    }

    /// An object of these properties and no others.
    public static func closed(_ properties: [String: ValueType]) -> ValueType { .object(properties, .none) }

    /// The same, or null.
    public var orNull: ValueType { .union(of: [self, .null]) }

    /// The same without null; null itself stays.
    public var withoutNull: ValueType {
        let others = alternatives.filter { $0 != .null }
        return others.isEmpty ? self : .union(of: others)
    }

    /// Whether it may be null.
    public var canBeNull: Bool { alternatives.contains { $0 == .any || $0 == .null } }

    /// The type of its elements, when it may be an array; nil when it is none.
    public var elements: ValueType? {
        let types = alternatives.compactMap { type -> ValueType? in
            switch type {
            case .any: .any
            case .array(let elements): elements
            default: nil
            }
        }
        return types.isEmpty ? nil : .union(of: types)
    }

    /// The types of a union; of all else the type itself.
    var alternatives: [ValueType] {
        if case .union(let types) = self { types } else { [self] }
    }

    /// Whether a value of one may equal a value of the other.
    func overlaps(_ other: ValueType) -> Bool {
        alternatives.contains { left in
            other.alternatives.contains { right in
                switch (left, right) {
                case (.any, _), (_, .any), (.string, .words), (.words, .string), (.array, .array), (.object, .object):
                    true
                case (.words(let left), .words(let right)): !left.isDisjoint(with: right)
                default: left == right
                }
            }
        }
    }
}
