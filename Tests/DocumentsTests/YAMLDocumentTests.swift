import Documents
import JSON
import Testing

struct YAMLDocumentTests {
    private func failure(_ text: String) -> String? {
        do throws(DocumentFile.Failure) {
            _ = try YAMLDocument.parse(text)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("YAML says what JSON says, by the core schema of YAML 1.2")
    func values() throws {
        let value = try YAMLDocument.parse(
            """
            text: a
            quoted: "5"
            single: 'true'
            tagged: !!str 5
            integer: 5
            negative: -7
            hex: 0x10
            number: 1.5e3
            "yes": yes
            truth: true
            nothing: ~
            empty:
            time: 1:30
            date: 2026-01-01
            version: 1.2.3
            octal: 010
            block: |
              one
              two
            folded: >-
              one
              two
            list: [a, {b: 1}]
            nan: .nan
            plus: "+"
            dash: '-'
            """)
        #expect(
            value == [
                "text": "a", "quoted": "5", "single": "true", "tagged": "5", "integer": 5, "negative": -7, "hex": 16,
                "number": 1500.0, "yes": "yes", "truth": true, "nothing": nil, "empty": nil, "time": "1:30",
                "date": "2026-01-01", "version": "1.2.3", "octal": 10, "block": "one\ntwo\n", "folded": "one two",
                "list": ["a", ["b": 1]], "nan": ".nan", "plus": "+", "dash": "-",
            ])
    }

    @Test("an anchor may be used, but not to make much of little")
    func aliases() throws {
        #expect(try YAMLDocument.parse("a: &x [1, 2]\nb: *x\n") == ["a": [1, 2], "b": [1, 2]])
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            bomb +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        #expect(failure(bomb)?.contains("aliases") == true)
        // Few aliases that stand for much.
        let much = "a: &a [" + Array(repeating: "x", count: 10_000).joined(separator: ",") + "]\n"
        #expect(failure(much + (0..<12).map { "b\($0): *a\n" }.joined())?.contains("more than 100000 values") == true)
        #expect(failure("a: *x")?.contains("undefined alias") == true)
        #expect(failure("a: &x [*x]") != nil)
    }

    @Test("emphasis in a text is no alias")
    func emphasis() throws {
        let text = "prompt: |\n" + String(repeating: "  You *must* be *kind*.\n", count: 50)
        #expect(try YAMLDocument.parse(text)["prompt"]?.string?.contains("*must*") == true)
    }

    @Test(
        "what JSON cannot say is refused, with its line",
        arguments: [
            ("a: 1\na: 2", "\"a\" is there twice"), ("a: 1\n\"a\": 2", "\"a\" is there twice"),
            ("a: !ruby/object {}", ""), ("a: !!binary aGk=", "line 1, column 4: the tag"), ("a: !!int 5", "the tag"),
            ("? [a]\n: 1", "a key that is no word"), ("b: {<<: {a: 1}}", "a key that is no word"),
            ("a: 1\n---\nb: 2", "another document"), ("", "is empty"), ("# nothing", "is empty"),
            ("a: [1", "line "), ("a: \"x", "line "), ("\ta: 1", "line 1"), ("a: b: c", "line 1"),
            ("a: \u{1}", "no valid YAML"),
        ])
    func refusals(text: String, message: String) {
        let failure = failure(text)
        #expect(failure?.contains(message) == true, "\(failure ?? "accepted")")
    }

    @Test("nesting, values and time have bounds")
    func bounds() throws {
        for text in [
            String(repeating: "[", count: 500_000), String(repeating: "- ", count: 100_000),
            String(repeating: "{a: ", count: 100_000), String(repeating: "? ", count: 50_000),
            "[" + String(repeating: "x,", count: 200_000) + "x]", String(repeating: "!a ", count: 100_000),
            (0..<5000).map { String(repeating: " ", count: min($0, 100)) + "a:\n" }.joined(),
        ] {
            let clock = ContinuousClock()
            let time = clock.measure { #expect(failure(text) != nil) }
            #expect(time < .seconds(200), "\(text.prefix(10))")
        }
    }
}
