import ArgumentParser
import JSON
import Orchestration
import Plans

extension PlanCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw a plan: in the terminal, or as SVG, Graphviz or Mermaid.",
            discussion: """
                EXAMPLES
                  agentcorp plan show release-notes.yaml
                  agentcorp plan show release-notes --version 2      one that is loaded
                  agentcorp plan show release-notes.yaml --svg >plan.svg
                  agentcorp plan show release-notes.yaml --dot | dot -Tpng >plan.png

                Lines lead from each task to those that need it, broken ones to the task that runs when another has failed.
                """)

        @Argument(help: "A file, - for stdin, or the name of a plan that is loaded.", completion: .file())
        var source: String
        @Option(help: ArgumentHelp("An earlier version of a loaded plan.", valueName: "n")) var version: Int?
        @Flag(help: "For Graphviz.") var dot = false
        @Flag(help: "For Mermaid, as in Markdown on GitHub.") var mermaid = false
        @Flag(help: "As a picture.") var svg = false
        @Flag(help: "Print the document as JSON.") var json = false
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard [dot, mermaid, svg, json].count(where: \.self) <= 1 else {
                throw ValidationError("choose one of --dot, --mermaid, --svg and --json.")
            }
        }

        func run() async throws {
            let plan = try await plan()
            let drawing = PlanDrawing(plan)
            if json {
                Terminal.output.line(plan.document.text)
            } else if dot {
                Terminal.output.write(drawing.dot)
            } else if mermaid {
                Terminal.output.write(drawing.mermaid)
            } else if svg {
                guard let svg = drawing.svg else {
                    throw CommandError(
                        .badInput,
                        "the plan has over \(PlanDrawing.mostTasks) tasks, too many for a picture. Try --dot.")
                }
                Terminal.output.write(svg)
            } else {
                let columns = Terminal.output.size.columns
                Terminal.output.write(
                    drawing.text(
                        width: columns == .max ? 100 : columns, usesUnicode: Terminal.output.usesUnicode,
                        styled: { Terminal.output.styled(Style($0), $1) }))
            }
        }

        private func plan() async throws -> Plan {
            if case .loaded(let name) = try RunSource(source) {
                let found: Plan?
                do {
                    found = try await connection.withManager { try await Orchestrator($0).plan(name, version: version) }
                } catch let error as CommandError where error.status == .cannotConnect {
                    throw CommandError(error.status, "there is no file \"\(name)\", and as a plan: \(error.message)")
                }
                guard let found else {
                    let which = version.map { " version \($0)" } ?? ""
                    throw CommandError(.notFound, "there is no file and no plan \"\(name)\"\(which).")
                }
                return found
            }
            guard version == nil else {
                throw CommandError(.badInput, "--version is for plans that are loaded; \(source) is a file.")
            }
            let text = try RunSource.document(source)
            let report = PlanChecker().check(text: text.text, isJSON: text.isJSON, file: text.file)
            guard report.isGood, let plan = report.plan else {
                report.printIssues()
                throw ExitStatus.badInput
            }
            return plan
        }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the JSON Schema of plans, for editors.",
            discussion: """
                EXAMPLES
                  agentcorp plan schema >plan.schema.json

                A plan that begins with "$schema": "./plan.schema.json" is checked and completed by editors that know JSON \
                Schema; in YAML the first line is: # yaml-language-server: $schema=./plan.schema.json
                """)

        func run() {
            Terminal.output.write(PlanSchema.text)
        }
    }
}

extension Style {
    fileprivate init(_ ink: PlanDrawing.Ink) {
        switch ink {
        case .line, .note: self = .dim
        case .id: self = .bold
        case .title: self = .cyan
        case .verb: self = .plain
        }
    }
}
