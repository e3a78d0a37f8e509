import JSON
import Plans
import Testing

@Suite("the types of expressions")
struct ExpressionTypeTests {
    private static let scope: [String: ValueType] = [
        "input": .closed(["name": .string, "age": .number, "note": .string.orNull, "any": .any, "ok": .bool]),
        "find": .object(
            ["items": .array(of: .closed(["name": .string, "ok": .bool])), "count": .number], .undeclared),
        "decide": .closed(["status": .words(["decided", "tied", "no_quorum"]), "winner": .any]),
        "map": .object(["known": .number], .typed(.string)), "previous": .null, "index": .number,
        "either": .union(of: [.closed(["a": .number]), .closed(["b": .string])]),
    ]

    @Test(
        "what can be known is known",
        arguments: [
            ("1 + 2", .number), ("'a' + input.name", .string), ("input.any", .any), ("input.note", .string.orNull),
            ("find.items[0]", .closed(["name": .string, "ok": .bool]).orNull), ("find.items[index].ok", .bool.orNull),
            ("find.unheard", .any), ("map.known", .number), ("map.other", .string.orNull), ("either.a", .number.orNull),
            ("input.age < 3", .bool), ("input.any < 3", .bool.orNull), ("input.note < 'a'", .bool.orNull),
            ("input.name == 'a'", .bool), ("!input.ok", .bool), ("-input.age", .number), ("-input.any", .number.orNull),
            ("input.any + 1", .number.orNull), ("input.any + 'a'", .string.orNull),
            ("input.any + input.any", .any.orNull),
            ("[1] + ['a']", .array(of: .union(of: [.number, .words(["a"])]))), ("{a: 1}", .closed(["a": .number])),
            ("{a: 1}['a']", .number), ("'a'", .words(["a"])),
            ("default(input.note, 1)", .union(of: [.string, .number])),
            ("default(input.note, null)", .string.orNull), ("default(previous, 1)", .number),
            ("len(input.name)", .number),
            ("len(input.note)", .number.orNull), ("any(find.items, 'ok')", .bool), ("all(input.any)", .bool.orNull),
            ("join(find.items, ', ')", .string), ("json(input)", .string), ("has(find, 'x')", .bool),
            ("1 in [1, 2]", .bool), ("input.name in input.any", .bool.orNull), ("'a' in input.name", .bool),
            ("previous.check.notes", .null), ("previous[0]", .null),
            ("find.items", .array(of: .closed(["name": .string, "ok": .bool]))),
        ] as [(String, ValueType)])
    func types(_ text: String, _ expected: ValueType) throws {
        let (type, problems) = try Expression(text).type(in: Self.scope)
        #expect(type == expected, "\(text) is \(type)")
        #expect(problems.isEmpty)
    }

