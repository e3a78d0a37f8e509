internal import Patterns

/// One schema, ready to check: other schemas are indices into the nodes of the whole.
struct SchemaNode: Sendable {
    /// For the schemas `true` and `false`.
    var verdict: Bool?
    var reference: Int?
    var types: [SchemaType] = []
    /// Normalised, as is `constant`.
    var allowed: [JSONValue]?
    var constant: JSONValue?
    var numbers: NumberRules?
    var strings: StringRules?
    var arrays: ArrayRules?
    var objects: ObjectRules?
    var all: [Int] = []
    var any: [Int] = []
    var one: [Int] = []
    var not: Int?
    var condition: Int?
    var consequence: Int?
    var alternative: Int?

    struct NumberRules: Sendable {
        var minimum: Double?
        var maximum: Double?
        var exclusiveMinimum: Double?
        var exclusiveMaximum: Double?
        var multiple: JSONValue?
    }

    struct StringRules: Sendable {
        var shortest: Int?
        var longest: Int?
        var pattern: Pattern?
    }

    struct ArrayRules: Sendable {
        var first: [Int] = []
        var others: Int?
        var contained: Int?
        var fewestContained = 1
        var mostContained: Int?
        var fewest: Int?
        var most: Int?
        var isUnique = false
        var unevaluated: Int?
    }

    struct ObjectRules: Sendable {
        var properties: [String: Int] = [:]
        var patterns: [(Pattern, Int)] = []
        var others: Int?
        var names: Int?
        var required: [String] = []
        var fewest: Int?
        var most: Int?
        /// Sorted by name, as is `dependentSchemas`, so that mistakes have an order.
        var dependentRequired: [(String, [String])] = []
        var dependentSchemas: [(String, Int)] = []
        var unevaluated: Int?
    }

    /// The schemas that look at the same value as this one.
    var inPlace: [Int] {
        all + any + one + [reference, not, condition, consequence, alternative].compactMap(\.self)
            + (objects?.dependentSchemas.map(\.1) ?? [])
    }
}

/// What `type` names.
enum SchemaType: String, CaseIterable, Sendable {
    case null, boolean, integer, number, string, array, object

    var phrase: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    func includes(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.integer, .integer), (.number, .integer), (.number, .number),
            (.string, .string), (.array, .array), (.object, .object):
            true
        case (.integer, .number(let number)):
            number.rounded() == number
        default:
            false
        }
    }
}
