import FoundationEssentials
import JSON
import TestSupport
import Testing

/// The plans that the documents show have no mistakes.
@Suite struct DocumentationTests {
    /// A fenced block of JSON or YAML.
    struct Block: Sendable, CustomTestStringConvertible {
        let page: String
        let line: Int
        let language: String
        let text: String

        var testDescription: String { "\(page):\(line)" }

        /// A whole plan; one around tasks, around triggers, or around one task of an agent; nil for what belongs to no plan.
        var plan: String? {
            func has(_ field: String) -> Bool {
                text.split(separator: "\n").contains { $0.hasPrefix("\(field):") }
                    || text.hasPrefix("{\"\(field)\":")
            }
            let isYAML = language == "yaml"
            if has("plan") { return text }
            if has("tasks"), isYAML { return "plan: shown\n" + text }
            if has("on"), isYAML { return "plan: shown\ntasks: { a: { kind: noop } }\n" + text }
            if has("agent") { return isYAML ? nil : #"{"plan": "shown", "tasks": {"a": \#(text)}}"# }
            return nil
        }
    }

    static let blocks: [Block] = {
        let root = String(#filePath.split(separator: "/Tests/")[0])
        let files = FileManager.default
        let pages = ["docs", "docs/patterns"].flatMap { folder in
            ((try? files.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []).map { "\(folder)/\($0)" }
        }
        return (pages.filter { $0.hasSuffix(".md") } + ["README.md"]).sorted().flatMap { page in
            blocks(of: (try? String(contentsOfFile: "\(root)/\(page)", encoding: .utf8)) ?? "", page)
        }
    }()

    private static func blocks(of text: String, _ page: String) -> [Block] {
        var blocks: [Block] = []
        var open: (line: Int, language: String, lines: [Substring])?
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let block = open {
                if line == "```" {
                    blocks.append(
                        Block(
                            page: page, line: block.line, language: block.language,
                            text: block.lines.joined(separator: "\n") + "\n"))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if line.hasPrefix("```") {
                open = (number + 1, String(line.dropFirst(3)), [])
            }
        }
        return blocks.filter { ["json", "yaml"].contains($0.language) }
    }

    @Test("the plans of the documents have no mistakes", arguments: blocks.filter { $0.plan != nil })
    func plan(_ block: Block) async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("plan.\(block.language)", try #require(block.plan))
            let result = try await Agentcorp.runAlone("plan", "check", file, "--offline")
            #expect(result.status == 0, "\(block.page), line \(block.line):\n\(result.output)\(result.errors)")
        }
    }

    @Test("the documents have plans, and nothing that looks like one is left out")
    func isComplete() {
        #expect(Self.blocks.count { $0.plan != nil } >= 15)
        let others = Self.blocks.filter { $0.plan == nil && $0.text.contains("tasks") && !$0.text.contains("subtasks") }
        #expect(others.isEmpty, "\(others.map(\.testDescription))")
    }
}
