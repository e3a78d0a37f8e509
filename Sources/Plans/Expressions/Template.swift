public import JSON

/// A string with expressions in it, `{{ ... }}`. A whole one keeps the type of the value.
///
/// `\{{` stands for literal braces; a backslash before an expression is written `\\{{`.
public struct Template: Sendable, Hashable {
    /// The longest text, in UTF-8 bytes.
    public static let longestText = 1 << 20

    enum Part: Sendable {
        case text(String)
        case expression(ExpressionNode)
    }

    public let text: String
    let parts: [Part]
    let references: ExpressionReferences

    public init(_ text: String) throws(ExpressionError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longestText else {
            throw ExpressionError(
                message: "the text has \(bytes.count) bytes, at most \(Self.longestText) are allowed", offset: 0,
                hint: "pass the long parts in the input")
        }
        var parts: [Part] = []
        var references = ExpressionReferences()
        var literal: [UInt8] = []
        var position = 0
        while let opening = Self.opening(in: bytes, from: position) {
            let backslashes = bytes[position..<opening].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
            literal += bytes[position..<opening].dropLast(backslashes - backslashes / 2)
            guard backslashes.isMultiple(of: 2) else {
                literal += "{{".utf8
                position = opening + 2
                continue
            }
            if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
            literal = []
            var parser = try ExpressionParser(bytes, at: opening + 2)
            let (node, end) = try parser.templated(openedAt: opening)
            guard end - opening <= Expression.longestText else {
                throw ExpressionParser.tooLong(end - opening, at: opening)
            }
            try references.add(node)
            parts.append(.expression(node))
            position = end
        }
        literal += bytes[position...]
        if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
        self.text = text
        self.parts = parts
        self.references = references
    }

    /// The first names of the paths in it.
    public var roots: Set<String> { references.roots }

    /// What of the memory it reads, and must find in its scope under `memory`.
    public var memoryKeys: Set<MemoryKey> { references.memoryKeys }

    /// Nothing is to be filled in.
    public var isConstant: Bool {
        parts.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// The value of the expression that the template is, or else the text with all filled in.
    public func value(in scope: [String: JSONValue]) -> JSONValue {
        boundedValue(in: scope) ?? .null
    }

    /// The same, but nil when it exceeds its bounds, in size or in work; `value` has null then.
    public func boundedValue(in scope: [String: JSONValue]) -> JSONValue? {
        var evaluation = ExpressionEvaluation(scope)
        let value = value(&evaluation)
        return evaluation.checked(value)
    }

    /// The value as text: strings as they are, null as nothing, all else as JSON. Nothing when it exceeds the bounds.
    public func string(in scope: [String: JSONValue]) -> String {
        guard let value = boundedValue(in: scope) else { return "" }
        var evaluation = ExpressionEvaluation([:])
        return evaluation.text(value) ?? ""
    }

    /// What each path in it leads to, by the text of the path, the large ones cut.
    public func operands(in scope: [String: JSONValue]) -> [String: JSONValue] {
        references.operands(in: scope)
    }

    func value(_ evaluation: inout ExpressionEvaluation) -> JSONValue {
        if parts.count == 1, case .expression(let node) = parts[0] { return evaluation.value(of: node) }
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .expression(let node):
                let value = evaluation.value(of: node)
                guard let text = evaluation.text(value) else { return .null }
                result += text
            }
        }
        return .string(result)
    }

    private static func opening(in bytes: [UInt8], from start: Int) -> Int? {
        bytes[start...].indices.first {
            bytes[$0] == UInt8(ascii: "{") && $0 + 1 < bytes.count && bytes[$0 + 1] == UInt8(ascii: "{")
        }
    }

    public static func == (left: Template, right: Template) -> Bool { left.text == right.text }

    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
