import Queue
import Testing

@testable import agentcorp

@Suite struct PartsTests {
    @Test(
        "JSON is accepted",
        arguments: [
            "{}", "[]", "null", " true ", "-0.5e+10", #""\u00e9\ud83d\ude00""#, #"{"a":{"b":[1,2,{"c":null}]}}"#,
            "\"é\"",
        ])
    func accepted(text: String) throws {
        try JSONSyntax.check(Array(text.utf8))
    }

    @Test(
        "what is no JSON is located",
        arguments: [
            ("{", 1, 2, "the text ends"), ("{\"a\":1,}", 1, 7, "a comma with nothing behind it"),
            ("[1\n 2]", 2, 2, "a comma or ]"), ("{'a': 1}", 1, 2, "double quotes"), ("[01]", 1, 3, "a zero before it"),
            ("tru", 1, 1, "a value"), ("[1.]", 1, 4, "a digit"), ("{} x", 1, 4, "more text"),
            ("\"abc", 1, 1, "closing quote"), ("\"a\nb\"", 1, 3, "closing quote"), (#""\x""#, 1, 2, "unknown escape"),
            (#""\ud800""#, 1, 2, "surrogate"), (#""\u0000""#, 1, 2, "cannot store"), ("[é]", 1, 2, "`é`"),
            ("\n\n  {\"é\" 1}", 3, 8, "a colon"),
        ])
    func located(text: String, line: Int, column: Int, reason: String) throws {
        do {
            try JSONSyntax.check(Array(text.utf8))
            Issue.record("\(text) was accepted")
        } catch {
            #expect(error.line == line)
            #expect(error.column == column)
            #expect(error.reason.contains(reason))
        }
    }

    @Test("bytes that are no UTF-8 are refused, and nesting has no limit")
    func oddBytes() throws {
        #expect(throws: JSONSyntax.Mistake.self) { try JSONSyntax.check([0x22, 0xFF, 0x22]) }
        let depth = 200_000
        try JSONSyntax.check(
            Array(String(repeating: "[", count: depth).utf8) + Array(String(repeating: "]", count: depth).utf8))
    }

    @Test(
        "lengths of time are read",
        arguments: [
            ("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000), ("1.5d", 129_600_000), ("0s", 0),
        ])
    func spans(text: String, milliseconds: Int) {
        #expect(TimeSpan(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(
        "lengths of time that are none are refused",
        arguments: ["", "5", "-5m", "m", "5 m", "5x", "1e3s", "99999999999w"])
    func badSpans(text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test(
        "durations are short",
        arguments: [
            (0.0, "0ms"), (12.4, "12ms"), (999.6, "1.0s"), (3449, "3.4s"), (42_000, "42s"), (125_000, "2m 5s"),
            (3_600_000, "1h"), (11_400_000, "3h 10m"), (352_800_000, "4d 2h"), (-5, "0ms"),
        ])
    func durations(milliseconds: Double, text: String) {
        #expect(TimeText.duration(milliseconds: milliseconds) == text)
    }

    @Test("text is measured in columns and cut to fit")
    func widths() {
        #expect(DisplayText.width("日本") == 4)
        #expect(DisplayText.width("e\u{301}a") == 2)
        #expect(DisplayText.fit("日本語", 5, ellipsis: "…") == "日本…")
        #expect(DisplayText.printable("a\u{1B}[31m\nb\u{202E}") == "a [31m b ")
    }

    @Test("a guess is made only when it is near")
    func guesses() {
        #expect(Spelling.nearest(to: "qeues", in: ["queues", "workers"]) == "queues")
        #expect(Spelling.nearest(to: "wrokers", in: ["queues", "workers"]) == "workers")
        #expect(Spelling.nearest(to: "banana", in: ["queues", "workers"]) == nil)
    }

    func node(_ id: Int64, _ parent: Int64?, _ depth: Int, _ state: TaskState) throws -> TaskNode {
        let parentPart = parent.map { "\"parent_id\": \($0)," } ?? ""
        return try JSONCoding.decode(
            Array(
                "{\"id\": \(id), \(parentPart) \"depth\": \(depth), \"title\": \"t\(id)\", \"kind\": \"noop\", \"state\": \"\(state.rawValue)\", \"attempt\": 1}"
                    .utf8))
    }

    @Test("of many subtasks those are shown that failed or run, and the others counted")
    func summary() throws {
        var nodes = [try node(1, nil, 0, .waiting)]
        for id in 2...1001 {
            let state: TaskState = id == 700 ? .failed : id == 900 ? .running : id > 500 ? .ready : .completed
            nodes.append(try node(Int64(id), 1, 1, state))
        }
        let lines = TreeLayout(nodes, maximumLines: 10).lines(for: .output)
        #expect(lines.count <= 10)
        #expect(lines.contains { $0.contains("t700") })
        #expect(lines.contains { $0.contains("t900") })
        #expect(lines.last?.contains("499 completed") == true)
        #expect(TreeLayout(nodes, maximumLines: .max).lines(for: .output).count == 1002)
    }

    @Test("a tree that is deeper than the screen is cut, not overflown")
    func deep() throws {
        let nodes = try (1...500).map { try node(Int64($0), $0 == 1 ? nil : Int64($0 - 1), $0 - 1, .blocked) }
        let lines = TreeLayout(nodes, maximumLines: 20).lines(for: .output)
        #expect(lines.count <= 20)
        #expect(lines.last?.contains("more") == true)
    }
}
