internal import JSON

/// A server that speaks Anthropic's Messages API.
public final class AnthropicProvider: Provider {
    /// The limit of output of requests that have none: the API insists on one.
    public static let defaultMaxOutputTokens = 8192

    public let name: String
    private let settings: ProviderSettings
    private let client: ModelClient
    /// Fields that models here have refused.
    private let refusals = FieldRefusals()

    public convenience init(_ settings: ProviderSettings) {
        self.init(settings, clock: ProviderClock())
    }

    init(_ settings: ProviderSettings, clock: ProviderClock) {
        name = settings.name
        self.settings = settings
        client = ModelClient(settings: settings, clock: clock)
    }

    public var telemetryName: String { "anthropic" }

    public func respond(
        to request: ChatRequest, onEvent: @escaping @Sendable (ChatEvent) async throws -> Void
    ) async throws -> ChatResponse {
        var headers = [("anthropic-version", "2023-06-01")]
        if let key = settings.key { headers.append(("x-api-key", key.reveal())) }
        let response = try await Exchange(client: client, model: request.model).run(
            at: "/messages", headers: headers,
            prepare: { rejected -> (body: [UInt8], assembler: AnthropicAssembler)? in
                if let rejected {
                    guard self.refusals.add(rejected, of: request, sent: self.body(request).value) else { return nil }
                }
                return (
                    self.body(request).value.bytes, AnthropicAssembler(provider: self.name, model: request.model)
                )
            }, onEvent: onEvent)
        return form(request)?.unwrap(response) ?? response
    }

    private func body(_ request: ChatRequest) -> AnthropicRequestBody {
        AnthropicRequestBody(
            request: request, provider: name, form: form(request), refused: refusals.fields(of: request))
    }

    private func form(_ request: ChatRequest) -> OutputForm? {
        guard let form = OutputForm(request.outputSchema, settings.structuredOutput) else { return nil }
        guard form.method == .native else { return form }
        let isTaken =
            !refusals.fields(of: request).contains("output_config")
            && AnthropicSchema.closed(form.objectSchema) != nil
        if isTaken { return form }
        // A model that thinks cannot be made to call a tool.
        return OutputForm(request.outputSchema, request.extra["thinking"] == nil ? .tool : .instruction)
    }
}
