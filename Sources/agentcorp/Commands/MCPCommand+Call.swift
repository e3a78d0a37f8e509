import ArgumentParser
import FoundationEssentials
import JSON
import MCP
import Postgres
import Queue
import Tools

extension MCPCommand {
    struct Call: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Call a tool and print its result.",
            discussion: """
                EXAMPLES
                  agentcorp mcp call time.get_current_time --args '{"timezone": "Europe/Amsterdam"}'
                  agentcorp mcp call git.git_log --args @args.json --json

                The exit code is 1 when the tool says that it failed.
                """)

        @Argument(help: "The tool, with its server before it: server.tool.") var tool: String
        @Option(help: ArgumentHelp("The arguments: JSON, @file, or - for stdin.", valueName: "json"))
        var args = "{}"
        @Flag(help: "Print JSON: what the model would be told, and whether it is an error.") var json = false
        @OptionGroup var file: MCPFileOptions
        @OptionGroup var output: OutputOptions

        private struct Report: Encodable {
            let content: JSONValue
            let isError: Bool

            enum CodingKeys: String, CodingKey {
                case content
                case isError = "is_error"
            }
        }

        func run() async throws {
            guard let dot = tool.firstIndex(of: "."), dot > tool.startIndex, tool.index(after: dot) < tool.endIndex
            else {
                throw CommandError(
                    .badInput, "`\(tool)` is no tool of a server. Write server.tool, as `agentcorp mcp tools` does.")
            }
            let arguments = try JSONValue(parsing: try JSONInput.value(args, name: "--args").bytes)
            guard case .object = arguments else { throw CommandError(.badInput, "--args must be a JSON object.") }
            let server = String(tool[..<dot])
            let result = try await file.withPool(of: [server]) { pool in
                let offers = try await pool.offers(of: server).map(\.tool)
                guard let found = offers.first(where: { $0.name == tool }) else {
                    let guess = Spelling.nearest(to: tool, in: offers.map(\.name)).map { "Did you mean `\($0)`?" }
                    throw CommandError(
                        .notFound,
                        "there is no tool `\(tool)`. \(guess ?? "List them with `agentcorp mcp tools \(server)`.")")
                }
                let violations = found.parameters.violations(of: arguments)
                guard violations.isEmpty else {
                    throw CommandError(
                        .badInput,
                        "--args is not what \(tool) takes: \(violations.map(\.description).joined(separator: "; ")).")
                }
                return try await found.call(
                    ToolCall(
                        arguments: arguments, key: UUID().uuidString.lowercased(), context: ToolExecutionContext(),
                        logger: .silent))
            }
            if json {
                Terminal.output.line(
                    try JSONCoding.encode(Report(content: result.content, isError: result.isError)).text)
            } else {
                Terminal.output.line(result.content.string ?? result.content.text)
            }
            if result.isError { throw ExitStatus.taskFailed }
        }
    }
}
