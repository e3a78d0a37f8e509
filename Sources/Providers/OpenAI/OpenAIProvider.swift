internal import JSON

/// A server that speaks OpenAI's chat completions: OpenAI, xAI, Ollama, vLLM, llama.cpp, LiteLLM and others.
public final class OpenAIProvider: Provider {
    public let name: String
    private let settings: ProviderSettings
    private let dialect: OpenAIDialect
    private let client: ModelClient
    /// Fields that models here have refused.
    private let refusals = FieldRefusals()

    public convenience init(_ settings: ProviderSettings, dialect: OpenAIDialect) {
        self.init(settings, dialect: dialect, clock: ProviderClock())
    }

    init(_ settings: ProviderSettings, dialect: OpenAIDialect, clock: ProviderClock) {
        name = settings.name
        self.settings = settings
        self.dialect = dialect
        client = ModelClient(settings: settings, clock: clock)
    }

    public var telemetryName: String {
        switch dialect {
        case .openai: "openai"
        case .xai: "x_ai"
        case .compatible: name
        }
    }

    public func respond(
        to request: ChatRequest, onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        let headers = settings.key.map { [("Authorization", "Bearer \($0.reveal())")] } ?? []
        let response = try await Exchange(client: client, model: request.model).run(
            at: "/chat/completions", headers: headers,
            prepare: { rejected -> (body: [UInt8], assembler: OpenAIAssembler)? in
                if let rejected {
                    guard self.refusals.add(rejected, of: request, sent: self.body(request).value) else { return nil }
                }
                return (
                    self.body(request).value.bytes, OpenAIAssembler(provider: self.name, model: request.model)
                )
            }, onEvent: onEvent)
        return form(request)?.unwrap(response) ?? response
    }

    private func body(_ request: ChatRequest) -> OpenAIRequestBody {
        OpenAIRequestBody(
            request: request, dialect: dialect, form: form(request), refused: refusals.fields(of: request))
    }

    private func form(_ request: ChatRequest) -> OutputForm? {
        let isRefused = refusals.fields(of: request).contains("response_format")
        let method = settings.structuredOutput
        return OutputForm(request.outputSchema, method == .native && isRefused ? .tool : method)
    }
}
