import Documents
import JSON
import Testing

struct PositionTests {
    private func position(_ text: String, _ pointer: String, isJSON: Bool) throws -> String {
        let place = try DocumentText(text, isJSON: isJSON).marks().position(of: pointer)
        return place.map { "\($0.line):\($0.column)" } ?? "none"
    }

    @Test(
        "members of JSON stand at their names, elements at themselves",
        arguments: [
            ("", "1:1"), ("/a", "1:2"), ("/b", "2:3"), ("/b/0", "2:9"), ("/b/1", "2:12"), ("/b/1/c~1d", "2:13"),
            ("/b/1/c~1d/x", "2:13"), ("/b/2", "2:3"), ("/é", "4:3"), ("/é/2", "4:15"), ("/none", "1:1"),
        ])
    func json(pointer: String, place: String) throws {
        let text = "{\"a\": 1,\n  \"b\" :[1, {\"c/d\":\n[]}],\n  \"é\": [\"é\",2,3]}\n"
        #expect(try position(text, pointer, isJSON: true) == place)
    }

    @Test(
        "members of YAML stand at their names, elements at themselves",
        arguments: [
            ("", "2:1"), ("/a", "2:1"), ("/a/b", "3:3"), ("/a/c", "4:3"), ("/a/c/0", "5:7"), ("/a/c/1/x", "6:8"),
            ("/d/y", "7:8"), ("/e/y", "8:1"), ("/e", "8:1"),
        ])
    func yaml(pointer: String, place: String) throws {
        let text = "# first\na:\n  b: 1\n  c:\n    - one\n    - {x: 2}\nd: &d {y: 1}\ne: *d\n"
        #expect(try position(text, pointer, isJSON: false) == place)
    }

    @Test(
        "what is no JSON is said with its line and column",
        arguments: [
            ("", "line 1, column 1: no valid JSON: the text ends"),
            ("{\"a\":1,}", "line 1, column 8: no valid JSON: the name"),
            ("{\"a\" 1}", "line 1, column 6: no valid JSON: a colon"),
            ("[1\n 2]", "line 2, column 2: no valid JSON: a comma or ]"),
            ("{\"a\":1\n\n}}", "line 3, column 2: no valid JSON: something follows"),
            ("[01]", "line 1, column 2: no valid JSON: a number"),
            ("[1.]", "column 4: no valid JSON: a digit"), ("[1e]", "column 4: no valid JSON: a digit"),
            ("[-]", "column 2: no valid JSON: a number"),
            ("[1e999]", "column 2: no valid JSON: the number is too large"),
            ("[tru]", "column 2: no valid JSON: no value"),
            ("[\"a\nb\"]", "column 4: no valid JSON: a control character"),
            ("[\"\\x\"]", "column 4: no valid JSON: no such escape"),
            ("[\"\\ud800\"]", "half of a character"), ("[\"\\u+123\"]", "four hexadecimal digits"),
            ("[\"abc", "the string has no end"), ("[\"abc\\", "the string has no end"),
            ("{\"a\": 1,\n \"a\": 2}", "line 2, column 2: no valid JSON: the member \"a\" is there twice"),
            (String(repeating: "[", count: 1000), "column 65: no valid JSON: nested more than 64 levels deep"),
        ])
    func mistakes(text: String, message: String) {
        do throws(DocumentFile.Failure) {
            _ = try JSONDocument.parse(text)
            Issue.record("accepted")
        } catch {
            #expect(error.message.contains(message), "\(error.message)")
            #expect(error.line != nil && error.column != nil)
        }
    }

    @Test("JSON is read as the decoder of Foundation reads it")
    func values() throws {
        for text in [
            "null", " true ", "[false]", "0", "-0", "1", "-1.5", "1.0", "1e2", "1E-2", "9223372036854775807",
            "-9223372036854775808", "9223372036854775808", "1e15", "1e16", "1e18", "1e19",
            "123456789012345678901234567890", "0.1",
            "\"\"", "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\ud83d\\ude00é😀\"", "{}", "[]", "[[],{}]",
            "{\"a\":{\"b\":[1,\"x\",null]},\"\":1}", "\t[ 1 ,\r\n2 ] ", "4503599627370497.5", "1e-400", "-0.0",
        ] {
            #expect(try JSONDocument.parse(text) == JSONValue(parsing: text), "\(text)")
        }
    }
}
