import JSON
import Testing

/// Every keyword, both ways: values that fit, and values that do not.
@Suite("the keywords of JSON Schema")
struct SchemaKeywordTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let schema: String
        let fits: [String]
        let fails: [String]
        var testDescription: String { schema }

        init(_ schema: String, fits: [String] = [], fails: [String] = []) {
            self.schema = schema
            self.fits = fits
            self.fails = fails
        }
    }

    private static func check(_ test: Case) throws {
        let schema = try JSONSchema(JSONValue(parsing: test.schema))
        for text in test.fits {
            let violations = schema.violations(of: try JSONValue(parsing: text))
            #expect(violations.isEmpty, "\(text) should fit: \(violations)")
        }
        for text in test.fails {
            #expect(!schema.violations(of: try JSONValue(parsing: text)).isEmpty, "\(text) should not fit")
        }
    }

    @Test(
        "boolean schemas and unknown keywords",
        arguments: [
            Case("true", fits: ["1", "{}", "null"]),
            Case("false", fails: ["1", "{}", "null"]),
            Case("{}", fits: ["1", "[]"]),
            Case(
                #"{"unknown": 7, "title": "t", "format": "email", "contentEncoding": "base64"}"#, fits: ["\"no mail\""]),
            Case(#"{"properties": {"a": true, "b": false}}"#, fits: [#"{"a": 1}"#, "[]"], fails: [#"{"b": 1}"#]),
        ])
    func booleans(_ test: Case) throws { try Self.check(test) }

    @Test(
        "type, enum and const",
        arguments: [
            Case(#"{"type": "null"}"#, fits: ["null"], fails: ["0", "false", "\"\"", "{}", "[]"]),
            Case(#"{"type": "boolean"}"#, fits: ["true", "false"], fails: ["0", "\"true\"", "null"]),
            Case(#"{"type": "integer"}"#, fits: ["1", "1.0", "-0", "1e20"], fails: ["1.5", "\"1\"", "true"]),
            Case(#"{"type": "number"}"#, fits: ["1", "1.5", "1e300"], fails: ["\"1\"", "false"]),
            Case(#"{"type": "string"}"#, fits: ["\"\""], fails: ["1", "null", "[\"a\"]"]),
            Case(#"{"type": "array"}"#, fits: ["[]", "[1]"], fails: ["{}", "\"[]\""]),
            Case(#"{"type": "object"}"#, fits: ["{}"], fails: ["[]", "null", "\"{}\""]),
            Case(#"{"type": ["string", "null"]}"#, fits: ["null", "\"a\""], fails: ["1", "[]"]),
            Case(
                #"{"enum": [1, "a", null, {"b": [2.0]}]}"#, fits: ["1", "1.0", "\"a\"", "null", #"{"b": [2]}"#],
                fails: ["2", "\"A\"", "false", #"{"b": [2], "c": 1}"#]),
            Case(#"{"enum": [false]}"#, fits: ["false"], fails: ["0", "null", "[false]"]),
            Case(
                #"{"const": {"a": [1, 2]}}"#, fits: [#"{"a": [1, 2]}"#, #"{"a": [1.0, 2]}"#], fails: [#"{"a": [2, 1]}"#]
            ),
            Case(#"{"const": null}"#, fits: ["null"], fails: ["0", "false"]),
            Case(#"{"const": 0}"#, fits: ["0", "0.0", "-0.0"], fails: ["false", "\"\""]),
        ])
    func types(_ test: Case) throws { try Self.check(test) }

    @Test(
        "bounds of numbers",
        arguments: [
            Case(#"{"minimum": 1.5}"#, fits: ["1.5", "2", "\"0\""], fails: ["1", "1.4", "-2"]),
            Case(#"{"maximum": 3}"#, fits: ["3", "3.0", "null"], fails: ["3.01", "4"]),
            Case(#"{"exclusiveMinimum": 1}"#, fits: ["1.1"], fails: ["1", "1.0", "0"]),
            Case(#"{"exclusiveMaximum": 1}"#, fits: ["0.9"], fails: ["1", "1.0", "2"]),
            Case(#"{"multipleOf": 2}"#, fits: ["0", "4", "-2", "4.0", "\"3\""], fails: ["3", "2.5"]),
            Case(#"{"multipleOf": 0.01}"#, fits: ["19.99", "4.5", "0", "1"], fails: ["0.005", "19.991"]),
            Case(#"{"multipleOf": 0.1}"#, fits: ["0.3", "1.1", "2"], fails: ["0.35"]),
            Case(#"{"type": "integer", "multipleOf": 0.123456789}"#, fails: ["1e308"]),
        ])
    func numbers(_ test: Case) throws { try Self.check(test) }

    @Test(
        "strings",
        arguments: [
            Case(#"{"minLength": 2}"#, fits: ["\"ab\"", "\"ab\"", "5"], fails: ["\"a\"", "\"😀\"", "\"\""]),
            Case(#"{"maxLength": 2}"#, fits: ["\"ab\"", "\"😀😀\"", "[1,2,3]"], fails: ["\"abc\""]),
            Case(#"{"minLength": 2.0, "maxLength": 2}"#, fits: ["\"ab\""], fails: ["\"a\""]),
            Case(#"{"pattern": "^a+$"}"#, fits: ["\"aaa\"", "7"], fails: ["\"ab\"", "\"\"", "\"a\\n\""]),
            Case(#"{"pattern": "b"}"#, fits: ["\"abc\""], fails: ["\"ac\""]),
            Case(#"{"pattern": "^\\p{L}+$"}"#, fits: ["\"été\""], fails: ["\"e1\""]),
            Case(#"{"pattern": "^\\d+$"}"#, fits: ["\"12\""], fails: ["\"٣\""]),
        ])
    func strings(_ test: Case) throws { try Self.check(test) }

    @Test(
        "arrays",
        arguments: [
            Case(#"{"items": {"type": "integer"}}"#, fits: ["[]", "[1, 2]", "{}"], fails: ["[1, \"a\"]"]),
            Case(#"{"items": false}"#, fits: ["[]"], fails: ["[null]"]),
            Case(
                #"{"prefixItems": [{"type": "string"}, true]}"#, fits: ["[]", "[\"a\"]", "[\"a\", 1, 2]"],
                fails: ["[1]"]),
            Case(
                #"{"prefixItems": [true], "items": {"type": "null"}}"#, fits: ["[1, null]", "[1]"], fails: ["[1, 2]"]),
            Case(
                #"{"items": [{"type": "string"}], "additionalItems": false}"#, fits: ["[\"a\"]"],
                fails: ["[1]", "[\"a\", 1]"]),
            Case(#"{"minItems": 1, "maxItems": 2}"#, fits: ["[1]", "[1, 2]", "\"\""], fails: ["[]", "[1, 2, 3]"]),
            Case(
                #"{"uniqueItems": true}"#, fits: ["[1, 2]", "[1, true, \"1\"]", "[{\"a\": 1}, {\"a\": 2}]", "[]"],
                fails: ["[1, 1]", "[1, 1.0]", "[{\"a\": 1, \"b\": 2}, {\"b\": 2, \"a\": 1.0}]", "[[1], [1]]"]),
            Case(#"{"uniqueItems": false}"#, fits: ["[1, 1]"]),
            Case(#"{"contains": {"const": 5}}"#, fits: ["[1, 5]", "{}"], fails: ["[]", "[1]"]),
            Case(
                #"{"contains": {"const": 5}, "minContains": 2, "maxContains": 3}"#, fits: ["[5, 5]", "[5, 1, 5, 5]"],
                fails: ["[5]", "[5, 5, 5, 5]"]),
            Case(#"{"contains": {"const": 5}, "minContains": 0}"#, fits: ["[]", "[1]"]),
            Case(#"{"prefixItems": [true], "unevaluatedItems": false}"#, fits: ["[1]"], fails: ["[1, 2]"]),
            Case(
                #"{"allOf": [{"prefixItems": [true]}], "contains": {"const": 9}, "unevaluatedItems": false}"#,
                fits: ["[1, 9]"], fails: ["[1, 9, 2]"]),
            Case(
                #"{"anyOf": [{"items": {"type": "integer"}}, {"prefixItems": [true]}], "unevaluatedItems": {"type": "null"}}"#,
                fits: ["[1, 2]", "[\"a\", null]"], fails: ["[\"a\", 1]"]),
        ])
    func arrays(_ test: Case) throws { try Self.check(test) }

    @Test(
        "objects",
        arguments: [
            Case(
                #"{"properties": {"a": {"type": "integer"}}}"#, fits: ["{}", #"{"a": 1, "b": 2}"#, "[]"],
                fails: [#"{"a": "1"}"#]),
            Case(
                #"{"required": ["a", "b"]}"#, fits: [#"{"a": null, "b": 1}"#, "[]", "7"], fails: [#"{"a": 1}"#, "{}"]),
            Case(
                #"{"properties": {"a": true}, "additionalProperties": false}"#, fits: [#"{"a": 1}"#],
                fails: [#"{"b": 1}"#]),
            Case(
                #"{"properties": {"a": true}, "additionalProperties": {"type": "null"}}"#,
                fits: [#"{"a": 1, "b": null}"#],
                fails: [#"{"b": 1}"#]),
            Case(
                #"{"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": false}"#,
                fits: [#"{"x-a": "b"}"#, "{}"], fails: [#"{"x-a": 1}"#, #"{"y": "b"}"#]),
            Case(
                #"{"properties": {"x-a": {"minimum": 5}}, "patternProperties": {"^x-": {"type": "integer"}}}"#,
                fits: [#"{"x-a": 5}"#], fails: [#"{"x-a": 4}"#, #"{"x-a": 5.5}"#]),
            Case(#"{"propertyNames": {"maxLength": 2}}"#, fits: [#"{"ab": 1}"#, "{}"], fails: [#"{"abc": 1}"#]),
            Case(
                #"{"minProperties": 1, "maxProperties": 2}"#, fits: [#"{"a": 1}"#, "[]"],
                fails: ["{}", #"{"a":1,"b":2,"c":3}"#]),
            Case(
                #"{"dependentRequired": {"a": ["b"]}}"#, fits: ["{}", #"{"b": 1}"#, #"{"a": 1, "b": 2}"#],
                fails: [#"{"a": 1}"#]),
            Case(
                #"{"dependentSchemas": {"a": {"required": ["b"]}}}"#, fits: ["{}", #"{"a": 1, "b": 2}"#],
                fails: [#"{"a": 1}"#]),
            Case(
                #"{"dependencies": {"a": ["b"], "c": {"maxProperties": 1}}}"#, fits: [#"{"c": 1}"#],
                fails: [#"{"a": 1}"#, #"{"c": 1, "d": 1}"#]),
            Case(
                #"{"allOf": [{"properties": {"a": true}}], "properties": {"b": true}, "unevaluatedProperties": false}"#,
                fits: [#"{"a": 1, "b": 2}"#], fails: [#"{"c": 1}"#]),
            Case(
                #"{"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"properties": {"b": true}}, "unevaluatedProperties": false}"#,
                fits: [#"{"a": 1, "b": 2}"#, "{}"], fails: [#"{"a": 2}"#, #"{"b": 2}"#]),
            Case(
                ##"{"$ref": "#/$defs/a", "unevaluatedProperties": false, "$defs": {"a": {"properties": {"x": true}}}}"##,
                fits: [#"{"x": 1}"#], fails: [#"{"y": 1}"#]),
            Case(
                #"{"not": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "unevaluatedProperties": false}"#,
                fits: ["{}"], fails: [#"{"a": 1}"#, #"{"a": 2}"#]),
        ])
    func objects(_ test: Case) throws { try Self.check(test) }

    @Test(
        "combinations and conditions",
        arguments: [
            Case(#"{"allOf": [{"minimum": 1}, {"maximum": 3}]}"#, fits: ["2"], fails: ["0", "4"]),
            Case(#"{"anyOf": [{"type": "string"}, {"minimum": 3}]}"#, fits: ["\"a\"", "3"], fails: ["2"]),
            Case(#"{"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}"#, fits: ["2", "3"], fails: ["6", "5"]),
            Case(#"{"not": {"type": "integer"}}"#, fits: ["\"a\"", "1.5"], fails: ["1"]),
            Case(#"{"not": {}}"#, fails: ["1"]),
            Case(#"{"not": {"not": {"type": "null"}}}"#, fits: ["null"], fails: ["1"]),
            Case(
                #"{"if": {"minimum": 10}, "then": {"multipleOf": 10}, "else": {"multipleOf": 2}}"#, fits: ["20", "4"],
                fails: ["11", "5"]),
            Case(#"{"if": {"minimum": 10}, "then": {"multipleOf": 10}}"#, fits: ["20", "5"], fails: ["11"]),
            Case(#"{"then": {"type": "null"}, "else": {"type": "null"}}"#, fits: ["1"]),
            Case(
                #"{"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}"#, fits: [#"{"b": 1}"#],
                fails: ["{}"]),
        ])
    func combinations(_ test: Case) throws { try Self.check(test) }

    @Test(
        "references within the schema",
        arguments: [
            Case(##"{"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}"##, fits: ["1"], fails: ["\"a\""]),
            Case(
                ##"{"$ref": "#/$defs/a", "minimum": 5, "$defs": {"a": {"type": "integer"}}}"##, fits: ["5"],
                fails: ["4", "5.5"]),
            Case(
                ##"{"properties": {"a": {"$ref": "#"}}, "additionalProperties": false}"##, fits: [#"{"a": {"a": {}}}"#],
                fails: [#"{"a": {"b": 1}}"#]),
            Case(
                ##"{"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}}}}, "$ref": "#/$defs/node"}"##,
                fits: [#"{"v": 1, "next": {"v": 2}}"#], fails: [#"{"next": {"next": {"v": "x"}}}"#]),
            Case(
                ##"{"definitions": {"a/b~c d": {"type": "null"}}, "$ref": "#/definitions/a~1b~0c%20d"}"##,
                fits: ["null"], fails: ["1"]),
            Case(
                ##"{"$ref": "#here", "$defs": {"x": {"$anchor": "here", "type": "null"}}}"##, fits: ["null"],
                fails: ["1"]),
            Case(##"{"$ref": "#/components/x", "components": {"x": {"type": "null"}}}"##, fits: ["null"], fails: ["1"]),
            Case(
                ##"{"$id": "https://a.example/s", "$ref": "https://a.example/s#/$defs/x", "$defs": {"x": {"type": "null"}}}"##,
                fits: ["null"], fails: ["1"]),
            Case(
                ##"{"properties": {"a": {"$id": "in", "$ref": "#/$defs/x", "$defs": {"x": {"type": "null"}}}}, "$defs": {"x": {"type": "string"}}}"##,
                fits: [#"{"a": null}"#], fails: [#"{"a": "s"}"#]),
            Case(
                ##"{"properties": {"$ref": {"type": "string"}, "$id": {"type": "string"}}}"##,
                fits: [##"{"$ref": "a"}"##],
                fails: [##"{"$ref": 1}"##]),
        ])
    func references(_ test: Case) throws { try Self.check(test) }
}
