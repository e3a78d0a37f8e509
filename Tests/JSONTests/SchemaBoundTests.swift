import JSON
import TestSupport
import Testing

@Suite("the bounds of checking a value")
struct SchemaBoundTests {
    @Test("a pattern that backtracks without end is a violation")
    func badPattern() throws {
        let schema = try JSONSchema(["items": ["pattern": "^(a+)+$"]])
        let text = JSONValue.string(String(repeating: "a", count: 40) + "!")
        let violations = schema.violations(of: .array(Array(repeating: text, count: 1000)))
        #expect(violations.count == 1)
        #expect(violations.first?.message.contains("too much work") == true)
    }

    @Test("a schema that doubles at every level is given up")
    func doubling() throws {
        var definitions: [String: JSONValue] = ["d0": ["type": "null"]]
        for level in 1..<40 {
            let below: JSONValue = ["$ref": .string("#/$defs/d\(level - 1)")]
            definitions["d\(level)"] = ["anyOf": [below, below]]
        }
        let schema = try JSONSchema(["$ref": "#/$defs/d39", "$defs": .object(definitions)])
        let violations = schema.violations(of: 1)
        #expect(
            violations.map(\.message) == [
                "cannot be checked: that takes too much work: make it smaller, or the schema simpler"
            ])
    }

    @Test("a value that is nested too deeply is refused, not a crash")
    func deepValue() throws {
        let schema = try JSONSchema(["items": ["$ref": "#"]])
        var value: JSONValue = []
        for _ in 0..<5000 { value = [value] }
        #expect(schema.violations(of: value).first?.message == "cannot be checked: it is nested too deeply")
    }

    @Test("large values that are honest are checked in full")
    func largeValue() throws {
        let schema = try JSONSchema([
            "items": ["type": "object", "properties": ["a": ["type": "integer"]], "required": ["a"]],
            "uniqueItems": true,
        ])
        let value = JSONValue.array((0..<50_000).map { ["a": .integer($0)] })
        #expect(schema.violations(of: value).isEmpty)
    }

    @Test("random texts are parsed or refused, and random values are checked by random schemas", arguments: 0..<20)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = Self.value(depth: 4, &generator)
            #expect(try JSONValue(parsing: value.bytes).text == value.text)
            // A bit is flipped, or the end is lost: never a crash.
            var bytes = value.bytes
            bytes[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            _ = try? JSONValue(parsing: bytes)
            _ = try? JSONValue(parsing: bytes.prefix(bytes.count / 2))

            guard let schema = try? JSONSchema(Self.schema(depth: 3, &generator)) else { continue }
            let violations = schema.violations(of: value)
            #expect(violations.count <= JSONSchema.mostViolations)
            #expect(schema.violations(of: value) == violations)
            // With an identifier of its own it keeps what its references mean.
            guard case .object(var members) = schema.value else { continue }
            members["$id"] = "inner"
            let denied = try JSONSchema(["not": .object(members)])
            #expect(denied.violations(of: value).isEmpty != violations.isEmpty)
            let doubled = try JSONSchema(["allOf": [.object(members), .object(members)]])
            #expect(doubled.violations(of: value).isEmpty == violations.isEmpty)
        }
    }

    private static let names = ["a", "b", "/", "~", "", "é"]

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .integer(.random(in: -5...5, using: &generator))
        case 3: .integer(.random(in: .min ... .max, using: &generator))
        case 4: .number(.random(in: -5...5, using: &generator))
        case 5: .string(names.randomElement(using: &generator) ?? "")
        case 6:
            .array((0..<Int.random(in: 0..<4, using: &generator)).map { _ in value(depth: depth - 1, &generator) })
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                        (names.randomElement(using: &generator) ?? "", value(depth: depth - 1, &generator))
                    }, uniquingKeysWith: { $1 }))
        }
    }

    private static func schema(depth: Int, _ generator: inout SeededGenerator) -> JSONValue {
        guard depth > 0 else { return .bool(.random(using: &generator)) }
        var members: [String: JSONValue] = [:]
        for _ in 0..<Int.random(in: 0..<4, using: &generator) {
            func inner() -> JSONValue { schema(depth: depth - 1, &generator) }
            let name = names.randomElement(using: &generator) ?? ""
            switch Int.random(in: 0..<14, using: &generator) {
            case 0: members["type"] = ["array", "object", "integer", "string"].randomElement(using: &generator)
            case 1: members["enum"] = [value(depth: 1, &generator), value(depth: 1, &generator)]
            case 2: members["minimum"] = .integer(.random(in: -5...5, using: &generator))
            case 3: members["items"] = inner()
            case 4: members["prefixItems"] = [inner()]
            case 5: members["properties"] = .object([name: inner()])
            case 6: members["additionalProperties"] = inner()
            case 7: members["anyOf"] = [inner(), inner()]
            case 8: members["oneOf"] = [inner(), inner()]
            case 9: members["not"] = inner()
            case 10: members["if"] = inner()
            case 11: members["then"] = inner()
            case 12: members["contains"] = inner()
            // Sometimes it ends nowhere, sometimes never: both are refused.
            default:
                members["$ref"] = .string(["#", "#/items", "#/properties/a"].randomElement(using: &generator) ?? "#")
            }
        }
        return .object(members)
    }
}
