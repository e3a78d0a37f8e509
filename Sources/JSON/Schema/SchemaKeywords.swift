internal import Patterns

/// The members of a schema, read as what they must be.
struct SchemaKeywords {
    let members: [String: JSONValue]
    let steps: [String]

    func mistake(_ keyword: String, _ message: String) -> JSONSchemaError {
        JSONSchemaError(pointer: JSONPointer.text(steps + [keyword]), message: message)
    }

    func string(_ keyword: String) throws(JSONSchemaError) -> String? {
        guard let value = members[keyword] else { return nil }
        guard case .string(let text) = value else {
            throw mistake(keyword, "must be a string, is \(value.excerpt)")
        }
        return text
    }

    func number(_ keyword: String) throws(JSONSchemaError) -> Double? {
        switch members[keyword] {
        case nil: return nil
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .bool?:
            let bound = keyword == "exclusiveMinimum" ? "minimum" : "maximum"
            throw mistake(
                keyword, "must be a number, is true or false: write the bound here in place of \"\(bound)\"")
        case let value?: throw mistake(keyword, "must be a number, is \(value.excerpt)")
        }
    }

    func count(_ keyword: String) throws(JSONSchemaError) -> Int? {
        guard let value = members[keyword] else { return nil }
        guard case .integer(let count) = value.normalized, count >= 0 else {
            throw mistake(keyword, "must be an integer that is not negative, is \(value.excerpt)")
        }
        return Int(count)
    }

    func flag(_ keyword: String) throws(JSONSchemaError) -> Bool {
        switch members[keyword] {
        case nil: return false
        case .bool(let value): return value
        case let value?: throw mistake(keyword, "must be true or false, is \(value.excerpt)")
        }
    }

    func list(_ keyword: String) throws(JSONSchemaError) -> [JSONValue]? {
        guard let value = members[keyword] else { return nil }
        guard case .array(let elements) = value else {
            throw mistake(keyword, "must be an array, is \(value.excerpt)")
        }
        return elements
    }

    func map(_ keyword: String) throws(JSONSchemaError) -> [(key: String, value: JSONValue)]? {
        guard let value = members[keyword] else { return nil }
        guard case .object(let members) = value else {
            throw mistake(keyword, "must be an object, is \(value.excerpt)")
        }
        return members.sorted { $0.key < $1.key }
    }

    func names(_ keyword: String) throws(JSONSchemaError) -> [String]? {
        guard let value = members[keyword] else { return nil }
        return try names(value, keyword)
    }

    func names(_ value: JSONValue, _ keyword: String) throws(JSONSchemaError) -> [String] {
        guard case .array(let elements) = value else {
            throw mistake(keyword, "must be an array of names, is \(value.excerpt)")
        }
        let names = elements.compactMap(\.string)
        guard names.count == elements.count else { throw mistake(keyword, "must hold names only, as strings") }
        return names
    }

    func pattern(_ text: String, _ keyword: String) throws(JSONSchemaError) -> Pattern {
        do {
            return try Pattern(text, dialect: .ecma)
        } catch {
            throw mistake(keyword, error.description)
        }
    }

    func types() throws(JSONSchemaError) -> [SchemaType] {
        guard let value = members["type"] else { return [] }
        let elements: [JSONValue] = if case .array(let elements) = value { elements } else { [value] }
        guard !elements.isEmpty else { throw mistake("type", "names no type: leave it out where all are meant") }
        var types: [SchemaType] = []
        for element in elements {
            guard let word = element.string, let type = SchemaType(rawValue: word) else {
                let known = SchemaType.allCases.map(\.rawValue)
                let guess = element.string.flatMap { Spelling.nearest(to: String($0.prefix(20)), in: known) }
                throw mistake(
                    "type",
                    "\(element.excerpt) is no type"
                        + (guess.map { ", did you mean \"\($0)\"?" }
                            ?? ": the types are \(known.joined(separator: ", "))"))
            }
            types.append(type)
        }
        return types
    }
}
