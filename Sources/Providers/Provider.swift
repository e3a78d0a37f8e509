/// A server that has models.
public protocol Provider: Sendable {
    /// The name in the catalogue and in the price table: `openai`.
    var name: String { get }

    /// The name that OpenTelemetry gives it: `openai`, `anthropic`, `x_ai`.
    var telemetryName: String { get }

    /// Asks a model, and returns its whole answer.
    ///
    /// Retries what is safe to retry and over soon. Throws `ProviderError`, `CancellationError` when the task is
    /// cancelled (the request is closed then), and what `onEvent` throws.
    func respond(
        to request: ChatRequest, onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse
}

extension Provider {
    public var telemetryName: String { name }

    /// Asks a model, and returns its whole answer.
    public func respond(to request: ChatRequest) async throws -> ChatResponse {
        try await respond(to: request) { _ in }
    }
}