    @Test(
        "what cannot be meant is told, with its place and what to write instead",
        arguments: [
            ("1 + fnd.count", 4, "there is no \"fnd\" here", "did you mean find?"),
            ("x", 0, "there is no \"x\" here", "there is decide, either, find, index, input, map, previous"),
            ("input.ok == True", 12, "there is no \"True\" here", "did you mean true?"),
            ("input.nmae", 6, "there is no property \"nmae\"", "did you mean name?"),
            ("input.elsewhere", 6, "there is no property \"elsewhere\"", "it has age, any, name, note, ok"),
            (
                "find.itmes", 5, "the schema has no property \"itmes\"",
                "did you mean items? Otherwise add it to the schema's properties"
            ),
            (
                "find.items.name", 11, "an array has no property \"name\"",
                "an element is items[0]; any(items, \"name\") looks into all"
            ),
            ("find.items.length", 11, "an array has no property \"length\"", "did you mean len(value)?"),
            ("input.name.length", 11, "a string has no property \"length\"", "did you mean len(value)?"),
            ("input.note.x", 11, "a string has no property \"x\"", nil),
            ("find.count.x", 11, "a number has no property \"x\"", nil),
            ("input.name[0]", 11, "a string has no elements", nil), ("input[0]", 6, "an object has no elements", nil),
            ("find.items['a' + 'b']", 11, "a string is no index into an array", "elements count from 0"),
            ("input[index]", 6, "a number is no key of an object", nil),
            ("either.c", 7, "there is no property \"c\"", "it has a"),
            ("input.name == 1", 14, "a string is never equal to a number", nil),
            ("input.name != null", 14, "a string is never null", nil),
            (
                "decide.status == 'decidd'", 17, "\"decided\", \"no_quorum\" or \"tied\" is never equal to \"decidd\"",
                "did you mean \"decided\"?"
            ),
            (
                "decide.status in ['tied', 'no_qorum']", 26,
                "\"decided\", \"no_quorum\" or \"tied\" is never equal to \"no_qorum\"", "did you mean \"no_quorum\"?"
            ),
            (
                "input.age < 'a'", 12, "< does not apply to a number and \"a\"",
                "it compares numbers with numbers, and strings with strings"
            ),
            (
                "input.ok > 1", 11, "> does not apply to true or false and a number",
                "it compares numbers with numbers, and strings with strings"
            ),
            (
                "input.name + 1", 13, "+ does not apply to a string and a number",
                "join texts with {{ }} in a template, or write json(value)"
            ),
            ("input.name - 'a'", 13, "- does not apply to a string and \"a\"", "- is for numbers"),
            ("input.ok + 1", 11, "+ does not apply to true or false and a number", nil),
            ("-input.name", 0, "- does not apply to a string", nil),
            (
                "1 in input.name", 0, "a number is never in a string",
                "in looks for an element of an array, a part of a string, a key of an object"
            ),
            (
                "'a' in 5", 0, "\"a\" is never in a number",
                "in looks for an element of an array, a part of a string, a key of an object"
            ),
            (
                "'a' in find.items", 0, "\"a\" is never in an array",
                "in looks for an element of an array, a part of a string, a key of an object"
            ),
            ("len(5)", 4, "len does not apply to a number", "len(value)"),
            ("any(input)", 4, "any does not apply to an object", "any(array) or any(array, key)"),
            ("all(find.items, 'okk')", 16, "there is no property \"okk\"", "did you mean ok?"),
            ("any(find.items, 1)", 16, "a number is no key of an object", nil),
            ("join(find.items, 1)", 17, "a number is no separator", "join(array, separator)"),
            ("join('a', ',')", 5, "join does not apply to \"a\"", "join(array, separator)"),
            ("has(input, 'nam')", 11, "there is no property \"nam\"", "did you mean name?"),
            ("has(find.items, 'a')", 16, "\"a\" is never in an array", "has(value, key)"),
            ("has(5, 'a')", 7, "\"a\" is never in a number", "has(value, key)"),
            (
                "!input.name", 1, "a string always holds: only false and null do not",
                "compare it, as in len(value) > 0; default(a, b) is the first that is not null"
            ),
            (
                "input.ok && input.age", 12, "a number always holds: only false and null do not",
                "compare it: value != 0"
            ),
            (
                "input.ok || 'x'", 12, "\"x\" always holds: only false and null do not",
                "compare it, as in len(value) > 0; default(a, b) is the first that is not null"
            ),
            ("previous && input.ok", 0, "that is always null, and never holds", nil),
        ] as [(String, Int, String, String?)])
    func problems(_ text: String, _ offset: Int, _ message: String, _ hint: String?) throws {
        let problems = try Expression(text).type(in: Self.scope).problems
        #expect(problems == [ExpressionError(message: message, offset: offset, hint: hint)])
    }

    @Test("a mistake is told once, and all of them are")
    func allProblems() throws {
        let problems = try Expression("fnd.items[0].name + 1 == input.nmae + 1 || fnd.count > 1").type(in: Self.scope)
            .problems
        #expect(problems.map(\.offset) == [0, 31, 43])
    }

    @Test("a condition that always or never holds is a mistake, but where it says so itself")
    func conditions() throws {
        func problems(_ text: String) throws -> [String] {
            try Expression(text).conditionProblems(in: Self.scope).map(\.message)
        }
        #expect(try problems("input.name") == ["a string always holds: only false and null do not"])
        #expect(try problems("find.items") == ["an array always holds: only false and null do not"])
        #expect(try problems("previous.ok") == ["that is always null, and never holds"])
        for text in ["input.note", "input.any", "input.ok", "true", "false", "input.age > 1", "find.unheard"] {
            #expect(try problems(text).isEmpty, "\(text)")
        }
    }

    @Test("templates have types, and their mistakes the pointer to the string")
    func templates() throws {
        #expect(try Template("{{ find.count }}").type(in: Self.scope).type == .number)
        #expect(try Template("{{ find.count }}!").type(in: Self.scope).type == .string)
        #expect(try Template("x").type(in: Self.scope).type == .words(["x"]))
        #expect(try Template("n: {{ input.nmae }}").type(in: Self.scope).problems.map(\.offset) == [12])
        let value = try TemplateValue(["a": ["{{ find.count }}", 1], "b/c": "{{ input.nmae }}", "d": "{{ fnd }}"])
        let (type, problems) = value.type(in: Self.scope)
        #expect(type == .closed(["a": .array(of: .number), "b/c": .any, "d": .any]))
        #expect(problems.map(\.pointer) == ["/b~1c", "/d"])
    }
}
