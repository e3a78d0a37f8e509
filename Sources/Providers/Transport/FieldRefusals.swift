internal import JSON
internal import Synchronization

/// The fields of requests that a server's models have refused, so that they are not sent again.
final class FieldRefusals: Sendable {
    /// What a request can do without, or with something else in its place.
    private static let optional: Set<String> = [
        "max_tokens", "max_completion_tokens", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort",
        "response_format", "stream_options", "output_config", "temperature", "top_p", "seed", "stop", "stop_sequences",
        "tool_choice",
    ]

    private let fields = Mutex<[String: Set<String>]>([:])

    func fields(of model: String) -> Set<String> { fields.withLock { $0[model] ?? [] } }

    /// Notes that a model refused a field. False when that helps nothing: the field was not sent, or is needed, or the
    /// caller has put it there.
    func add(_ field: String, of request: ChatRequest, sent body: JSONValue) -> Bool {
        guard Self.optional.contains(field), body[field] != nil, request.extra[field] == nil else { return false }
        // A tool that must be called is not the same as one that may.
        guard field != "tool_choice" || request.toolChoice == .none || request.toolChoice == .auto else { return false }
        return fields.withLock { $0[request.model, default: []].insert(field).inserted }
    }
}
