import JSON
import Plans
import TestSupport

/// Texts of expressions, values and schemas as chance has them.
struct RandomExpressions {
    static let roots = ["input", "find", "item", "index", "previous"]
    private static let keys = ["a", "b", "ok", "odd key", "items"]

    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// An expression that parses.
    mutating func expression(_ depth: Int = 4) -> String {
        guard depth > 0 else { return leaf() }
        let space = random.pick(["", " ", "  ", "\n"])
        switch random.below(12) {
        case 0: return leaf()
        case 1: return path(depth)
        case 2: return "(\(space)\(expression(depth - 1))\(space))"
        case 3: return "!" + tight(depth - 1)
        case 4: return "-" + tight(depth - 1)
        case 5, 6:
            let sign = random.pick(["==", "!=", "<", "<=", ">", ">=", " in "])
            return tight(depth - 1) + space + sign + space + tight(depth - 1)
        case 7:
            let sign = random.pick([" && ", "||"])
            return (0..<2 + random.below(2)).map { _ in tight(depth - 1) }.joined(separator: sign)
        case 8:
            return (0..<2 + random.below(2)).map { _ in tight(depth - 1) }.joined(separator: random.pick(["+", " - "]))
        case 9:
            return "[" + (0..<random.below(3)).map { _ in expression(depth - 1) }.joined(separator: ",\(space)") + "]"
        case 10:
            let members = Self.keys.prefix(random.below(3)).map { "'\($0)':\(space)\(expression(depth - 1))" }
            return "{" + members.joined(separator: ", ") + "}"
        default: return call(depth)
        }
    }

    /// One that stands beside an operator.
    private mutating func tight(_ depth: Int) -> String {
        random.isOne(in: 3) || depth == 0 ? random.isOne(in: 2) ? leaf() : path(depth) : "(\(expression(depth)))"
    }

    private mutating func leaf() -> String {
        random.pick([
            "null", "true", "false", "0", "1", "1.0", "0.5", "-2", "12", "''", "'a'", "\"ok\"", "'é\\n'", "[]", "{}",
            "input",
            "index", "item", "find.items", "input.a",
        ])
    }

    private mutating func path(_ depth: Int) -> String {
        var path = random.pick(Self.roots)
        for _ in 0..<random.below(4) {
            switch random.below(4) {
            case 0: path += "[\(random.below(3))]"
            case 1 where depth > 0: path += "[\(expression(depth - 1).trimmedIndex)]"
            case 2: path += "['\(random.pick(Self.keys))']"
            default: path += "." + random.pick(["a", "b", "ok", "items", "in", "length"])
            }
        }
        return path
    }

    private mutating func call(_ depth: Int) -> String {
        let first = expression(depth - 1)
        switch random.below(8) {
        case 0: return "len(\(first))"
        case 1: return "has(\(first), \(random.isOne(in: 2) ? "'a'" : expression(depth - 1)))"
        case 2: return "default(\(first), \(expression(depth - 1)))"
        case 3: return "any(\(first))"
        case 4: return "all(\(first), 'ok')"
        case 5: return "any (\(first) , \(expression(depth - 1)))"
        case 6: return "join(\(first), \(random.isOne(in: 2) ? "', '" : expression(depth - 1)))"
        default: return "json(\(first))"
        }
    }

    mutating func value(_ depth: Int = 3) -> JSONValue {
        switch random.below(depth > 0 ? 9 : 6) {
        case 0: return nil
        case 1: return .bool(random.isOne(in: 2))
        case 2: return .integer(Int64(random.below(5)) - 2)
        case 3: return .number(random.pick([0.5, -1.5, 2.0, 0.0]))
        case 4, 5: return .string(random.pick(["", "a", "b", "ok", "é", "odd key", "\"\n\\"]))
        case 6: return .array((0..<random.below(4)).map { _ in value(depth - 1) })
        default:
            return .object(
                Dictionary(Self.keys.prefix(random.below(5)).map { ($0, value(depth - 1)) }) { first, _ in first })
        }
    }

