import Testing

@testable import Tools

@Suite("Globs")
struct GlobTests {
    @Test(
        "a pattern matches what it says, and no more",
        arguments: [
            ("*.swift", ["a.swift", "sub/a.swift", ".swift"], ["a.swift.txt", "a.swif"]),
            ("**/*.swift", ["a.swift", "x/y/a.swift"], ["a.js"]),
            ("src/**", ["src/a", "src/b/c"], ["src", "other/src/a"]),
            ("src/*", ["src/a"], ["src/b/c", "src"]), ("./src/*", ["src/a"], ["a"]),
            ("**/foo/**/*.js", ["foo/a.js", "x/foo/y/z/a.js"], ["foo.js", "x/a.js"]),
            ("*.{js,ts}", ["a.js", "b.ts"], ["a.jsx", "a.{js,ts}"]),
            ("{src,test}/{a,b{1,2}}.c", ["src/a.c", "test/b2.c"], ["src/b.c"]),
            ("file{}.c", ["file{}.c"], ["file.c"]), ("a{b", ["a{b"], ["ab"]), ("{one}", ["{one}"], ["one"]),
            ("?.c", ["a.c", "é.c"], ["ab.c", ".c"]), ("[a-c]x", ["ax", "cx"], ["dx", "[a-c]x"]),
            ("[!a]x", ["bx"], ["ax"]), ("[]]x", ["]x"], ["ax"]), ("[x", ["[x"], ["x"]), ("\\*", ["*"], ["a"]),
            ("**", ["a", "a/b"], []), ("a**b", ["ab", "axxb"], ["a/b"]),
        ] as [(String, [String], [String])])
    func matching(pattern: String, yes: [String], no: [String]) throws {
        let glob = try Glob(pattern)
        for path in yes { #expect(glob.matches(path), "\(pattern) \(path)") }
        for path in no { #expect(!glob.matches(path), "\(pattern) \(path)") }
    }

    @Test(
        "what leads out of the folder or explodes is refused",
        arguments: [
            "", "/etc/*", "../*", "a/../../b", "{a,/etc}/x", String(repeating: "x", count: 2000),
            String(repeating: "{a,b}", count: 20),
            String(repeating: "{a,", count: 200) + String(repeating: "}", count: 200),
        ])
    func refused(pattern: String) {
        #expect(throws: ToolError.self) { try Glob(pattern) }
    }

    @Test("many stars take no time")
    func stars() throws {
        let long = String(repeating: "a", count: 250)
        let deep = String(repeating: "a/", count: 500) + "b"
        let start = ContinuousClock.now
        #expect(try !Glob(String(repeating: "*a", count: 100) + "b").matches(long))
        #expect(try !Glob(String(repeating: "**/*a*/", count: 50) + "c").matches(deep))
        #expect(ContinuousClock.now - start < .seconds(60))
    }
}
