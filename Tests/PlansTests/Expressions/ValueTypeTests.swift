import JSON
import Plans
import Testing

@Suite("types from schemas")
struct ValueTypeTests {
    private static let name: JSONValue = ["type": "string"]

    @Test(
        "a schema says as much as can be told",
        arguments: [
            (true, .any), ([:], .any), (["type": "string"], .string), (["type": "integer"], .number),
            (["type": ["string", "null"]], .string.orNull),
            (["enum": ["a", "b", nil]], .union(of: [.words(["a", "b"]), .null])),
            (["const": 1], .number), (["type": "array", "items": name], .array(of: .string)),
            (["type": "array"], .array(of: .any)),
            (["type": "array", "prefixItems": [name, ["type": "null"]], "items": false], .array(of: .string.orNull)),
            (["type": "array", "prefixItems": [name]], .array(of: .any)),
            (["type": "object"], .object([:], .typed(.any))),
            (
                ["type": "object", "properties": ["a": name, "b": name], "required": ["a", "c"]],
                .object(["a": .string, "b": .string.orNull, "c": .any], .undeclared)
            ),
            (
                ["type": "object", "properties": ["a": name], "additionalProperties": false],
                .closed(["a": .string.orNull])
            ),
            (["type": "object", "additionalProperties": name], .object([:], .typed(.string))),
            (["type": "object", "additionalProperties": true], .object([:], .typed(.any))),
            (
                [
                    "type": "object", "properties": ["a": true], "patternProperties": ["^x": name],
                    "additionalProperties": false,
                ], .object(["a": .any], .typed(.any))
            ),
            (
                ["type": "object", "properties": ["a": true], "allOf": [["properties": ["ab": name]]]],
                .object(["a": .any], .typed(.any))
            ),
            (["anyOf": [name, ["type": "null"]]], .string.orNull), (["oneOf": [name, [:]]], .any),
            (["allOf": [["minLength": 1], name]], .string),
            (["$ref": "#/$defs/a~1b", "$defs": ["a/b": name]], .string), (["$ref": "#", "$defs": [:]], .any),
            (["properties": ["a": name]], .any),
        ] as [(JSONValue, ValueType)])
    func schemas(_ schema: JSONValue, _ expected: ValueType) throws {
        guard let compiled = try? JSONSchema(schema) else { return #expect(schema["$ref"] == "#") }
        #expect(ValueType(compiled) == expected, "\(schema.text)")
    }

    @Test("a schema that goes round in circles, or doubles, ends in anything")
    func circles() throws {
        let list = try JSONSchema(["type": "object", "properties": ["next": ["$ref": "#"]], "required": ["next"]])
        var type = ValueType(list)
        for _ in 0..<20 {
            guard case .object(let properties, _) = type else { break }
            type = properties["next"] ?? .null
        }
        #expect(type == .any)
        var properties: [String: JSONValue] = [:]
        for index in 0..<20 { properties["p\(index)"] = ["$ref": "#"] }
        _ = ValueType(try JSONSchema(["type": "object", "properties": .object(properties)]))
    }

    @Test("unions are flat, and have each type once")
    func unions() {
        #expect(ValueType.union(of: [.string, .union(of: [.null, .string])]) == ValueType.string.orNull)
        #expect(ValueType.union(of: [.words(["a"]), .words(["b"])]) == .words(["a", "b"]))
        #expect(ValueType.union(of: [.words(["a"]), .string]) == .string)
        #expect(ValueType.union(of: [.any, .null]) == .any)
        #expect(ValueType.union(of: (0..<20).map { .closed(["p\($0)": .any]) }) == .any)
        #expect(ValueType.string.orNull.withoutNull == .string)
        #expect(ValueType.null.withoutNull == .null)
        #expect(ValueType.array(of: .number).orNull.elements == .number)
        #expect(ValueType.any.elements == .any)
        #expect(ValueType.string.elements == nil)
    }
}
