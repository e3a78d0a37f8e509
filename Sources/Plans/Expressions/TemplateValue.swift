public import JSON

/// JSON whose strings are templates, at any depth. Keys are none.
public struct TemplateValue: Sendable, Hashable {
    /// How deep the JSON may nest.
    public static let deepest = 100

    indirect enum Form: Sendable {
        case constant(JSONValue)
        case template(Template)
        case array([Form])
        case object([String: Form])
    }

    public let json: JSONValue
    let form: Form
    private let references: ExpressionReferences

    /// Throws with a JSON pointer to the string.
    public init(_ json: JSONValue) throws(TemplateError) {
        var references = ExpressionReferences()
        form = try Self.form(json, "", 0, &references)
        self.json = json
        self.references = references
    }

    /// The first names of the paths in it.
    public var roots: Set<String> { references.roots }

    /// What of the memory it reads, and must find in its scope under `memory`.
    public var memoryKeys: Set<MemoryKey> { references.memoryKeys }

    /// Nothing is to be filled in.
    public var isConstant: Bool { if case .constant = form { true } else { false } }

    /// The JSON with all filled in; null when it exceeds its bounds.
    public func value(in scope: [String: JSONValue]) -> JSONValue {
        boundedValue(in: scope) ?? .null
    }

    /// The same, but nil when it exceeds its bounds, in size or in work.
    public func boundedValue(in scope: [String: JSONValue]) -> JSONValue? {
        if case .constant(let value) = form { return value }
        var evaluation = ExpressionEvaluation(scope)
        let value = Self.value(form, &evaluation)
        return evaluation.checked(value)
    }

    /// What each path in it leads to, by the text of the path, the large ones cut.
    public func operands(in scope: [String: JSONValue]) -> [String: JSONValue] {
        references.operands(in: scope)
    }

    private static func form(
        _ json: JSONValue, _ pointer: String, _ depth: Int, _ references: inout ExpressionReferences
    ) throws(TemplateError) -> Form {
        guard depth <= deepest else {
            throw TemplateError(
                pointer: pointer, error: ExpressionError(message: "nests deeper than \(deepest)", offset: 0))
        }
        switch json {
        case .string(let text):
            do throws(ExpressionError) {
                let template = try Template(text)
                references.add(template.references)
                return template.isConstant ? .constant(template.value(in: [:])) : .template(template)
            } catch {
                throw TemplateError(pointer: pointer, error: error)
            }
        case .array(let elements):
            var forms: [Form] = []
            for (index, element) in elements.enumerated() {
                forms.append(try form(element, "\(pointer)/\(index)", depth + 1, &references))
            }
            let constants = forms.compactMap(\.constant)
            return constants.count == forms.count ? .constant(.array(constants)) : .array(forms)
        case .object(let members):
            var forms: [String: Form] = [:]
            // The first mistake is the same one each time.
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                forms[key] = try form(member, "\(pointer)/\(escaped(key))", depth + 1, &references)
            }
            let constants = forms.compactMapValues(\.constant)
            return constants.count == forms.count ? .constant(.object(constants)) : .object(forms)
        default: return .constant(json)
        }
    }

    private static func value(_ form: Form, _ evaluation: inout ExpressionEvaluation) -> JSONValue {
        switch form {
        case .constant(let value): return value
        case .template(let template): return template.value(&evaluation)
        case .array(let forms):
            var values: [JSONValue] = []
            for form in forms { values.append(value(form, &evaluation)) }
            return .array(values)
        case .object(let forms):
            var values: [String: JSONValue] = [:]
            for (key, form) in forms { values[key] = value(form, &evaluation) }
            return .object(values)
        }
    }

    static func escaped(_ key: String) -> String {
        key.reduce(into: "") { $0 += $1 == "~" ? "~0" : $1 == "/" ? "~1" : String($1) }
    }

    public static func == (left: TemplateValue, right: TemplateValue) -> Bool { left.json == right.json }

    public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

extension TemplateValue.Form {
    var constant: JSONValue? { if case .constant(let value) = self { value } else { nil } }
}
