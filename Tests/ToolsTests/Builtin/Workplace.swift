import FoundationEssentials
import JSON
import Logging
import TestSupport

@testable import Tools

/// A folder for tools to work in, with a secret beside it.
final class Workplace: Sendable {
    private let scratch: Scratch
    var path: String { scratch.path }
    var root: String { "\(path)/work" }

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try scratch.write("secret", "the secret outside")
    }

    func write(_ name: String, _ text: String) { _ = try? scratch.write("work/\(name)", text) }
    func read(_ name: String) -> String? { scratch.text("work/\(name)") }
    func has(_ name: String) -> Bool { scratch.has("work/\(name)") }

    func call(
        _ arguments: JSONValue, key: String = "3c1ad1f2-0000-4000-8000-000000000000",
        _ change: (inout ToolExecutionContext) -> Void = { _ in }
    ) -> ToolCall {
        var context = ToolExecutionContext(allowedBasePath: root)
        change(&context)
        return ToolCall(arguments: arguments, key: key, context: context, logger: Logger(label: "test"))
    }

    /// Runs a tool as an agent would.
    func run(
        _ tool: Tool, _ arguments: JSONValue, key: String = "3c1ad1f2-0000-4000-8000-000000000000",
        _ change: (inout ToolExecutionContext) -> Void = { _ in }
    ) async throws -> (text: String, isError: Bool) {
        let result = try await tool.run(call(arguments, key: key, change))
        return (result.content.string ?? result.content.text, result.isError)
    }
}
