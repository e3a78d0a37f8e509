import Patterns
import Testing

@Suite("patterns")
struct PatternTests {
    @Test(
        "the first match is found in bytes and in text",
        arguments: [
            ("b+", "aabbb", 2..<5), ("^", "", 0..<0), ("é", "aé", 1..<3), ("(?<=a)b", "ab", 1..<2),
            ("x|$", "ab", 2..<2),
        ])
    func finds(_ pattern: String, _ text: String, _ place: Range<Int>) throws {
        let pattern = try Pattern(pattern)
        #expect(try pattern.firstMatch(in: Array(text.utf8)) == place)
        let match = try #require(try pattern.firstMatch(in: text))
        #expect(Array(text[match].utf8) == Array(Array(text.utf8)[place]))
    }

    @Test("no match is nil")
    func noMatch() throws {
        #expect(try Pattern("c").firstMatch(in: "ab") == nil)
    }

    @Test("letters match whatever their case when asked to")
    func caseInsensitive() throws {
        #expect(try Pattern("STRASSE|ÉTÉ", caseInsensitive: true).firstMatch(in: "été") != nil)
        #expect(try Pattern("ÉTÉ").firstMatch(in: "été") == nil)
    }

    @Test("bytes that are no UTF-8 match nothing, and hide nothing around them")
    func invalidText() throws {
        let bytes: [UInt8] = [0xff, 0xc3, 0x61, 0x62, 0xfe]
        #expect(try Pattern("ab").firstMatch(in: bytes) == 2..<4)
        #expect(try Pattern("a.*z").firstMatch(in: bytes) == nil)
    }

    @Test("the two dialects differ in what a digit, the end and an escape are")
    func dialects() throws {
        #expect(try Pattern("^\\d$").firstMatch(in: "٣") != nil)
        #expect(try Pattern("^\\d$", dialect: .ecma).firstMatch(in: "٣") == nil)
        #expect(try Pattern("a$").firstMatch(in: "a\n") != nil)
        #expect(try Pattern("a$", dialect: .ecma).firstMatch(in: "a\n") == nil)
        #expect(try Pattern("^\\u0041\\u{1F600}$", dialect: .ecma).firstMatch(in: "A😀") != nil)
    }

    @Test(
        "a mistake in a pattern is told with its place",
        arguments: [
            ("a(b", 3), ("[z-a]", 3), ("a{2,1}", 5), ("*a", 0), ("\\C", 2),
        ])
    func mistakes(_ text: String, _ offset: Int) throws {
        let error = #expect(throws: PatternError.self) { try Pattern(text) }
        #expect(error?.code == .syntax)
        #expect(error?.offset == offset, "\(error?.description ?? "")")
    }

    @Test("the place of a mistake counts characters")
    func mistakesInUnicode() {
        let error = #expect(throws: PatternError.self) { try Pattern("éé(") }
        #expect(error?.offset == 3)
    }

    @Test("a pattern that is too long, or nested too deeply, is refused")
    func tooLong() {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "a", count: Pattern.longestPattern + 1)) }
        #expect(throws: PatternError.self) {
            try Pattern(String(repeating: "(", count: 1000) + String(repeating: ")", count: 1000))
        }
        #expect(throws: PatternError.self) { try Pattern("(((a{999}){999}){999}){999}") }
    }

    @Test("patterns are equal by what they say")
    func equality() throws {
        #expect(try Pattern("a") == Pattern("a"))
        #expect(try Pattern("a") != Pattern("a", caseInsensitive: true))
    }
}
