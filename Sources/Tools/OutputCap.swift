public import JSON

/// What a model is shown of a result that is too long: of a text its beginning and its end, of JSON its shape.
public struct OutputCap: Sendable, Hashable {
    /// The most characters.
    public let limit: Int
    /// Where the whole of it is, for the note; nil when it is nowhere.
    public let whole: String?

    /// - Parameter limit: At least 200, which the notes need.
    public init(_ limit: Int, whole: String? = nil) {
        self.limit = max(200, limit)
        self.whole = whole.map { String($0.prefix(100)) }
    }

    /// A text of at most `limit` characters, and whether it is less than the whole.
    ///
    /// A text that is a JSON array or object is treated as one: JSON that is cut somewhere makes models invent the rest.
    public func apply(_ content: JSONValue) -> (text: String, isCapped: Bool) {
        guard case .string(let text) = content else {
            let text = content.text
            return fits(text) ? (text, false) : (summary(of: content, characters: text.count), true)
        }
        guard !fits(text) else { return (text, false) }
        if let first = text.first(where: { !$0.isWhitespace }), first == "{" || first == "[",
            text.utf8.count < 8 << 20, let value = try? JSONValue(parsing: text)
        {
            return (summary(of: value, characters: text.count), true)
        }
        return (Self.ends(of: text, limit, note: whole), true)
    }

    private func fits(_ text: String) -> Bool { text.utf8.count <= limit || text.count <= limit }

    /// The beginning and the end of a text, and between them how much is missing.
    static func ends(of text: String, _ limit: Int, note: String? = nil) -> String {
        let count = text.count
        guard count > limit else { return text }
        func mark(_ omitted: Int) -> String {
            "[... \(omitted) of \(count) characters omitted\(note.map { "; \($0)" } ?? "") ...]"
        }
        let shown = max(0, limit - mark(count).count - 2)
        let head = text.prefix((shown + 1) / 2)
        let tail = text.suffix(shown / 2)
        return "\(head)\n\(mark(count - shown))\n\(tail)"
    }

    private func summary(of value: JSONValue, characters: Int) -> String {
        let note =
            "shortened from \(characters) characters of JSON: strings, lists and objects are cut where they say so"
            + (whole.map { "; \($0)" } ?? "")
        let head = JSONValue.string(note).text
        // From generous to terse, until it fits.
        var string = limit
        var elements = 200
        for depth in [12, 8, 6, 5, 4, 3, 2, 2, 1, 1, 0] {
            let shape = Shape(string: string, elements: elements, depth: depth).of(value).text
            let text = "{\"note\":\(head),\"value\":\(shape)}"
            if fits(text) { return text }
            string = max(20, string * 2 / 5)
            elements = max(2, elements * 2 / 5)
        }
        return JSONValue.string("\(Shape(string: 20, elements: 0, depth: 0).of(value).string ?? "JSON") \(note)").text
    }
}

/// How much of a JSON value is left.
private struct Shape {
    let string: Int
    let elements: Int
    let depth: Int

    func of(_ value: JSONValue, at level: Int = 0) -> JSONValue {
        switch value {
        case .string(let text):
            return .string(OutputCap.ends(of: text, string))
        case .array(let values):
            guard !values.isEmpty else { return value }
            guard level < depth else { return .string("[array of \(values.count)]") }
            let shown = values.prefix(elements).map { of($0, at: level + 1) }
            guard shown.count < values.count else { return .array(shown) }
            return .array(
                shown + [.string("[... \(values.count - shown.count) of \(values.count) elements omitted ...]")])
        case .object(let members):
            guard !members.isEmpty else { return value }
            let names = members.keys.sorted()
            guard level < depth else {
                let names = names.prefix(5).map { $0.prefix(20) }.joined(separator: ", ")
                return .string("[object of \(members.count): \(names)\(members.count > 5 ? ", ..." : "")]")
            }
            var shown: [String: JSONValue] = [:]
            for name in names.prefix(elements) {
                shown[String(name.prefix(max(20, string)))] = members[name].map { of($0, at: level + 1) }
            }
            if shown.count < members.count {
                shown["..."] = .string("[... \(members.count - shown.count) of \(members.count) members omitted ...]")
            }
            return .object(shown)
        default:
            return value
        }
    }
}
