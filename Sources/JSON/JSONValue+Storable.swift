extension JSONValue {
    /// The value as PostgreSQL's jsonb can hold it: U+0000, which it refuses, becomes U+FFFD.
    public var storable: JSONValue {
        switch self {
        case .string(let text): .string(Self.storable(text))
        case .array(let elements): .array(elements.map(\.storable))
        case .object(let members):
            .object(Dictionary(members.map { (Self.storable($0.key), $0.value.storable) }) { first, _ in first })
        default: self
        }
    }

    private static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: text.unicodeScalars.lazy.map { $0 == "\0" ? "\u{FFFD}" : $0 })
        return String(scalars)
    }
}
