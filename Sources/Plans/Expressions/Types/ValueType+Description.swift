extension ValueType: CustomStringConvertible {
    /// The type in words, for messages: "a string or null".
    public var description: String {
        switch self {
        case .any: return "anything"
        case .null: return "null"
        case .bool: return "true or false"
        case .number: return "a number"
        case .string: return "a string"
        case .words(let words):
            let shown = words.sorted().prefix(8).map { "\"\($0.prefix(40))\"" }
            return Self.list(words.count > 8 ? shown + ["\(words.count - 8) more"] : shown)
        case .array: return "an array"
        case .object: return "an object"
        case .union(let types):
            var names: [String] = []
            for type in types where !names.contains(type.description) { names.append(type.description) }
            return Self.list(names)
        }
    }

    private static func list(_ names: [String]) -> String {
        names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
    }
}
