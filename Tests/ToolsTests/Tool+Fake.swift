import JSON
import Logging

@testable import Tools

extension Tool {
    /// One that does what a test says.
    static func fake(
        _ name: String = "test.fake", schema: JSONValue = ["type": "object"], effect: ToolEffect = .pure,
        timeout: Duration = .seconds(60), isTainting: Bool = false,
        call: @escaping @Sendable (ToolCall) async throws -> ToolResult = { ToolResult($0.arguments) }
    ) throws -> Tool {
        Tool(
            name, description: "does what a test says", parameters: try JSONSchema(schema), effect: effect,
            timeout: timeout, isTainting: isTainting, call: call)
    }
}

extension ToolCall {
    static func fake(_ arguments: JSONValue, context: ToolExecutionContext = ToolExecutionContext()) -> ToolCall {
        ToolCall(
            arguments: arguments, key: "00000000-0000-0000-0000-000000000000", context: context,
            logger: Logger(label: "test"))
    }
}
