import Foundation
import JSON
import Synchronization
import Testing

@testable import Plans

@Suite("the bounds of expressions")
struct ExpressionBoundTests {
    @Test("a text of more than 10,000 bytes is refused, one of that many is worked off")
    func length() throws {
        let longest = "a" + String(repeating: "+a", count: 4999)
        let sum = try Expression(longest + " ")
        #expect(sum.value(in: ["a": 1]) == 5000)
        #expect(sum.value(in: ["a": "x"]).string?.utf8.count == 5000)
        let error = try #require(throws: ExpressionError.self) { try Expression(longest + "  ") }
        #expect(error.message == "the expression has 10001 bytes, at most 10000 are allowed")
        #expect(throws: ExpressionError.self) { try Template("{{ \(longest) }}") }
        #expect(throws: ExpressionError.self) { try Template(String(repeating: "x", count: 1 << 20 + 1)) }
    }

    @Test(
        "what nests 64 deep is worked off on a small stack, what nests deeper is refused",
        arguments: [
            ("(", "1", ")"), ("[", "1", "]"), ("{a:", "1", "}"), ("!", "1", ""), ("-", "a", ""), ("len(", "a", ")"),
            ("a[", "0", "]"),
            ("1 + (", "1", ")"), ("a || b && 1 == 2 + (", "1", ")"), ("a && b < 2 - len(", "a", ")"),
        ])
    func nesting(_ open: String, _ middle: String, _ close: String) throws {
        @Sendable func text(_ count: Int) -> String {
            String(repeating: open, count: count) + middle + String(repeating: close, count: count)
        }
        try onSmallStack {
            let expression = try Expression(text(64))
            #expect(try Expression(expression.description).description == expression.description)
            _ = expression.value(in: ["a": [1]])
            _ = expression.operands(in: ["a": [1]])
            _ = expression.type(in: ["a": .any, "b": .any])
            let limit = "the expression nests too deeply, at most 64 deep"
            for count in [65, 9000 / (open.utf8.count + close.utf8.count)] {
                let tooDeep = text(count)
                let error = try #require(throws: ExpressionError.self) { try Expression(tooDeep) }
                #expect(error.message == limit)
            }
        }
    }

    /// 1 MiB; without the checks of a debug build, a quarter of it is enough.
    private func onSmallStack(_ body: @escaping @Sendable () throws -> Void) throws {
        let failure = Mutex<(any Error)?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            do { try body() } catch { failure.withLock { $0 = error } }
            isDone.signal()
        }
        thread.stackSize = 1 << 20
        thread.start()
        isDone.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// The value when at most 4 KiB may come of it, and 16 KiB of work be done; they are 4 MiB and 16 MiB else.
    private func value(_ text: String, _ scope: [String: JSONValue]) throws -> JSONValue? {
        var evaluation = ExpressionEvaluation(scope, work: 16 << 10, largest: 4 << 10)
        return evaluation.result(of: try Expression(text).node)
    }

    @Test("a value that is too large is none, but may decide")
    func size() throws {
        let text = JSONValue.string(String(repeating: "x", count: 1 << 10))
        let scope: [String: JSONValue] = ["a": text, "b": .array(Array(repeating: text, count: 5))]
        for text in ["b", "[a, a, a, a, a]", "{a: b}", "a + a + a + a + a", "b + [1]", "join(b, '')", "json(b)"] {
            #expect(try value(text, scope).isNone, "\(text)")
        }
        #expect(try value("a + a + a", scope)?.string?.utf8.count == 3 << 10)
        #expect(try value("len(b)", scope) == 5)
        var evaluation = ExpressionEvaluation(scope, largest: 4 << 10)
        #expect(evaluation.holds(try Expression("b").node))
    }

    @Test("what exceeds 4 MiB is null, in a template too")
    func mebibytes() throws {
        let scope: [String: JSONValue] = ["a": .string(String(repeating: "x", count: 4 << 20 - 1))]
        let expression = try Expression("a")
        #expect(expression.boundedValue(in: scope).isNone)
        #expect(expression.value(in: scope) == .null)
        for text in ["{{ a }}", "{{ a }}.", "{{ [a] }}"] {
            let template = try Template(text)
            #expect(template.boundedValue(in: scope).isNone)
            #expect(template.string(in: scope) == "")
            let tree = try TemplateValue([.string(text)])
            #expect(tree.boundedValue(in: scope).isNone)
            #expect(tree.value(in: scope) == .null)
        }
    }

    @Test(
        "work without an end is given up",
        arguments: ["len(a + a)", "len(json(a))", "c in a", "len(b + b)", "b == d", "any(b)", "len(join(b, a))"])
    func work(_ part: String) throws {
        let scope: [String: JSONValue] = [
            "a": .string(String(repeating: "x", count: 1000)), "b": .array(Array(repeating: nil, count: 300)),
            "c": .string(String(repeating: "x", count: 500) + "y"),
            "d": .array(Array(repeating: nil, count: 299) + [1]),
        ]
        #expect(try !value(part, scope).isNone)
        let many = Array(repeating: part, count: 100).joined(separator: ", ")
        #expect(try value("len([\(many)]) == 100", scope).isNone)
        var evaluation = ExpressionEvaluation(scope, work: 16 << 10)
        #expect(!evaluation.holds(try Expression("[\(many)]").node))
    }

    @Test("values that nest deeper than 500 are no result, and equal to none")
    func deepValues() throws {
        try onSmallStack { () throws -> Void in
            var deep: JSONValue = []
            for _ in 0..<600 { deep = [deep] }
            let scope = ["a": deep]
            for text in ["a", "a == a", "json(a)"] {
                let expression = try Expression(text)
                #expect(expression.boundedValue(in: scope).isNone)
            }
            let operands = try Expression("a").operands(in: scope)
            #expect(operands["a"]?.string?.hasPrefix("[[[[") == true)
            let length = try Expression("len(a[0][0])")
            #expect(length.value(in: scope) == 1)
            let tree = deep
            #expect(throws: TemplateError.self) { try TemplateValue(tree) }
        }
    }
}

extension Optional {
    /// `== nil` would be true of a JSON null as well.
    fileprivate var isNone: Bool { if case .none = self { true } else { false } }
}
