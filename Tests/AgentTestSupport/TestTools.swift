package import JSON
internal import Synchronization
package import Tools

/// Tools for tests that count their runs.
package final class TestTools: Sendable {
    package struct Run: Sendable {
        package let tool: String
        package let arguments: JSONValue
        package let key: String
    }

    private let list = Mutex<[Run]>([])

    package init() {}

    package var runs: [Run] { list.withLock { $0 } }

    package func count(_ tool: String) -> Int { runs.count { $0.tool == tool } }

    /// - Parameter body: By default it returns its arguments.
    package func tool(
        _ name: String, _ effect: ToolEffect = .pure, parameters: JSONSchema = .object([:]),
        timeout: Duration = .seconds(30), outputLimit: Int = 20_000, isTainting: Bool = false,
        _ body: @escaping @Sendable (ToolCall) async throws -> ToolResult = { ToolResult($0.arguments) },
        verify: (@Sendable (ToolCall) async throws -> ToolVerification)? = nil
    ) -> Tool {
        Tool(
            name, description: "for a test", parameters: parameters, effect: effect, timeout: timeout,
            outputLimit: outputLimit, isTainting: isTainting, verify: verify
        ) { call in
            self.list.withLock { $0.append(Run(tool: name, arguments: call.arguments, key: call.key)) }
            return try await body(call)
        }
    }
}
