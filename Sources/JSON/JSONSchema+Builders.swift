/// Schemas for those who write them in Swift.
///
///     JSONSchema.object([
///         "city": .string("the city", lengths: 1...80),
///         "days": .integer("how many days ahead", in: 1...10),
///         "unit": .oneOf(["celsius", "fahrenheit"]),
///     ], required: ["city"])
///
/// What makes no schema, such as a pattern that is none, is a mistake of the program and stops it.
extension JSONSchema {
    /// An object with these properties and no others.
    ///
    /// - Parameter required: The properties that must be there; all of them when nil.
    public static func object(
        _ properties: [String: JSONSchema], required: [String]? = nil, _ description: String? = nil,
        allowsOthers: Bool = false
    ) -> JSONSchema {
        let required = required ?? Array(properties.keys)
        if let stranger = required.first(where: { properties[$0] == nil }) {
            preconditionFailure("\"\(stranger)\" is required, but is none of the properties")
        }
        return built(
            "object", description,
            [
                "properties": .object(properties.mapValues(\.value)),
                "required": required.isEmpty ? nil : .array(required.sorted().map { .string($0) }),
                "additionalProperties": allowsOthers ? nil : .bool(false),
            ])
    }

    /// - Parameters:
    ///   - lengths: How many characters there may be.
    ///   - pattern: A JavaScript regular expression that must match somewhere in the string.
    public static func string(
        _ description: String? = nil, lengths: ClosedRange<Int>? = nil, pattern: String? = nil
    ) -> JSONSchema {
        built(
            "string", description,
            [
                "minLength": lengths.map { .integer(Int64($0.lowerBound)) },
                "maxLength": lengths.map { .integer(Int64($0.upperBound)) },
                "pattern": pattern.map { .string($0) },
            ])
    }

    public static func integer(_ description: String? = nil, in range: ClosedRange<Int64>? = nil) -> JSONSchema {
        built(
            "integer", description,
            ["minimum": range.map { .integer($0.lowerBound) }, "maximum": range.map { .integer($0.upperBound) }])
    }

    public static func number(_ description: String? = nil, in range: ClosedRange<Double>? = nil) -> JSONSchema {
        built(
            "number", description,
            ["minimum": range.map { .number($0.lowerBound) }, "maximum": range.map { .number($0.upperBound) }])
    }

    public static func boolean(_ description: String? = nil) -> JSONSchema { built("boolean", description, [:]) }

    /// - Parameter counts: How many elements there may be.
    public static func array(
        of element: JSONSchema, _ description: String? = nil, counts: ClosedRange<Int>? = nil
    ) -> JSONSchema {
        built(
            "array", description,
            [
                "items": element.value,
                "minItems": counts.map { .integer(Int64($0.lowerBound)) },
                "maxItems": counts.map { .integer(Int64($0.upperBound)) },
            ])
    }

    /// One of some words.
    public static func oneOf(_ words: [String], _ description: String? = nil) -> JSONSchema {
        built("string", description, ["enum": .array(words.map { .string($0) })])
    }

    /// Null, or what another schema says.
    public static func nullable(_ schema: JSONSchema) -> JSONSchema {
        built(nil, nil, ["anyOf": [schema.value, ["type": "null"]]])
    }

    /// Any JSON value.
    public static func any(_ description: String? = nil) -> JSONSchema { built(nil, description, [:]) }

    private static func built(
        _ type: String?, _ description: String?, _ rules: [String: JSONValue?]
    ) -> JSONSchema {
        var members = rules.compactMapValues { $0 }
        members["type"] = type.map { .string($0) }
        members["description"] = description.map { .string($0) }
        do throws(JSONSchemaError) {
            return try JSONSchema(.object(members))
        } catch {
            preconditionFailure("no schema: \(error)")
        }
    }
}
