import JSON
import Plans
import Testing

@Suite("the values of expressions")
struct ExpressionTests {
    static let scope: [String: JSONValue] = [
        "input": ["name": "Ada", "age": 36, "odd key": true, "nothing": nil, "ratio": 0.5],
        "find": ["items": [["name": "a.swift", "ok": true], ["name": "b.swift", "ok": false]], "count": 2],
        "words": ["one", nil, "two", 3, ["x": 1]],
        "index": 1,
        "memory": ["run": ["plan": "go"]],
    ]

    private func check(_ text: String, _ expected: JSONValue) throws {
        let expression = try Expression(text)
        let value = expression.value(in: Self.scope)
        #expect(value == expected, "\(text)")
        #expect(expression.holds(in: Self.scope) == (expected != .null && expected != false))
        // What it prints is the same expression.
        let printed = try Expression(expression.description)
        #expect(printed.description == expression.description)
        #expect(printed.value(in: Self.scope) == value, "\(text) prints as \(expression)")
    }

    @Test(
        "literals are what they say",
        arguments: [
            ("null", nil), ("true", true), ("false", false), ("0", 0), ("12", 12), ("-12", -12), ("1.5", 1.5),
            ("1e3", 1000.0), ("2.5E-1", 0.25), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", 0x1p63), ("'it'", "it"), ("\"it\"", "it"),
            (#"'it\'s'"#, "it's"), (#""\n\t\"\\\/""#, "\n\t\"\\/"), (#"'\u00e9\ud83d\ude00'"#, "é😀"), ("'é😀'", "é😀"),
            ("'}}'", "}}"), ("[]", []), ("[1, 'a', [null]]", [1, "a", [nil]]), ("{}", [:]),
            ("{a: 1, 'odd key': [index]}", ["a": 1, "odd key": [1]]), (" \n\t1\r", 1),
        ] as [(String, JSONValue)])
    func literals(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "a path leads to a value, or to null",
        arguments: [
            ("input.name", "Ada"), ("input['name']", "Ada"), ("input[\"odd key\"]", true), ("input.missing", nil),
            ("input.missing.deeper[3].still", nil), ("nobody", nil), ("find.items[0].name", "a.swift"),
            ("find.items[1.0].name", "b.swift"), ("find.items[2]", nil), ("find.items[index].name", "b.swift"),
            ("find.items[index - 2]", nil), ("find['it' + 'ems'][0].ok", true), ("input.name[0]", nil),
            ("find.items.name", nil), ("find[0]", nil), ("memory.run.plan", "go"), ("memory.user.plan", nil),
            ("[1, 2][1]", 2), ("{a: {b: 3}}.a.b", 3), ("(find).count", 2), ("(find.items)[0].ok", true),
            ("default(input.missing, find).count", 2), ("input.in", nil), ("input.null", nil),
            ("find.items[9007199254740993]", nil), ("words[1 == 1]", nil), ("words[input.missing]", nil),
            ("words[input.ratio]", nil),
        ] as [(String, JSONValue)])
    func paths(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "numbers are compared exactly, JSON deeply, and what cannot be compared is null",
        arguments: [
            ("1 == 1.0", true), ("[1, {a: 2.0}] == [1.0, {a: 2}]", true), ("{a: 1} == {a: 1, b: null}", false),
            ("9007199254740993 == 9007199254740992.0", false), ("9007199254740993 > 9007199254740992.0", true),
            ("9223372036854775807 < 9223372036854775808.0", true),
            ("-9223372036854775808 == -9223372036854775808.0", true),
            ("-1e300 < -9223372036854775808", true), ("1 < 1.5", true), ("-1 > -1.5", true), ("0 == -0.0", true),
            ("0.1 + 0.2 == 0.3", false), ("'a' < 'b'", true), ("'Z' < 'a'", true), ("'a' < 'aa'", true),
            ("'a' <= 'a'", true), ("'b' >= 'a'", true), ("'é' == 'e\u{301}'", false), ("'10' < '9'", true),
            ("1 == '1'", false), ("1 != '1'", true), ("1 < '1'", nil), ("null < 1", nil), ("null <= null", nil),
            ("true < false", nil), ("[1] < [2]", nil), ("null == null", true), ("input.missing == null", true),
            ("false == null", false), ("true == true", true), ("input.missing != input.name", true),
        ] as [(String, JSONValue)])
    func comparisons(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "operators that do not apply give null",
        arguments: [
            ("1 + 2", 3), ("1 + 0.5", 1.5), ("1 - 3", -2), ("'a' + 'b' + 'c'", "abc"), ("[1] + [2] + []", [1, 2]),
            ("'a' + 1", nil), ("1 + 'a'", nil), ("'a' - 'a'", nil), ("[1] - [1]", nil), ("null + 1", nil),
            ("true + true", nil), ("1 + null + 2", nil), ("{} + {}", nil), ("9223372036854775807 + 1", 0x1p63),
            ("1e308 + 1e308", nil), ("-input.age", -36), ("-input.name", nil), ("-null", nil), ("--1", 1),
            ("- -index", 1),
            ("-(-9223372036854775807 - 1)", 0x1p63), ("1 - -1", 2), ("index-1", 0), ("!null", true), ("!0", false),
            ("!!''", true),
            ("![]", false),
        ] as [(String, JSONValue)])
    func operators(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "only null and false are false, and && and || are true or false",
        arguments: [
            ("0 && '' && [] && {}", true), ("null || false", false), ("1 && null", false), ("null || 'x'", true),
            ("true && true && false", false), ("false || false || 1", true), ("!(1 && 0)", false),
        ] as [(String, JSONValue)])
    func truth(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "what binds tighter goes first",
        arguments: [
            ("true || true && false", true), ("(true || true) && false", false), ("1 + 2 == 3", true),
            ("1 == 1 && 2 == 2", true), ("!false == true", true), ("!(1 == 2)", true), ("10 - 3 - 2", 5),
            ("10 - (3 - 2)", 9), ("-1 + 2", 1), ("-(1 + 2)", -3), ("1 in [1] && 2 in [2]", true),
            ("'a' + 'b' in ['ab']", true), ("!true || true", true), ("(1 < 2) == true", true), ("!(1 in [1])", false),
            ("-find.items[0].count", nil), ("!input.missing", true), ("((((1))))", 1), ("(!true) in [false]", true),
        ] as [(String, JSONValue)])
    func precedence(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "in looks into arrays, strings and objects",
        arguments: [
            ("2 in [1, 2.0]", true), ("{a: 1} in [{a: 1.0}]", true), ("3 in [1, 2]", false), ("null in [null]", true),
            ("'da' in input.name", true), ("'' in ''", true), ("'aab' in 'aaaab'", true),
            ("'abcabd' in 'abcabcabd'", true),
            ("'x' in 'abc'", false), ("'name' in input", true), ("'nothing' in input", true),
            ("'other' in input", false),
            ("1 in 'a1'", nil), ("1 in input", nil), ("1 in 1", nil), ("'a' in null", nil),
        ] as [(String, JSONValue)])
    func membership(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test(
        "functions",
        arguments: [
            ("len('é😀')", 2), ("len([1, 2])", 2), ("len({a: 1})", 1), ("len(null)", nil), ("len(5)", nil),
            ("has(input, 'name')", true), ("has(input, 'nothing')", true), ("has(input, 'x')", false),
            ("has(words, 4)", true), ("has(words, 5)", false), ("has(words, -1)", false), ("has(words, 'a')", false),
            ("has(null, 'a')", false), ("default(input.missing, 5)", 5), ("default(false, 5)", false),
            ("default(null, null)", nil), ("any([])", false), ("all([])", true), ("any([null, 0])", true),
            ("all([1, null])", false), ("any(1)", nil), ("all(null)", nil), ("any(find.items, 'ok')", true),
            ("all(find.items, 'ok')", false), ("all(find.items, 'name')", true), ("any([1], 'ok')", false),
            ("any(find.items, 1)", false), ("any([{'': 1}], 1)", false),
            ("join(['a', 'b'], ', ')", "a, b"), ("join(words, '-')", "one-two-3-{\"x\":1}"), ("join([], ',')", ""),
            ("join(['a'], 1)", nil), ("join('a', ',')", nil),
            ("json({b: 1, a: [1.0, 0.5, 'x\"\\n']})", #"{"a":[1,0.5,"x\"\n"],"b":1}"#),
            ("json('a')", "\"a\""), ("json(input.missing)", "null"), ("len(json(find)) > 10", true),
            ("len == null", true),
        ] as [(String, JSONValue)])
    func functions(_ text: String, _ expected: JSONValue) throws { try check(text, expected) }

    @Test("an expression knows what it reads")
    func roots() throws {
        let expression = try Expression(
            "any(find.items[index].names) && memory.run.plan.done || memory.agent['odd key'] == input")
        #expect(expression.roots == ["find", "index", "memory", "input"])
        #expect(
            expression.memoryKeys == [MemoryKey(scope: "run", key: "plan"), MemoryKey(scope: "agent", key: "odd key")])
        #expect(try Expression("{input: 'find'}.input").roots.isEmpty)
    }

    @Test("the operands are what the paths led to, each once")
    func operands() throws {
        let expression = try Expression("find.items[index].ok || input.missing == find.count && index + index > 0")
        #expect(
            expression.operands(in: Self.scope) == [
                "find.items[index].ok": false, "index": 1, "input.missing": nil, "find.count": 2,
            ])
    }

    @Test("large operands are cut, and so is their number")
    func largeOperands() throws {
        let scope: [String: JSONValue] = [
            "a": .array(Array(repeating: "é", count: 10_000)), "b": .string(String(repeating: "é", count: 10_000)),
            "c": .string(String(repeating: "x", count: 1000)),
        ]
        let operands = try Expression("a == b || b == c").operands(in: scope)
        #expect(operands["a"]?.string?.hasPrefix("[\"é\",\"é\",") == true)
        #expect(operands["b"]?.string?.hasSuffix("é... (20000 bytes)") == true)
        #expect(operands["c"] == scope["c"])
        #expect(operands.values.allSatisfy { $0.bytes.count < 2100 })
        let many = try Expression((0..<500).map { "a.b\($0)" }.joined(separator: " || "))
        #expect(many.operands(in: scope).count == 64)
    }
}
