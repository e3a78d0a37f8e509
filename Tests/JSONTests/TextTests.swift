import Foundation
import JSON
import Testing

@Suite("JSON texts")
struct TextTests {
    @Test("are written compactly, with sorted names and only the escapes that must be")
    func writing() {
        let value: JSONValue = [
            "b": [1, -2.5, 1e300, 3.0, nil, true], "a": .string("\"\\/\n\r\t\u{8}\u{C}\u{1}\u{1F}é🙂"), "": [:], "c": [],
        ]
        #expect(
            value.text
                == #"{"":{},"a":"\"\\/\n\r\t\b\f\u0001\u001fé🙂","b":[1,-2.5,1e+300,3,null,true],"c":[]}"#)
        #expect(
            JSONValue.array([.number(.nan), .number(.infinity), .number(-.infinity)]).text
                == #"["NaN","Infinity","-Infinity"]"#)
    }

    @Test("come back as they were, and as Foundation reads them")
    func roundTrip() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let value = Self.value(depth: 0, &random)
            #expect(try JSONValue(parsing: value.bytes) == value)
            #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.bytes)) == value)
            let written = try JSONEncoder().encode(value)
            #expect(try JSONValue(parsing: written) == value)
        }
    }

    @Test("may begin with a byte order mark, and have a member twice, of which the last counts")
    func leniency() throws {
        #expect(try JSONValue(parsing: "\u{FEFF} {\"a\": 1, \"a\": 2}") == ["a": 2])
    }

    @Test(
        "that are none say where",
        arguments: [
            ("", "line 1, column 1"), ("{\"a\":\n 01}", "line 2, column 2"), ("[1,]", "line 1, column 4"),
            ("[1] 2", "line 1, column 5"), ("\"\\ud800\"", "surrogates"), ("{\"a\" 1}", "colon"),
            ("1e999", "too large"),
            (String(repeating: "[", count: 600), "nested"),
        ])
    func mistakes(text: String, says: String) {
        let error = #expect(throws: JSONTextError.self) { try JSONValue(parsing: text) }
        #expect(error?.description.contains(says) == true, "\(error as Any)")
    }

    private static func value(depth: Int, _ random: inout SystemRandomNumberGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random))
        case 3:
            let number = Double.random(in: -1...1, using: &random) * pow(10, Double.random(in: -30...30))
            return Int64(exactly: number).map { .integer($0) } ?? .number(number)
        case 4: return .string(text(&random))
        case 5: return .array((0..<Int.random(in: 0..<4)).map { _ in value(depth: depth + 1, &random) })
        default:
            return .object(
                Dictionary((0..<Int.random(in: 0..<4)).map { _ in (text(&random), value(depth: depth + 1, &random)) }) {
                    $1
                })
        }
    }

    private static func text(_ random: inout SystemRandomNumberGenerator) -> String {
        let scalars = (0..<Int.random(in: 0..<9)).compactMap { _ in
            Unicode.Scalar(UInt32.random(in: 0..<(Bool.random(using: &random) ? 0x80 : 0x11_0000), using: &random))
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
