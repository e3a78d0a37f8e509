/// Why a model stopped.
public enum FinishReason: Sendable, Hashable {
    /// The answer is complete.
    case stop
    /// The limit of output tokens was reached: what there is, is cut off.
    case length
    /// The model waits for the results of its calls. Set whenever there are calls, whatever the provider said.
    case toolCalls
    /// The provider withheld the rest.
    case contentFilter
    /// The model declined.
    case refusal
    /// The context window is full.
    case contextOverflow
    /// The provider wants the same conversation again, with this message at its end, to go on.
    case pause
    case other(String)
}

extension FinishReason: RawRepresentable, Codable {
    public init(rawValue: String) {
        self =
            switch rawValue {
            case "stop": .stop
            case "length": .length
            case "tool_calls": .toolCalls
            case "content_filter": .contentFilter
            case "refusal": .refusal
            case "context_overflow": .contextOverflow
            case "pause": .pause
            default: .other(rawValue)
            }
    }

    public var rawValue: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter: "content_filter"
        case .refusal: "refusal"
        case .contextOverflow: "context_overflow"
        case .pause: "pause"
        case .other(let word): word
        }
    }
}
