import JSON
import Testing

@Suite("mistakes in schemas and values")
struct SchemaMistakeTests {
    @Test(
        "a bad schema is told with its place and what to do",
        arguments: [
            ("7", "", "must be an object, true or false"),
            (#"{"type": "strng"}"#, "/type", "did you mean \"string\"?"),
            (#"{"type": []}"#, "/type", "names no type"),
            (#"{"properties": {"a": {"type": 5}}}"#, "/properties/a/type", "is no type"),
            (#"{"properties": {"a/b": 5}}"#, "/properties/a~1b", "a schema must be"),
            (#"{"properties": []}"#, "/properties", "must be an object"),
            (#"{"required": "a"}"#, "/required", "an array of names"),
            (#"{"required": [1]}"#, "/required", "names only"),
            (#"{"minLength": -1}"#, "/minLength", "not negative"),
            (#"{"maxItems": 1.5}"#, "/maxItems", "not negative"),
            (#"{"minimum": "1"}"#, "/minimum", "must be a number"),
            (#"{"minimum": 1, "exclusiveMinimum": true}"#, "/exclusiveMinimum", "in place of \"minimum\""),
            (#"{"multipleOf": 0}"#, "/multipleOf", "more than 0"),
            (#"{"uniqueItems": 1}"#, "/uniqueItems", "true or false"),
            (#"{"enum": []}"#, "/enum", "list the values"),
            (#"{"enum": "a"}"#, "/enum", "must be an array"),
            (#"{"anyOf": []}"#, "/anyOf", "at least one"),
            (#"{"anyOf": [{}, {"not": 1}]}"#, "/anyOf/1/not", "a schema must be"),
            (#"{"pattern": "a("}"#, "/pattern", "at its end"),
            (#"{"patternProperties": {"[": true}}"#, "/patternProperties", "no regular expression"),
            (
                ##"{"$ref": "#/$defs/adress", "$defs": {"address": true}}"##, "/$ref",
                "did you mean \"#/$defs/address\"?"
            ),
            (##"{"$ref": "https://example.com/other.json"}"##, "/$ref", "nothing is fetched"),
            (##"{"$ref": "#nowhere"}"##, "/$ref", "leads nowhere"),
            (##"{"$ref": "#"}"##, "", "never ends"),
            (
                ##"{"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}"##,
                "/$defs/", "never ends"
            ),
        ])
    func badSchemas(_ text: String, _ pointer: String, _ words: String) throws {
        let value = try JSONValue(parsing: text)
        let error = #expect(throws: JSONSchemaError.self) { try JSONSchema(value) }
        let mistake = try #require(error)
        #expect(pointer.hasSuffix("/") ? mistake.pointer.hasPrefix(pointer) : mistake.pointer == pointer)
        #expect(mistake.message.contains(words), "\(mistake)")
    }

    @Test("a schema that is too deep or too large is refused")
    func tooLarge() {
        var deep: JSONValue = true
        for _ in 0..<200 { deep = ["items": deep] }
        #expect(throws: JSONSchemaError.self) { try JSONSchema(deep) }
        let wide = JSONValue.object(["allOf": .array(Array(repeating: true, count: 20_000))])
        #expect(throws: JSONSchemaError.self) { try JSONSchema(wide) }
    }

    @Test(
        "a violation says where, what is wanted and what is there",
        arguments: [
            (
                #"{"properties": {"a": {"items": {"type": "string"}}}}"#, #"{"a": ["x", 3]}"#,
                "/a/1: must be a string, is 3"
            ),
            (
                #"{"properties": {"a/b~": {"type": "null"}}}"#, #"{"a/b~": []}"#,
                "/a~1b~0: must be null, is an empty array"
            ),
            (#"{"type": ["integer", "null"]}"#, #""x""#, "must be an integer or null, is \"x\""),
            (
                #"{"enum": ["celsius", "fahrenheit"]}"#, #""celsus""#,
                "must be \"celsius\" or \"fahrenheit\", is \"celsus\"; did you mean \"celsius\"?"
            ),
            (#"{"required": ["city"]}"#, "{}", "must have \"city\""),
            (
                #"{"properties": {"city": true}, "additionalProperties": false}"#, #"{"citty": 1}"#,
                "/citty: is no known property, did you mean \"city\"?"
            ),
            (
                #"{"properties": {"b": true, "a": true}, "additionalProperties": false}"#, #"{"other": 1}"#,
                "/other: is no known property: known are a, b"
            ),
            (#"{"minLength": 1}"#, #""""#, "must not be empty"),
            (
                #"{"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "null"}}}]}"#,
                #"{"a": 1}"#,
                "fits none of the 2 alternatives of \"anyOf\"; number 2 is near: /a: must be null, is 1"
            ),
            (#"{"oneOf": [true, {}]}"#, "1", "must fit exactly one of the 2 alternatives of \"oneOf\", fits 1 and 2"),
            (
                #"{"uniqueItems": true}"#, "[1, 2, 1]",
                "must have no two equal elements, number 2 is as number 0 (counted from 0)"
            ),
            (#"{"pattern": "^[a-z]+$"}"#, #""A""#, "must match the pattern ^[a-z]+$, is \"A\""),
            (#"{"dependentRequired": {"a": ["b"]}}"#, #"{"a": 1}"#, "must have \"b\", since it has \"a\""),
        ])
    func messages(_ schema: String, _ value: String, _ message: String) throws {
        let schema = try JSONSchema(JSONValue(parsing: schema))
        #expect(schema.violations(of: try JSONValue(parsing: value)).map(\.description) == [message])
    }

    @Test("only the first violations are told")
    func manyViolations() throws {
        let schema = try JSONSchema(["items": ["type": "null"]])
        let violations = schema.violations(of: .array(Array(repeating: 1, count: 1000)))
        #expect(violations.map(\.pointer) == (0..<JSONSchema.mostViolations).map { "/\($0)" })
    }

    @Test("a message stays short whatever the value")
    func longValues() throws {
        let schema = try JSONSchema(["enum": .array((0..<1000).map { .string("word \($0)") })])
        let violation = try #require(schema.violations(of: .string(String(repeating: "x", count: 1_000_000))).first)
        #expect(violation.message.count < 400)
    }
}
