import JSON
import Testing

@testable import MCP

@Suite struct MirroredHeadersTests {
    @Test("nested properties, numbers and truths are repeated; what is not there is not")
    func values() throws {
        let schema: JSONValue = [
            "properties": [
                "a": ["type": "object", "properties": ["b": ["type": "integer", "x-mcp-header": "B"]]],
                "c": ["type": "boolean", "x-mcp-header": "C"], "d": ["type": "string", "x-mcp-header": "D"],
                "e": ["type": "string", "default": ["x-mcp-header": "no"]],
            ]
        ]
        let headers = try MirroredHeaders(schema).headers(for: ["a": ["b": 5], "c": true, "d": nil])
        #expect(headers.map { "\($0.name): \($0.value)" } == ["Mcp-Param-B: 5", "Mcp-Param-C: true"])
    }

    @Test(
        "what does not survive as a header is encoded",
        arguments: [
            ("plain text!", "plain text!"), ("", ""), (" edge", "=?base64?IGVkZ2U=?="), ("é", "=?base64?w6k=?="),
            ("a\r\nX: y", "=?base64?YQ0KWDogeQ==?="), ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
        ])
    func encoding(text: String, encoded: String) {
        #expect(MirroredHeaders.encode(text) == encoded)
    }

    @Test(
        "marks that cannot be followed are refused",
        arguments: [
            #"{"x-mcp-header": "A"}"#, #"{"properties": {"a": {"type": "number", "x-mcp-header": "A"}}}"#,
            #"{"properties": {"a": {"x-mcp-header": "A"}}}"#,
            #"{"properties": {"a": {"type": "string", "x-mcp-header": "A B"}}}"#,
            #"{"properties": {"a": {"type": "string", "x-mcp-header": ""}}}"#,
            #"{"properties": {"a": {"type": "string", "x-mcp-header": 1}}}"#,
            #"{"items": {"type": "string", "x-mcp-header": "A"}}"#,
            #"{"allOf": [{"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}]}"#,
            #"{"$defs": {"x": {"type": "string", "x-mcp-header": "A"}}}"#,
            #"{"properties": {"a": {"type": "string", "x-mcp-header": "A"}, "b": {"type": "string", "x-mcp-header": "a"}}}"#,
        ])
    func refused(schema: String) throws {
        let schema = try JSONValue(parsing: schema)
        #expect(throws: MirroredHeaders.Invalid.self) { try MirroredHeaders(schema) }
    }
}
