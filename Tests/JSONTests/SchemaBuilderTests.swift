import JSON
import Testing

@Suite("schemas built in Swift, and strict ones")
struct SchemaBuilderTests {
    @Test("the builders say what they mean")
    func builders() throws {
        let schema = JSONSchema.object(
            [
                "city": .string("the city", lengths: 1...80, pattern: "^[A-Z]"),
                "days": .integer("how many days", in: 1...10),
                "unit": .oneOf(["celsius", "fahrenheit"]),
                "near": .array(of: .number(in: 0...1.5), counts: 0...2),
                "deep": .object(["flag": .boolean()], "more", allowsOthers: true),
                "note": .nullable(.string()),
            ], required: ["city"])
        let expected = try JSONValue(
            parsing: """
                {"type": "object", "additionalProperties": false, "required": ["city"], "properties": {
                    "city": {"type": "string", "description": "the city", "minLength": 1, "maxLength": 80,
                        "pattern": "^[A-Z]"},
                    "days": {"type": "integer", "description": "how many days", "minimum": 1, "maximum": 10},
                    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                    "near": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1.5},
                        "minItems": 0, "maxItems": 2},
                    "deep": {"type": "object", "properties": {"flag": {"type": "boolean"}}, "required": ["flag"],
                        "description": "more"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
                """)
        // Numbers are compared as text: a bound of 0.0 is one of 0.
        #expect(schema.value.text == expected.text)
        #expect(schema.violations(of: ["city": "Bern", "days": 3]).isEmpty)
        #expect(schema.violations(of: ["city": "bern", "days": 11]).count == 2)
    }

    @Test(
        "a strict schema closes every object and requires every property",
        arguments: [
            (#"{"type": "object"}"#, #"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#),
            (
                #"{"type": "object", "properties": {"a": {"type": ["string", "null"], "default": "x"}}, "$schema": "s"}"#,
                #"{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}"#
            ),
            (
                ##"{"type": "object", "properties": {"a": {"items": {"$ref": "#/$defs/b"}, "type": "array"}}, "required": ["a"], "$defs": {"b": {"type": "object", "properties": {"c": {"anyOf": [{"type": "null"}, {"const": 1}]}}}}}"##,
                ##"{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#/$defs/b"}}},"required":["a"],"additionalProperties":false,"$defs":{"b":{"type":"object","properties":{"c":{"anyOf":[{"type":"null"},{"const":1}]}},"required":["c"],"additionalProperties":false}}}"##
            ),
        ])
    func strict(_ text: String, _ expected: String) throws {
        let schema = try JSONSchema(JSONValue(parsing: text)).strict()
        #expect(try schema.value == JSONValue(parsing: expected))
    }

    @Test(
        "what cannot be strict is told with its place",
        arguments: [
            (#"{"type": "array"}"#, "", "at the top"),
            (#"{"type": "object", "properties": {"a": {"type": "string"}}}"#, "/properties/a", "let it be null"),
            (#"{"type": "object", "additionalProperties": true}"#, "/additionalProperties", "must be closed"),
            (
                #"{"type": "object", "properties": {"a": {"oneOf": [{"type": "null"}], "type": "null"}}}"#,
                "/properties/a/oneOf",
                "does not know"
            ),
            (#"{"type": "object", "properties": {"a": {}}, "required": ["a"]}"#, "/properties/a", "which \"type\""),
            (#"{"type": "object", "properties": {"a": true}, "required": ["a"]}"#, "/properties/a", "no schemas there"),
            (#"{"type": "object", "required": ["a"]}"#, "/required", "none of the properties"),
        ])
    func notStrict(_ text: String, _ pointer: String, _ words: String) throws {
        let schema = try JSONSchema(JSONValue(parsing: text))
        let error = try #require(#expect(throws: JSONSchemaError.self) { try schema.strict() })
        #expect(error.pointer == pointer)
        #expect(error.message.hasPrefix("cannot be strict: ") && error.message.contains(words), "\(error)")
    }

    @Test("whatever fits the strict schema fits the one it was made of")
    func strictNarrows() throws {
        let schema = JSONSchema.object(["a": .nullable(.integer()), "b": .string()], required: ["b"])
        let strict = try schema.strict()
        let values: [JSONValue] = [
            ["a": 1, "b": ""], ["a": nil, "b": "x"], ["b": "x"], ["a": 1], [:], ["a": 1, "b": "", "c": 1],
        ]
        for value in values where strict.violations(of: value).isEmpty {
            #expect(schema.violations(of: value).isEmpty)
        }
        #expect(strict.violations(of: ["b": "x"]).map(\.message) == ["must have \"a\""])
    }
}
