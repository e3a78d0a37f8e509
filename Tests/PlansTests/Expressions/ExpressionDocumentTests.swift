import Foundation
import JSON
import Plans
import Testing

@Suite("docs/expressions.md")
struct ExpressionDocumentTests {
    private let text: String
    private let scope: [String: JSONValue]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../../docs/expressions.md"
        text = try String(contentsOfFile: file, encoding: .utf8)
        let block = text.components(separatedBy: "```json\n")[1].components(separatedBy: "```")[0]
        scope = try #require(try JSONValue(parsing: block).members)
    }

    /// The cells of all tables with that heading, code without its quotes.
    private func rows(_ heading: String) -> [[String]] {
        var rows: [[String]] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == heading {
                isInside = true
            } else if !line.hasPrefix("|") {
                isInside = false
            } else if isInside, !line.hasPrefix("|---") {
                let cells = line.replacing("\\|", with: "\u{1}").dropFirst().dropLast().split(
                    separator: "|", omittingEmptySubsequences: false)
                rows.append(
                    cells.map {
                        let cell = $0.trimmingCharacters(in: .whitespaces).replacing("\u{1}", with: "|")
                        return cell.hasPrefix("`") ? String(cell.dropFirst().dropLast()) : cell
                    })
            }
        }
        return rows
    }

    @Test("the expressions have the values that it shows")
    func expressions() throws {
        let rows = rows("| expression | value |")
        #expect(rows.count > 40)
        for row in rows {
            let expected = try JSONValue(parsing: row[1])
            let value = try Expression(row[0]).value(in: scope)
            #expect(try Expression("a == b").holds(in: ["a": value, "b": expected]), "\(row[0]) is \(value.text)")
        }
    }

    @Test("the templates have the values that it shows")
    func templates() throws {
        let rows = rows("| template | value |")
        #expect(rows.count > 7)
        for row in rows {
            #expect(try Template(row[0]).value(in: scope) == JSONValue(parsing: row[1]), "\(row[0])")
        }
    }

    @Test("the mistakes are told as it shows")
    func mistakes() throws {
        // Of the values, the types without the words: a name is any string.
        let types: [String: ValueType] = [
            "input": .closed(["name": .string, "age": .number, "odd key": .string, "note": .null]),
            "find": .closed(["items": .array(of: .closed(["name": .string, "ok": .bool])), "count": .number]),
            "words": .array(of: .any), "index": .number,
        ]
        let rows = rows("| expression | byte | mistake | hint |")
        #expect(rows.count > 10)
        for row in rows {
            let hint = row[3].isEmpty ? nil : row[3]
            let expected = [ExpressionError(message: row[2], offset: try #require(Int(row[1])), hint: hint)]
            #expect(Self.problems(row[0], types) == expected)
        }
    }

    private static func problems(_ text: String, _ types: [String: ValueType]) -> [ExpressionError] {
        do throws(ExpressionError) {
            return try Expression(text).type(in: types).problems
        } catch {
            return [error]
        }
    }

    @Test("all functions and bounds are there")
    func completeness() throws {
        for name in ["len", "has", "default", "any", "all", "join", "json"] { #expect(text.contains("| `\(name)(")) }
        for number in [Expression.longestText, Expression.deepest, TemplateValue.deepest] {
            #expect(text.contains(number.formatted(.number.locale(Locale(identifier: "en_US")))))
        }
        #expect(Template.longestText == 1 << 20 && Expression.largestValue == 4 << 20)
    }
}
