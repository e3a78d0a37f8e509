internal import CYAML
package import JSON

/// YAML as configurations are written in: what JSON can say, by the core schema of YAML 1.2.
///
/// `yes` and `1:30` are strings, as in YAML 1.2. Anchors may be used, but not to make much of little. libyaml reads the
/// text, event by event; the values are made here.
package enum YAMLDocument {
    package static func parse(_ text: String) throws(DocumentFile.Failure) -> JSONValue {
        var marks: JSONMarks?
        return try parse(text, .configuration, marks: &marks)
    }

    static func parse(
        _ text: String, _ bounds: DocumentText.Bounds, marks: inout JSONMarks?
    ) throws(DocumentFile.Failure) -> JSONValue {
        var bytes = Array(text.utf8)
        // What the text had before its first letter for other programs.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let isMarked = marks != nil
        let (result, found) = bytes.withUnsafeBufferPointer {
            bytes -> (Result<JSONValue, DocumentFile.Failure>, JSONMarks?) in
            let reader = YAMLReader(bytes, bounds, isMarked: isMarked)
            do throws(DocumentFile.Failure) {
                return (.success(try reader.document()), reader.marks)
            } catch {
                return (.failure(error), nil)
            }
        }
        marks = found
        return try result.get()
    }
}

/// Makes a value of the events of a text.
private final class YAMLReader {
    private struct Event {
        let type: yaml_event_type_t
        let line: Int
        let column: Int
        var text = ""
        var isPlain = false
        var tag: String?
        var anchor: String?
    }

    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var anchors: [String: (value: JSONValue, nodes: Int)] = [:]
    private var nodes = 0
    private var aliases = 0

    private let bounds: DocumentText.Bounds
    private(set) var marks: JSONMarks?

