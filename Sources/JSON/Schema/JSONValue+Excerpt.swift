extension JSONValue {
    /// A few words on a value, for a message.
    var excerpt: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text) where text.utf8.count > 60: "a string that begins \"\(text.prefix(40))\""
        case .string(let text): "\"\(text)\""
        case .array(let elements): elements.isEmpty ? "an empty array" : "an array"
        case .object(let members): members.isEmpty ? "an empty object" : "an object"
        }
    }

    /// The same with every number that is an integer written as one: JSON knows one kind of number, 1.0 is 1.
    var normalized: JSONValue {
        switch self {
        case .number(let number): Int64(exactly: number).map { .integer($0) } ?? self
        case .array(let elements): .array(elements.map(\.normalized))
        case .object(let members): .object(members.mapValues(\.normalized))
        default: self
        }
    }

    /// How many values it is made of, counted up to a limit.
    func size(upTo limit: Int) -> Int {
        var size = 1
        switch self {
        case .array(let elements):
            for element in elements where size < limit { size += element.size(upTo: limit - size) }
        case .object(let members):
            for member in members.values where size < limit { size += member.size(upTo: limit - size) }
        default:
            break
        }
        return size
    }
}