    mutating func schema(_ depth: Int = 3) -> JSONValue {
        switch random.below(depth > 0 ? 11 : 7) {
        case 0: return true
        case 1: return ["type": .string(random.pick(["null", "boolean", "integer", "number", "string"]))]
        case 2:
            return [
                "type": .array([
                    .string(random.pick(["null", "integer"])), .string(random.pick(["string", "boolean"])),
                ])
            ]
        case 3: return ["enum": ["a", "ok", .integer(Int64(random.below(3)))]]
        case 4: return ["const": value(1)]
        case 5, 6: return ["type": .string(random.pick(["string", "integer", "boolean"]))]
        case 7: return ["anyOf": [schema(depth - 1), schema(depth - 1)]]
        case 8: return ["type": "array", "items": schema(depth - 1)]
        default:
            let names = Array(Self.keys.prefix(1 + random.below(4)))
            var schema: [String: JSONValue] = [
                "type": "object",
                "properties": .object(Dictionary(names.map { ($0, self.schema(depth - 1)) }) { first, _ in first }),
                "required": .array(names.filter { _ in random.isOne(in: 2) }.map { .string($0) }),
            ]
            if random.isOne(in: 2) {
                schema["additionalProperties"] = random.isOne(in: 2) ? false : self.schema(depth - 1)
            }
            return .object(schema)
        }
    }

    /// A value that fits the schema.
    mutating func value(fitting schema: JSONValue) -> JSONValue {
        if let constant = schema["const"] { return constant }
        if case .array(let values)? = schema["enum"] { return random.pick(values) }
        if case .array(let schemas)? = schema["anyOf"] { return value(fitting: random.pick(schemas)) }
        var type = schema["type"]?.string
        if case .array(let types)? = schema["type"] { type = random.pick(types).string }
        switch type {
        case "null": return nil
        case "boolean": return .bool(random.isOne(in: 2))
        case "integer": return .integer(Int64(random.below(4)) - 1)
        case "number": return random.isOne(in: 2) ? .number(0.5) : .integer(1)
        case "string": return .string(random.pick(["", "a", "ok", "odd key"]))
        case "array":
            let items = schema["items"] ?? true
            return .array((0..<random.below(3)).map { _ in value(fitting: items) })
        case "object":
            var members: [String: JSONValue] = [:]
            for (name, schema) in (schema["properties"]?.members ?? [:]).sorted(by: { $0.key < $1.key }) {
                members[name] = value(fitting: schema)
            }
            if case .array(let required)? = schema["required"] {
                for name in members.keys.sorted() where !required.contains(.string(name)) && random.isOne(in: 2) {
                    members[name] = Optional.none
                }
            }
            let others = schema["additionalProperties"] ?? true
            if others != false, random.isOne(in: 2) { members["more"] = value(fitting: others) }
            return .object(members)
        default: return value()
        }
    }

    /// The text with a few bytes removed, repeated, replaced or put in.
    mutating func mutated(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0...random.below(3) {
            let place = random.below(bytes.count + 1)
            switch random.below(4) {
            case 0 where place < bytes.count: bytes.remove(at: place)
            case 1: bytes.insert(contentsOf: bytes[place...].prefix(random.below(8)), at: random.below(bytes.count + 1))
            case 2 where place < bytes.count: bytes[place] = UInt8(random.below(256))
            default: bytes.insert(contentsOf: random.pick(Self.fragments).utf8, at: place)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Fragments of the language in no order.
    mutating func noise() -> String {
        (0..<random.below(20)).map { _ in random.pick(Self.fragments) }.joined(separator: random.pick(["", " "]))
    }

    private static let fragments = [
        "(", ")", "[", "]", "{", "}", "{{", "}}", ",", ":", ".", "==", "=", "!", "<", ">=", "&&", "&", "||", "+", "-",
        "in",
        "not", "and", "null", "true", "len(", "has", "any(a", "memory", "memory.run.a", "'", "\"", "'a'", "\\", "\\u",
        "\\ud83d",
        "0", "1.5", "1e", "9999999999999999999", "a", "é", "\u{0}", "\n", "$", "?", "\u{FFFF}", "a.b[0]", "[-1]",
        "\\{{",
    ]
}

extension String {
    /// A literal that can be no index stands in brackets of its own sum.
    fileprivate var trimmedIndex: String { "default(null, \(self))" }
}
