import JSON
import Plans
import Testing

@Suite("mistakes in expressions")
struct ExpressionMistakeTests {
    @Test(
        "a mistake is told with its place and what to write instead",
        arguments: [
            ("", 0, "an expression is missing", nil), ("  ", 0, "an expression is missing", nil),
            ("a = 1", 2, "\"=\" is no operator here", "did you mean ==?"),
            ("a === 1", 2, "\"===\" is no operator here", "did you mean ==?"),
            ("a !== 1", 2, "\"!==\" is no operator here", "did you mean !=?"),
            ("a <> 1", 2, "\"<>\" is no operator here", "did you mean !=?"),
            ("a => 1", 2, "\"=>\" is no operator here", "did you mean >=?"),
            ("a & b", 2, "\"&\" is no operator here", "did you mean &&?"),
            ("a | b", 2, "\"|\" is no operator here", "did you mean ||?"),
            ("a and b", 2, "\"and\" is no operator here", "did you mean &&?"),
            ("a OR b", 2, "\"OR\" is no operator here", "did you mean ||?"),
            ("not a", 0, "\"not\" is no operator here", "did you mean !?"),
            ("a && not b", 5, "\"not\" is no operator here", "did you mean !?"),
            ("not (a)", 0, "there is no function \"not\"", "write: !value"),
            ("a not in b", 2, "\"not\" is no operator here", "did you mean !?"),
            ("!a in b", 0, "! applies to the left side alone", "did you mean !(a in b)?"),
            ("a ? b : c", 2, "\"?\" is no operator here", chooses),
            ("a ?? b", 2, "\"??\" is no operator here", "did you mean default(a, b)?"),
            ("a?.b", 1, "\"?.\" is no operator here", "just . does: a path that leads nowhere is null"),
            ("if(a, b, c)", 0, "there is no function \"if\"", chooses),
            (
                "a * 2", 2, "\"*\" is no operator here",
                "there is only + and -: let a tool or a `command` task calculate"
            ),
            ("1 < 2 < 3", 6, "comparisons do not chain", "write a < b && b < c, or use brackets"),
            ("a.length()", 2, "values have no methods", "did you mean len(value)?"),
            ("a.includes('x')", 2, "values have no methods", "write: part in whole"),
            ("a.join(',')", 2, "values have no methods", "join(array, separator)"),
            ("length(a)", 0, "there is no function \"length\"", "did you mean len(value)?"),
            ("jion(a, b)", 0, "there is no function \"jion\"", "did you mean join?"),
            ("launch(a)", 0, "there is no function \"launch\"", "there are len, has, default, any, all, join, json"),
            ("len(a, b)", 0, "len cannot take 2 arguments", "it is called as len(value)"),
            ("has(a)", 0, "has cannot take 1 argument", "it is called as has(value, key)"),
            ("a + 'b", 4, "the string is not closed", "it ends with ', as it begins"),
            ("'a\\", 0, "the string is not closed", "it ends with ', as it begins"),
            ("(a + 1", 0, "( is not closed", "it ends with )"), ("len(a", 3, "( is not closed", "it ends with )"),
            ("a[0", 1, "[ is not closed", "it ends with ]"), ("[1, 2", 0, "[ is not closed", "it ends with ]"),
            ("{a: 1", 0, "{ is not closed", "it ends with }"), ("{", 0, "{ is not closed", "it ends with }"),
            ("a + ", 4, "a value is missing at the end", nil), ("a)", 1, "\")\" is not expected there", nil),
            ("a b", 2, "\"b\" is not expected there", "an operator is missing before it"),
            ("a 'b'", 2, "a value is not expected there", "an operator is missing before it"),
            (
                "a[-1]", 2, "an index is a whole number that is not negative, or a string",
                "elements count from 0 at the front"
            ),
            (
                "a[0.5]", 2, "an index is a whole number that is not negative, or a string",
                "elements count from 0 at the front"
            ),
            ("a[]", 2, "an index is missing", "as in items[0] or a[\"odd key\"]"),
            ("a[1:2]", 3, "there are no slices", nil),
            ("a.0", 2, "a name is missing after the point", "as in items[0]"),
            ("a.", 2, "a name is missing after the point", "as in a.name or a[\"odd key\"]"),
            ("a..b", 1, "\"..\" is no operator here", "did you mean a single point?"),
            ("'a'.b", 3, "nothing is within a literal", nil), ("[1,]", 2, "nothing follows the comma", "leave it out"),
            ("{a: 1, a: 2}", 7, "the key \"a\" is there twice", nil),
            ("{a 1}", 3, "a colon is missing after the key", "as in {\"name\": input.name}"),
            ("{1: 2}", 1, "a key is missing", "as in {\"name\": input.name}"),
            ("01", 0, "a number does not begin with 0", "leave out the zero"),
            ("1.", 1, "digits are missing after the point", nil), (".5", 0, "\".\" is not expected there", "as in 0.5"),
            ("1a", 0, "a name does not begin with a digit", "a member of such a name is written a[\"1a\"]"),
            ("1e999", 0, "the number is too large", nil),
            (
                "'\\x'", 1, "there is no such escape",
                "a backslash is written \\\\; there are \\n \\t \\r \\b \\f \\\" \\' \\/ and \\u0041"
            ),
            ("'\\u12'", 1, "\\u needs four hexadecimal digits", "as in \\u00e9"),
            ("'\\ud800'", 1, "half a surrogate pair is no character", nil),
            ("'\\u0000'", 1, "\\u0000 is refused: PostgreSQL cannot hold it", nil),
            ("$a", 0, "\"$\" is no operator here", "a path is written by itself: input.name"),
            ("é", 0, "\"é\" means nothing in an expression", nil),
            ("“a”", 0, "\"“\" is no operator here", "a string stands in \" or '"),
            ("memory", 0, "memory needs a scope and a key", "as in memory.run.plan, or memory.agent[\"odd key\"]"),
            ("memory.run", 0, "memory needs a scope and a key", "as in memory.run.plan, or memory.agent[\"odd key\"]"),
            ("memory[a].b", 0, "memory needs a scope and a key", "as in memory.run.plan, or memory.agent[\"odd key\"]"),
            ("memory.runs.plan", 7, "there is no memory \"runs\"", "did you mean run?"),
            ("memory.elsewhere.plan", 7, "there is no memory \"elsewhere\"", "the scopes are run, agent, user, global"),
        ] as [(String, Int, String, String?)])
    func mistakes(_ text: String, _ offset: Int, _ message: String, _ hint: String?) throws {
        let error = try #require(throws: ExpressionError.self) { try Expression(text) }
        #expect(error.message == message)
        #expect(error.offset == offset)
        #expect(error.hint == hint)
    }

    private static let chooses = "there is no choice between two values: use `when` on two tasks, or default(a, b)"
}
