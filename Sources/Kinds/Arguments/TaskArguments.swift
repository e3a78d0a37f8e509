internal import JSON
internal import Queue
internal import Worker

/// The arguments of a task, read field by field, so that a mistake is named in the words of whoever wrote the JSON.
///
/// Every mistake is a `PermanentFailure` with reason `arguments`: another attempt would not mend it.
struct TaskArguments {
    private let kind: String
    private let fields: [String: JSONValue]

    /// Throws when `json` is no object, or has a field that is not `known`.
    init(_ json: [UInt8], kind: String, known: [String]) throws {
        guard case .object(let fields) = try? JSONCoding.decode(json, as: JSONValue.self) else {
            throw PermanentFailure(
                "the arguments of \(kind) must be a JSON object with \(known.joined(separator: ", "))",
                reason: "arguments")
        }
        self.kind = kind
        self.fields = fields
        for name in fields.keys.sorted() where !known.contains(name) {
            let hint =
                Spelling.nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
                ?? "it takes \(known.joined(separator: ", "))"
            throw PermanentFailure("\(kind) has no argument \"\(name)\"; \(hint)", reason: "arguments")
        }
    }

    /// A mistake in a field.
    func mistake(_ field: String, _ what: String) -> PermanentFailure {
        PermanentFailure("the argument \"\(field)\" of \(kind) \(what)", reason: "arguments")
    }

    /// The value of a field; nil when it is missing or null.
    func value(_ field: String) -> JSONValue? {
        guard let value = fields[field], value != .null else { return nil }
        return value
    }

    func string(_ field: String) throws -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value.string else { throw mistake(field, "must be a string") }
        return text
    }

    /// One of a few words.
    func word<Word: RawRepresentable & CaseIterable>(_ field: String, as type: Word.Type = Word.self) throws -> Word?
    where Word.RawValue == String {
        guard let text = try string(field) else { return nil }
        guard let word = Word(rawValue: text) else {
            let all = Word.allCases.map(\.rawValue)
            let hint = Spelling.nearest(to: text, in: all).map { "; did you mean \"\($0)\"?" } ?? ""
            throw mistake(field, "must be one of \(all.joined(separator: ", ")), not \"\(text)\"\(hint)")
        }
        return word
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(field) else { return nil }
        guard case .integer(let number) = value, let number = Int(exactly: number), range.contains(number) else {
            throw mistake(field, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ field: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = value(field) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let number): Double(number)
            case .number(let number): number
            default: nil
            }
        guard let number, range.contains(number) else {
            throw mistake(field, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func array(_ field: String) throws -> [JSONValue]? {
        guard let value = value(field) else { return nil }
        guard case .array(let elements) = value else { throw mistake(field, "must be an array") }
        return elements
    }

    /// An array of strings. Numbers and truth values count as they are written: a template of a plan may have made them.
    func strings(_ field: String) throws -> [String]? {
        try array(field)?.enumerated().map { index, element in
            guard let text = Self.text(element) else {
                throw mistake(field, "must hold strings only; element \(index) is \(Self.kind(element))")
            }
            return text
        }
    }

    /// An object with strings as values, or what counts as such.
    func dictionary(_ field: String) throws -> [String: String]? {
        guard let value = value(field) else { return nil }
        guard case .object(let members) = value else { throw mistake(field, "must be an object of strings") }
        return try Dictionary(
            uniqueKeysWithValues: members.map { name, value in
                guard let text = Self.text(value) else {
                    throw mistake(field, "must be an object of strings; \"\(name)\" is \(Self.kind(value))")
                }
                return (name, text)
            })
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .number, .bool: value.text
        case .null, .array, .object: nil
        }
    }

    private static func kind(_ value: JSONValue) -> String {
        switch value {
        case .array: "an array"
        case .object: "an object"
        default: "null"
        }
    }
}
