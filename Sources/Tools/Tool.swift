public import JSON

/// A function that a model may call.
public struct Tool: Sendable {
    /// Dotted, unique in its registry: `filesys.read_file`.
    public let name: String
    /// For the model: what it does, and when to use it.
    public let description: String
    /// The schema of its arguments, whose top is an object.
    public let parameters: JSONSchema
    public let effect: ToolEffect
    /// What is not done by then is cancelled, and fails.
    public let timeout: Duration
    /// The most characters of a result that the model is shown, head and tail; the whole of it is kept as a blob.
    public let outputLimit: Int
    /// Whether its results come from outside (the web, an MCP server): nothing in them is to be trusted.
    public let isTainting: Bool
    /// Runs it. The arguments have been validated. A thrown `ToolError` is told to the model as it stands; any other
    /// error as a failure of the tool.
    public let call: @Sendable (ToolCall) async throws -> ToolResult
    /// Finds out whether an interrupted call of effect `once` took place; nil where nobody can know.
    public let verify: (@Sendable (ToolCall) async throws -> ToolVerification)?

    public init(
        _ name: String, description: String, parameters: JSONSchema, effect: ToolEffect,
        timeout: Duration = .seconds(60), outputLimit: Int = 20_000, isTainting: Bool = false,
        verify: (@Sendable (ToolCall) async throws -> ToolVerification)? = nil,
        call: @escaping @Sendable (ToolCall) async throws -> ToolResult
    ) {
        self.name = name
        self.description = description
        self.parameters = parameters
        self.effect = effect
        self.timeout = timeout
        self.outputLimit = outputLimit
        self.isTainting = isTainting
        self.verify = verify
        self.call = call
    }
}
