internal import FoundationEssentials
internal import JSON

extension Tool {
    /// A tool whose arguments are a Swift type.
    public init<Input: ToolInput>(
        _ name: String, description: String, effect: ToolEffect, input: Input.Type,
        timeout: Duration = .seconds(60), outputLimit: Int = 20_000, isTainting: Bool = false,
        verify: (@Sendable (Input, ToolCall) async throws -> ToolVerification)? = nil,
        call: @escaping @Sendable (Input, ToolCall) async throws -> ToolResult
    ) {
        let check: (@Sendable (ToolCall) async throws -> ToolVerification)? =
            if let verify { { call in try await verify(call.input(), call) } } else { nil }
        self.init(
            name, description: description, parameters: Input.schema, effect: effect, timeout: timeout,
            outputLimit: outputLimit, isTainting: isTainting, verify: check,
            call: { (context: ToolCall) in try await call(context.input(), context) })
    }
}

extension ToolRegistry {
    /// Adds a tool whose arguments are a Swift type, and whose result is one that becomes JSON.
    ///
    ///     try registry.register(
    ///         "weather.get", description: "The weather of a city", effect: .pure, input: WeatherInput.self
    ///     ) { input, call in
    ///         "sunny in \(input.city)"
    ///     }
    ///
    /// Throws as `register(_:)`.
    public func register<Input: ToolInput, Output: Encodable & Sendable>(
        _ name: String, description: String, effect: ToolEffect, input: Input.Type,
        timeout: Duration = .seconds(60), outputLimit: Int = 20_000, isTainting: Bool = false,
        call: @escaping @Sendable (Input, ToolCall) async throws -> Output
    ) throws(ToolRegistryError) {
        try register(
            Tool(
                name, description: description, effect: effect, input: input, timeout: timeout,
                outputLimit: outputLimit, isTainting: isTainting
            ) { input, context in
                ToolResult(try JSONValue(encoding: try await call(input, context)))
            })
    }

    /// The same for a tool that makes its `ToolResult` itself.
    public func register<Input: ToolInput>(
        _ name: String, description: String, effect: ToolEffect, input: Input.Type,
        timeout: Duration = .seconds(60), outputLimit: Int = 20_000, isTainting: Bool = false,
        call: @escaping @Sendable (Input, ToolCall) async throws -> ToolResult
    ) throws(ToolRegistryError) {
        try register(
            Tool(
                name, description: description, effect: effect, input: input, timeout: timeout,
                outputLimit: outputLimit, isTainting: isTainting, call: call))
    }
}

extension ToolCall {
    func input<Input: ToolInput>(as type: Input.Type = Input.self) throws -> Input {
        do {
            return try JSONDecoder().decode(Input.self, from: Data(arguments.bytes))
        } catch {
            // The schema has accepted them: the program is at fault, not the model.
            throw ToolError(
                "the arguments fit the schema of the tool, but not its type \(Input.self): \(error). Tell the user; "
                    + "other arguments may work")
        }
    }
}

extension JSONValue {
    fileprivate init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        self = try JSONValue(parsing: encoder.encode(value))
    }
}
