import JSON
import Plans
import TestSupport
import Testing

struct PlanDrawingTests {
    private func plan(_ text: String) throws -> Plan { try PlanReader.plan(from: JSONValue(parsing: text)) }

    @Test("a plan is drawn as boxes in layers")
    func boxes() throws {
        let plan = try plan(
            #"""
            {"plan": "p", "on": [{"cron": "@daily"}], "tasks": {
              "a": {"agent": "x", "prompt": "p"}, "b": {"kind": "http", "needs": ["a"], "on_error": {"run": "h"}},
              "c": {"kind": "http", "needs": ["a"]}, "h": {"kind": "http"}, "d": {"wait": {"for": "1m"}, "needs": ["b", "c"]}},
             "output": "d"}
            """#)
        #expect(
            PlanDrawing(plan).text(width: 60) == """
                p, 5 tasks
                on cron @daily
                           ╭─────────╮
                           │ a       │
                           │ agent x │
                           ╰────┬────╯
                        ╭───────┴───────╮
                 ╭──────▼──────╮  ╭─────▼─────╮
                 │ b           │  │ c         │
                 │ kind http   │  │ kind http │
                 │ on error: h │  ╰─────┬─────╯
                 ╰──────┬──────╯        │
                        ├───────────╮   │
                      ╭┄╯           ├───╯
                ╭─────▼─────╮  ╭────▼────╮
                │ h         │  │ d       │
                │ kind http │  │ wait 1m │
                ╰───────────╯  ╰─────────╯
                returns d

                """)
    }

    @Test("where boxes do not fit, each task has a line, and rails lead to those that need it")
    func rails() throws {
        let plan = try plan(
            #"""
            {"tasks": {"a": {"kind": "http"}, "b": {"kind": "http", "needs": ["a"]}, "c": {"kind": "http", "needs": ["a"]},
              "d": {"kind": "http", "needs": ["b", "c"]}}}
            """#)
        #expect(
            PlanDrawing(plan).text(width: 24) == """
                ●   a  kind http
                ├─● b  kind http
                ● │ c  kind http
                ●─╯ d  kind http

                """)
    }

    @Test("no line is wider than the terminal, whatever the plan", arguments: 0..<12)
    func width(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let plan = try PlanReader.plan(from: RandomPlan.make(&random))
        for width in [30, 80, 200] {
            for usesUnicode in [true, false] {
                let text = PlanDrawing(plan).text(width: width, usesUnicode: usesUnicode)
                for line in text.split(separator: "\n") { #expect(line.count <= width, "\(text)") }
                #expect(usesUnicode || text.utf8.allSatisfy { $0 < 128 })
            }
        }
        let drawing = PlanDrawing(plan)
        for task in plan.tasks {
            #expect(drawing.dot.contains("\"\(task.id)"))
            #expect(drawing.mermaid.contains("t_\(task.id)"))
            #expect(drawing.svg?.contains(">\(task.id)<") == true)
        }
    }

    @Test("what a plan says cannot leave its place in a picture")
    func hostile() throws {
        let evil = #""]; <script>alert(1)</script> & %%{init}%% \u001b[31m"#
        let plan = Plan(
            tasks: [PlanTask(id: "a", verb: .tool(evil, args: try TemplateValue([:])))], document: .object([:]))
        let drawing = PlanDrawing(plan)
        #expect(!drawing.text(width: 200).contains("\u{1B}"))
        #expect(drawing.svg?.contains("<script") == false)
        #expect(!drawing.mermaid.contains("\"];") && !drawing.mermaid.contains("<script"))
        #expect(drawing.dot.contains(#"\"]; <script>"#))
    }

    @Test("a plan of 10,000 tasks is listed, not drawn")
    func large() throws {
        let tasks = (0..<10_000).map { PlanTask(id: "t\($0)", verb: .wait(PlanWait())) }
        let drawing = PlanDrawing(Plan(tasks: tasks, document: .object([:])))
        #expect(drawing.svg == nil)
        #expect(drawing.text(width: 80).split(separator: "\n").count == 10_000)
    }
}
