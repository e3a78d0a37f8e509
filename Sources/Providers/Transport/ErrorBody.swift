internal import JSON

/// What a response that failed says, in any of the forms that servers have for it.
struct ErrorBody: Sendable, Hashable {
    var message: String
    /// The words that classify it: `type` and `code`, in lower case.
    var words: [String] = []
    /// A status within the body.
    var status: Int?
    /// The field of the request that it is about.
    var parameter: String?

    init(message: String, words: [String] = []) {
        self.message = message
        self.words = words
    }

    init(_ bytes: [UInt8]) {
        if let value = try? JSONValue(parsing: bytes), let body = ErrorBody(value) {
            self = body
        } else {
            message = String(decoding: bytes.prefix(2000), as: UTF8.self).trimmed
        }
    }

    /// Nil when the value tells no error.
    ///
    /// Forms: `{"error":{"message","type","code","param"}}`, `{"type":"error","error":{…}}`,
    /// `{"code":"…","error":"…"}`, `{"object":"error","message","type","code"}`, `{"detail":…}`, `[{…}]`.
    init?(_ value: JSONValue) {
        if case .array(let elements) = value {
            guard let first = elements.first, let body = ErrorBody(first) else { return nil }
            self = body
            return
        }
        let source: JSONValue
        switch value["error"] {
        case .object?: source = value["error"]!
        case .string(let text)?:
            source = .object(["message": .string(text), "code": value["code"] ?? .null, "type": value["type"] ?? .null])
        default:
            if value["object"] == "error" || value["message"]?.string != nil {
                source = value
            } else if let detail = value["detail"], detail != .null {
                source = .object(["message": .string(detail.string ?? detail.text)])
            } else {
                return nil
            }
        }
        message = source["message"]?.string ?? source["error"]?.string ?? source.text
        parameter = source["param"]?.string
        for key in ["type", "code", "status"] {
            switch source[key] {
            case .string(let word)?: add(word)
            case .integer(let number)?: add("\(number)")
            default: break
            }
        }
    }

    private mutating func add(_ word: String) {
        if let number = Int(word) {
            if (400...599).contains(number) { status = status ?? number }
        } else {
            words.append(word.lowercased())
        }
    }
}

extension String {
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
