extension JSONValue {
    /// The value as PostgreSQL's jsonb can hold it: U+0000, which it refuses, becomes U+FFFD.
    public var storable: JSONValue {
        switch self {
        case .string(let text): .string(text.storable)
        case .array(let elements): .array(elements.map(\.storable))
        case .object(let members):
            .object(Dictionary(members.map { ($0.key.storable, $0.value.storable) }) { first, _ in first })
        default: self
        }
    }
}

extension String {
    /// The text as PostgreSQL can hold it: U+0000 becomes U+FFFD.
    public var storable: String {
        guard utf8.contains(0) else { return self }
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: unicodeScalars.lazy.map { $0 == "\0" ? "\u{FFFD}" : $0 })
        return String(scalars)
    }
}
