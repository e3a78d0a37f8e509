internal import Documents
internal import JSON

/// A prompt with places for parameters: `{{NAME}}` in a text below a front matter, which may describe them.
struct PromptTemplate {
    struct Parameter {
        let defaultText: String?
        let isRequired: Bool
    }

    /// What the front matter declares.
    private(set) var parameters: [String: Parameter] = [:]
    let body: String

    init(_ text: String) throws(DocumentFile.Failure) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(Self.isFence) == true else {
            body = Self.trimmed(text)
            return
        }
        guard let end = lines.dropFirst().firstIndex(where: Self.isFence) else {
            throw DocumentFile.Failure("the front matter has no end", "Write a line --- below it.")
        }
        body = Self.trimmed(lines[(end + 1)...].joined(separator: "\n"))
        try readFrontMatter(lines[1..<end])
    }

    private static func isFence(_ line: Substring) -> Bool {
        line.hasPrefix("---") && line.dropFirst(3).allSatisfy(\.isWhitespace)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    private mutating func readFrontMatter(_ lines: ArraySlice<Substring>) throws(DocumentFile.Failure) {
        guard lines.contains(where: { !$0.allSatisfy(\.isWhitespace) }) else { return }
        let document: JSONValue
        do {
            document = try YAMLDocument.parse(lines.joined(separator: "\n"))
        } catch {
            // Front matter of the original framework is no YAML: all that follows the first colon is the value.
            guard lines.allSatisfy({ Self.isPlain($0) }) else {
                throw DocumentFile.Failure("front matter: \(error.message)", error.advice)
            }
            return
        }
        let issues = IssueList(file: "")
        let advice = "Write type, description and params, each on a line of its own."
        if var fields = DocumentFields(document, at: "", issues, advice: advice) {
            _ = fields.value("type")
            _ = fields.text("description", longest: 10_000)
            parameters = Self.parameters(&fields, issues)
            fields.refuseOthers()
        }
        if let issue = issues.issues.first {
            throw DocumentFile.Failure("front matter \(issue.pointer): \(issue.message)", issue.advice)
        }
    }

    private static func isPlain(_ line: Substring) -> Bool {
        line.allSatisfy(\.isWhitespace) || line.hasPrefix("type:") || line.hasPrefix("description:")
    }

    private static func parameters(_ fields: inout DocumentFields, _ issues: IssueList) -> [String: Parameter] {
        var parameters: [String: Parameter] = [:]
        switch fields.value("params") {
        case nil: break
        case .array?:
            for name in fields.texts("params", longest: 100, atMost: 1000) {
                parameters[name] = Parameter(defaultText: nil, isRequired: true)
            }
        case .object(let members)?:
            for (name, value) in members {
                switch value {
                case .null: parameters[name] = Parameter(defaultText: nil, isRequired: true)
                case .object(let inner):
                    var inner = DocumentFields(inner, at: "/params/\(name)", issues)
                    let text = inner.value("default").flatMap(Self.text)
                    var isRequired = text == nil
                    if case .bool(let word)? = inner.value("required") { isRequired = word }
                    _ = inner.text("description", longest: 10_000)
                    inner.refuseOthers()
                    parameters[name] = Parameter(defaultText: text, isRequired: isRequired)
                default: parameters[name] = Parameter(defaultText: Self.text(value), isRequired: false)
                }
            }
        case let value?:
            fields.wrong(
                "params", "\(DocumentFields.kind(value)) instead of parameters",
                "Write an array of names, or NAME: {default: ..., required: ...}.")
        }
        for name in parameters.keys.sorted() where !isName(name[...]) {
            fields.wrong("params", "\"\(name)\" cannot be a parameter", "Use letters, digits and _.")
        }
        return parameters
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .integer, .number, .bool: value.text
        case .null, .array, .object: nil
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy { $0 == "_" || $0.isLetter || $0.isNumber }
    }

    /// A piece of the body.
    private enum Piece {
        case text(Substring)
        case parameter(String)
    }

    private static let longestName = 100

    /// `{{NAME}}` is a place for a parameter, `\{{NAME}}` is `{{NAME}}`; other braces are what they are.
    private var pieces: [Piece] {
        var pieces: [Piece] = []
        var rest = body[...]
        while let open = rest.firstRange(of: "{{") {
            let close = rest[open.upperBound...].prefix(Self.longestName + 20).firstRange(of: "}}")
            let name = close.map { Self.trimmed(rest[open.upperBound..<$0.lowerBound]) } ?? ""
            guard let close, Self.isName(name[...]) else {
                // The next place may begin within: `{{{NAME}}`.
                let next = rest.index(after: open.lowerBound)
                pieces.append(.text(rest[..<next]))
                rest = rest[next...]
                continue
            }
            if open.lowerBound > rest.startIndex, rest[rest.index(before: open.lowerBound)] == "\\" {
                pieces += [
                    .text(rest[..<rest.index(before: open.lowerBound)]),
                    .text(rest[open.lowerBound..<close.upperBound]),
                ]
                rest = rest[close.upperBound...]
            } else {
                pieces += [.text(rest[..<open.lowerBound]), .parameter(name)]
                rest = rest[close.upperBound...]
            }
        }
        return pieces + [.text(rest)]
    }

    /// The text with its parameters filled in, once: what is filled in is not looked at again. Nil, with what is wrong
    /// noted, when it is not complete.
    func render(_ params: [String: String], file: String, issues: IssueList) -> String? {
        let pieces = pieces
        var used: Set<String> = []
        for case .parameter(let name) in pieces { used.insert(name) }
        let known = used.union(parameters.keys)
        var isComplete = true
        for name in params.keys.sorted() where !known.contains(name) {
            let guess = Spelling.nearest(to: name, in: known.sorted()).map { "Did you mean \"\($0)\"?" }
            issues.add(
                "/system_prompt/params/\(DocumentFields.escaped(name))", "\(file) has no parameter \"\(name)\"",
                guess ?? (known.isEmpty ? "It has none." : "It has \(known.sorted().joined(separator: ", "))."))
            isComplete = false
        }
        for name in known.sorted() where params[name] == nil && parameters[name]?.defaultText == nil {
            // One that is declared and not required is empty.
            guard parameters[name]?.isRequired ?? true else { continue }
            issues.add(
                "/system_prompt/params", "the parameter \"\(name)\" of \(file) is not filled in",
                "Give it in params, or give it a default in the file.")
            isComplete = false
        }
        guard isComplete else { return nil }
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .parameter(let name): text += params[name] ?? parameters[name]?.defaultText ?? ""
            }
        }
        return text
    }
}
