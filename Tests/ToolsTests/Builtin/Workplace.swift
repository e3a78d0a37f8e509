import FoundationEssentials
import JSON
import Logging

@testable import Tools

/// A folder for tools to work in, with a secret beside it.
final class Workplace: Sendable {
    let path: String
    var root: String { "\(path)/work" }

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "agentcorp-tools-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: "\(path)/work", withIntermediateDirectories: true)
        write("../secret", "the secret outside")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ name: String, _ text: String) {
        let file = "\(root)/\(name)"
        let folder = String(file[..<file.lastIndex(of: "/")!])
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: file, contents: Data(text.utf8))
    }

    func read(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(root)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(name)") }

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
