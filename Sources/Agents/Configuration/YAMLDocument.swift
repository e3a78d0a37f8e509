internal import JSON
internal import Yams

/// YAML as configurations are written in: what JSON can say, by the core schema of YAML 1.2.
///
/// `yes` and `1:30` are strings, as in YAML 1.2. Anchors may be used, but not to make much of little.
enum YAMLDocument {
    private static let mostAliases = 16
    private static let mostNodes = 100_000

    static func parse(_ text: String) throws(DocumentFile.Failure) -> JSONValue {
        guard aliases(in: text) <= mostAliases else {
            throw DocumentFile.Failure(
                "has more than \(mostAliases) aliases",
                "Write out what they stand for; long texts belong in a prompt file.")
        }
        let root: Node?
        do {
            // Without rules of its own Yams guesses no types.
            root = try compose(yaml: text, .basic, .default, .utf8)
        } catch {
            throw failure(error)
        }
        guard let root else { throw DocumentFile.Failure("is empty") }
        var left = mostNodes
        return try value(root, depth: 0, left: &left)
    }

    /// At most so many aliases; none where there is no anchor. To compare keys, Yams walks through all that an alias
    /// stands for, so it must not see a document in which that is much.
    private static func aliases(in text: String) -> Int {
        var counts: [Character: Int] = ["*": 0, "&": 0]
        var previous: Character = "\n"
        var before: Character?
        for character in text {
            if let mark = before, !character.isWhitespace { counts[mark]! += 1 }
            before =
                (character == "*" || character == "&") && (previous.isWhitespace || "[{,:-?".contains(previous))
                ? character : nil
            previous = character
        }
        return counts["&"] == 0 ? 0 : counts["*"]!
    }

    private static func value(_ node: Node, depth: Int, left: inout Int) throws(DocumentFile.Failure) -> JSONValue {
        let line = node.mark.map { "line \($0.line): " } ?? ""
        left -= 1
        guard left > 0 else { throw DocumentFile.Failure("\(line)more than \(mostNodes) values") }
        guard depth <= JSONDocument.deepest else {
            throw DocumentFile.Failure("\(line)nested more than \(JSONDocument.deepest) levels deep")
        }
        switch node {
        case .scalar(let scalar): return try self.scalar(scalar, line)
        case .sequence(let sequence):
            try check(sequence.tag, "seq", line)
            var elements: [JSONValue] = []
            for element in sequence { elements.append(try value(element, depth: depth + 1, left: &left)) }
            return .array(elements)
        case .mapping(let mapping):
            try check(mapping.tag, "map", line)
            var members: [String: JSONValue] = [:]
            for (key, member) in mapping {
                guard case .scalar(let name) = key, name.string != "<<" else {
                    throw DocumentFile.Failure(
                        "\(line)a key that is no word", "Merge keys and other keys than strings are not possible here.")
                }
                guard members.updateValue(try value(member, depth: depth + 1, left: &left), forKey: name.string) == nil
                else {
                    throw DocumentFile.Failure("\(line)the key \"\(name.string.prefix(100))\" is there twice")
                }
            }
            return .object(members)
        case .alias: throw DocumentFile.Failure("\(line)an alias without an anchor")
        }
    }

    private static func scalar(_ scalar: Node.Scalar, _ line: String) throws(DocumentFile.Failure) -> JSONValue {
        if scalar.tag.description == "tag:yaml.org,2002:str" { return .string(scalar.string) }
        try check(scalar.tag, "str", line)
        guard scalar.style == .plain else { return .string(scalar.string) }
        let text = scalar.string
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

    private static func check(_ tag: Tag, _ kind: String, _ line: String) throws(DocumentFile.Failure) {
        let name = tag.description
        guard !["", "!", "tag:yaml.org,2002:\(kind)"].contains(name) else { return }
        throw DocumentFile.Failure(
            "\(line)the tag \(name.prefix(100)) is not possible here", "Write the value as it is, or in quotes.")
    }

    private static func failure(_ error: any Error) -> DocumentFile.Failure {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            DocumentFile.Failure("no valid YAML: line \(mark.line), column \(mark.column): \(problem)")
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            DocumentFile.Failure(
                "line \(context.mark.line): the key \"\(keys.first?.prefix(100) ?? "")\" is there twice")
        case YamlError.reader(let problem, _, _, _): DocumentFile.Failure("no valid YAML: \(problem)")
        default: DocumentFile.Failure("no valid YAML")
        }
    }
}
