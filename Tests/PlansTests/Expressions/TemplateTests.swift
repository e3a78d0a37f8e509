import JSON
import Plans
import Testing

@Suite("templates")
struct TemplateTests {
    private let scope: [String: JSONValue] = ["find": ["items": ["a", 1, nil], "n": 2.0], "name": "Ada", "none": nil]

    @Test(
        "a whole template keeps the type, all others are texts",
        arguments: [
            ("{{ find.items }}", ["a", 1, nil]), ("{{find.n}}", 2.0), ("{{ missing }}", nil), ("", ""),
            ("plain", "plain"),
            ("{{ name }}!", "Ada!"), (" {{ find.n }}", " 2"), ("{{ name }}{{ name }}", "AdaAda"),
            ("<{{ none }}>", "<>"), ("{{ find.items }}\n", "[\"a\",1,null]\n"), ("is {{ 1 < 2 }}", "is true"),
            ("{{ '}}' }}", "}}"), ("{{ {a: {b: 1}}}}", ["a": ["b": 1]]), ("{{{a: 1}}}", ["a": 1]),
            ("a } b }} c { d", "a } b }} c { d"),
            (#"\{{ name }}"#, "{{ name }}"), (#"a\{{ {{ name }}"#, "a{{ Ada"), (#"\\{{ name }}"#, #"\Ada"#),
            (#"\\\{{"#, #"\{{"#), (#"C:\dir\ {{ name }}"#, #"C:\dir\ Ada"#), (#"\n"#, #"\n"#),
            ("é{{ name }}é", "éAdaé"),
            ("{{ '{{' }} x", "{{ x"), ("{", "{"), ("x{", "x{"),
        ] as [(String, JSONValue)])
    func values(_ text: String, _ expected: JSONValue) throws {
        let template = try Template(text)
        #expect(template.value(in: scope) == expected, "\(text)")
        let asText: [JSONValue: String] = [["a", 1, nil]: "[\"a\",1,null]", 2.0: "2", nil: ""]
        if let text = asText[expected] ?? expected.string { #expect(template.string(in: scope) == text) }
    }

    @Test("a template knows what it reads, and when there is nothing to fill in")
    func references() throws {
        let template = try Template("{{ find.n }} of {{ memory.run.plan }}")
        #expect(template.roots == ["find", "memory"])
        #expect(template.memoryKeys == [MemoryKey(scope: "run", key: "plan")])
        #expect(!template.isConstant)
        #expect(try Template(#"\{{ find }}"#).isConstant)
        #expect(template.operands(in: scope) == ["find.n": 2.0, "memory.run.plan": nil])
    }

    @Test(
        "a mistake is told with its place in the whole text",
        arguments: [
            ("é {{ name", 3, "{{ is not closed"), ("{{ name }", 8, "\"}\" is not expected there"),
            ("a {{ }} b", 2, "an expression is missing between the braces"), ("{{", 0, "{{ is not closed"),
            ("x {{ name = 1 }}", 10, "\"=\" is no operator here"),
            ("{{ ok }} {{ len() }}", 12, "len cannot take 0 arguments"),
            ("{{ 'a }}", 3, "the string is not closed"), ("{{ (name }}", 9, "\"}\" is not expected there"),
            ("{{ memory.run }}", 3, "memory needs a scope and a key"),
        ])
    func mistakes(_ text: String, _ offset: Int, _ message: String) throws {
        let error = try #require(throws: ExpressionError.self) { try Template(text) }
        #expect(error.message == message)
        #expect(error.offset == offset)
    }

    @Test("the strings of JSON are templates at any depth, the keys are not")
    func trees() throws {
        let value = try TemplateValue([
            "{{ a }}": ["x": ["{{ find.items[1] }}", "{{ name }}?", 1, nil]], "k": "{{ memory.user.me }}",
        ])
        #expect(value.value(in: scope) == ["{{ a }}": ["x": [1, "Ada?", 1, nil]], "k": nil])
        #expect(value.roots == ["find", "name", "memory"])
        #expect(value.memoryKeys == [MemoryKey(scope: "user", key: "me")])
        #expect(!value.isConstant)
        let constant = try TemplateValue([#"a \{{"#, ["b": 1]])
        #expect(constant.isConstant)
        #expect(constant.value(in: [:]) == ["a {{", ["b": 1]])
    }

    @Test("a mistake in JSON is told with a pointer to its string")
    func pointers() throws {
        let error = try #require(throws: TemplateError.self) {
            try TemplateValue(["ok": "{{ a }}", "a/b~c": ["fine", "{{ a ]"]])
        }
        #expect(error.pointer == "/a~1b~0c/1")
        #expect(error.error.offset == 5)
        #expect("\(error)" == "/a~1b~0c/1: \"]\" is not expected there (at byte 5)")
    }
}