    /// - Parameter text: Must outlive the reader.
    init(_ text: UnsafeBufferPointer<UInt8>, _ bounds: DocumentText.Bounds, isMarked: Bool) {
        self.bounds = bounds
        if isMarked { marks = JSONMarks() }
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    func document() throws(DocumentFile.Failure) -> JSONValue {
        _ = try next()
        guard try next().type == YAML_DOCUMENT_START_EVENT else { throw DocumentFile.Failure("is empty") }
        let value = try value(try next(), depth: 0)
        _ = try next()
        let end = try next()
        guard end.type == YAML_STREAM_END_EVENT else {
            throw DocumentFile.Failure(
                "no valid YAML: another document", line: end.line, column: end.column)
        }
        return value
    }

    /// - Parameter key: Where the name of the member stands, and how it is.
    private func value(_ event: Event, depth: Int, key: Event? = nil) throws(DocumentFile.Failure) -> JSONValue {
        nodes += 1
        marks?.open(key?.text, line: (key ?? event).line, column: (key ?? event).column)
        defer { marks?.close() }
        try check(depth <= JSONDocument.deepest, event, "nested more than \(JSONDocument.deepest) levels deep")
        let before = nodes
        let value: JSONValue
        switch event.type {
        case YAML_SCALAR_EVENT: value = try scalar(event)
        case YAML_SEQUENCE_START_EVENT: value = .array(try elements(event, depth))
        case YAML_MAPPING_START_EVENT: value = .object(try members(event, depth))
        case YAML_ALIAS_EVENT: return try alias(event)
        default: throw failure(event, "no value", isSyntax: true)
        }
        if let anchor = event.anchor { anchors[anchor] = (value, nodes - before + 1) }
        try check(nodes <= bounds.values, event, "more than \(bounds.values) values")
        return value
    }

    private func elements(_ start: Event, _ depth: Int) throws(DocumentFile.Failure) -> [JSONValue] {
        try check(tagOf: start, "seq")
        var elements: [JSONValue] = []
        while true {
            let event = try next()
            if event.type == YAML_SEQUENCE_END_EVENT { return elements }
            elements.append(try value(event, depth: depth + 1))
        }
    }

    private func members(_ start: Event, _ depth: Int) throws(DocumentFile.Failure) -> [String: JSONValue] {
        try check(tagOf: start, "map")
        var members: [String: JSONValue] = [:]
        while true {
            let key = try next()
            if key.type == YAML_MAPPING_END_EVENT { return members }
            guard key.type == YAML_SCALAR_EVENT, key.text != "<<" else {
                // An alias among the keys counts before it is refused, as all of them do.
                if key.type == YAML_ALIAS_EVENT { _ = try alias(key) }
                throw failure(
                    key, "a key that is no word", "Merge keys and other keys than strings are not possible here.")
            }
            let member = try value(try next(), depth: depth + 1, key: key)
            guard members.updateValue(member, forKey: key.text) == nil else {
                throw failure(key, "the key \"\(key.text.prefix(100))\" is there twice")
            }
        }
    }

    private func alias(_ event: Event) throws(DocumentFile.Failure) -> JSONValue {
        guard let known = anchors[event.anchor ?? ""] else {
            throw failure(event, "undefined alias \"\(event.anchor ?? "")\"", isSyntax: true)
        }
        aliases += 1
        nodes += known.nodes
        guard aliases <= bounds.aliases else {
            throw DocumentFile.Failure(
                "has more than \(bounds.aliases) aliases",
                "Write out what they stand for; long texts belong in a prompt file.")
        }
        try check(nodes <= bounds.values, event, "more than \(bounds.values) values")
        return known.value
    }

    private func scalar(_ event: Event) throws(DocumentFile.Failure) -> JSONValue {
        if event.tag == "tag:yaml.org,2002:str" { return .string(event.text) }
        try check(tagOf: event, "str")
        guard event.isPlain, event.tag == nil else { return .string(event.text) }
        let text = event.text
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard text.count - digits.count <= 1, let first = digits.first, first.isASCII, first.isNumber || first == "."
        else {
            return .string(text)
        }
        if let number = Int64(text) { return .integer(number) }
        if text.hasPrefix("0x"), let number = Int64(text.dropFirst(2), radix: 16) { return .integer(number) }
        if digits.allSatisfy({ "0123456789.eE+-".contains($0) }), let number = Double(text), number.isFinite {
            return .number(number)
        }
        return .string(text)
    }

    private func check(tagOf event: Event, _ kind: String) throws(DocumentFile.Failure) {
        guard let tag = event.tag, !["!", "tag:yaml.org,2002:\(kind)"].contains(tag) else { return }
        throw failure(
            event, "the tag \(tag.prefix(100)) is not possible here", "Write the value as it is, or in quotes.")
    }

    private func failure(
        _ event: Event, _ message: String, _ advice: String = "", isSyntax: Bool = false
    ) -> DocumentFile.Failure {
        DocumentFile.Failure(
            (isSyntax ? "no valid YAML: " : "") + message, advice, line: event.line, column: event.column)
    }

    private func check(_ holds: Bool, _ event: Event, _ failure: String) throws(DocumentFile.Failure) {
        guard holds else { throw self.failure(event, failure) }
    }

    private func next() throws(DocumentFile.Failure) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        var found = Event(
            type: event.type, line: event.start_mark.line + 1, column: event.start_mark.column + 1)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            found.text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            found.isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            found.tag = Self.string(scalar.tag)
            found.anchor = Self.string(scalar.anchor)
        case YAML_SEQUENCE_START_EVENT:
            found.tag = Self.string(event.data.sequence_start.tag)
            found.anchor = Self.string(event.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT:
            found.tag = Self.string(event.data.mapping_start.tag)
            found.anchor = Self.string(event.data.mapping_start.anchor)
        case YAML_ALIAS_EVENT: found.anchor = Self.string(event.data.alias.anchor)
        default: break
        }
        return found
    }

    private func problem() -> DocumentFile.Failure {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        let mark = parser.pointee.problem_mark
        guard mark.line > 0 || mark.column > 0 || parser.pointee.error != YAML_READER_ERROR else {
            return DocumentFile.Failure("no valid YAML: \(problem)")
        }
        return DocumentFile.Failure(
            "no valid YAML: \(problem)", line: mark.line + 1, column: mark.column + 1)
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }
}
