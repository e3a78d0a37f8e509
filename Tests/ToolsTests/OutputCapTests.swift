import JSON
import TestSupport
import Testing

@testable import Tools

@Suite("the cap of outputs")
struct OutputCapTests {
    @Test("what fits is shown as it is")
    func fits() {
        #expect(OutputCap(200).apply("short") == ("short", false))
        #expect(OutputCap(200).apply(["a": [1, nil]]) == (#"{"a":[1,null]}"#, false))
        let emoji = String(repeating: "😀", count: 200)
        #expect(OutputCap(200).apply(.string(emoji)) == (emoji, false))
    }

    @Test("of a long text the beginning and the end are shown, and how much is missing")
    func longText() throws {
        let text = "begin " + String(repeating: "é", count: 100_000) + " end"
        let (shown, isCapped) = OutputCap(1000, whole: "the whole is blob 7").apply(.string(text))
        #expect(isCapped)
        #expect((990...1000).contains(shown.count))
        #expect(shown.hasPrefix("begin é") && shown.hasSuffix("é end"))
        let mark = try #require(
            shown.firstMatch(of: #/\[\.\.\. (\d+) of 100010 characters omitted; the whole is blob 7 \.\.\.\]/#))
        // Two line ends stand around the mark.
        #expect(Int(mark.1)! + shown.count - mark.0.count - 2 == 100_010)
    }

    @Test("JSON is never cut within: its shape is shown")
    func longJSON() throws {
        let value: JSONValue = [
            "rows": .array((0..<5000).map { ["id": .integer($0), "text": "some words"] }),
            "log": .string(String(repeating: "line\n", count: 50_000)), "next": "page2",
        ]
        for content in [value, .string(value.text), .string(" \n" + value.text)] {
            let (shown, isCapped) = OutputCap(5000, whole: "blob 7").apply(content)
            #expect(isCapped)
            #expect(shown.count <= 5000)
            let parsed = try JSONValue(parsing: shown)
            #expect(parsed["note"]?.string?.contains("blob 7") == true)
            #expect(parsed["value"]?["next"] == "page2")
            guard case .array(let rows)? = parsed["value"]?["rows"] else { Issue.record("no rows"); return }
            #expect(rows.last?.string?.contains("of 5000 elements omitted") == true)
            #expect(rows.first?["id"] == 0)
        }
    }

    @Test("one long text within JSON keeps most of the room")
    func longMember() throws {
        let (shown, _) = OutputCap(20_000).apply(["url": "u", "text": .string(String(repeating: "x", count: 100_000))])
        #expect((7000...20_000).contains(shown.count))
        #expect(try JSONValue(parsing: shown)["value"]?["url"] == "u")
    }

    @Test("whatever the value, what is shown of JSON is JSON, and no longer than it may be", arguments: 0..<20)
    func random(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func value(_ depth: Int) -> JSONValue {
            let count = Int.random(in: 0...(depth > 2 ? 30 : 6), using: &generator)
            switch Int.random(in: 0..<(depth > 0 ? 4 : 2), using: &generator) {
            case 0: return .string(String(repeating: "é\"\n", count: count * count * 4))
            case 1: return .integer(Int64(count))
            case 2: return .array((0..<count).map { _ in value(depth - 1) })
            default:
                return .object(
                    Dictionary((0..<count).map { (String(repeating: "k", count: $0 * $0), value(depth - 1)) }) { $1 })
            }
        }
        for _ in 0..<10 {
            let value = JSONValue.array([value(4), value(3)])
            let limit = Int.random(in: 200...3000, using: &generator)
            let (shown, isCapped) = OutputCap(limit).apply(value)
            #expect(shown.count <= limit)
            #expect(isCapped == (value.text.count > limit))
            #expect(throws: Never.self) { try JSONValue(parsing: shown) }
        }
    }
}
