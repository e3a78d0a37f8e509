internal import JSON
internal import Synchronization

/// The fields of requests that a server's models have refused, so that they are not sent again.
final class FieldRefusals: Sendable {
    private struct Key: Hashable {
        let model: String
        /// Nil for fields that have nothing to do with the schema of the answer.
        let schema: JSONValue?
    }

    /// What a request can do without, or with something else in its place.
    private static let optional: Set<String> = [
        "max_tokens", "max_completion_tokens", "parallel_tool_calls", "prompt_cache_key", "reasoning_effort",
        "response_format", "stream_options", "output_config", "temperature", "top_p", "seed", "stop", "stop_sequences",
        "tool_choice",
    ]

    /// What carries the schema: one schema may be refused, and another one not.
    private static let formats: Set<String> = ["response_format", "output_config"]

    private static let limit = 1000

    private let refusals = Mutex<[Key: Set<String>]>([:])

    /// What is not to be sent with this request.
    func fields(of request: ChatRequest) -> Set<String> {
        refusals.withLock { refusals in
            var fields = refusals[Key(model: request.model, schema: nil)] ?? []
            if let schema = request.outputSchema?.schema {
                fields.formUnion(refusals[Key(model: request.model, schema: schema)] ?? [])
            }
            return fields
        }
    }

    /// Notes that a model refused a field. False when that helps nothing: the field was not sent, or is needed, or the
    /// caller has put it there.
    func add(_ field: String, of request: ChatRequest, sent body: JSONValue) -> Bool {
        guard Self.optional.contains(field), body[field] != nil, request.extra[field] == nil else { return false }
        // A tool that must be called is not the same as one that may.
        guard field != "tool_choice" || request.toolChoice == .none || request.toolChoice == .auto else { return false }
        let key = Key(model: request.model, schema: Self.formats.contains(field) ? request.outputSchema?.schema : nil)
        return refusals.withLock { refusals in
            if refusals.count >= Self.limit { refusals = [:] }
            return refusals[key, default: []].insert(field).inserted
        }
    }
}
