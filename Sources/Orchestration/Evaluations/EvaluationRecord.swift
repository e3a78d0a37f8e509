public import JSON

/// An evaluation, and how far it is.
public struct EvaluationRecord: Sendable, Codable {
    /// Of its task.
    public let id: Int64
    public let name: String
    public let plan: String
    public let version: Int
    public let createdAt: String
    /// Nil: it is not over.
    public let finishedAt: String?
    public let examples: Int
    /// Those that have been scored.
    public let done: Int
    /// Those that passed by every scorer.
    public let passed: Int
    public let errors: Int
    /// Nil: nothing was spent, or no price is known.
    public let usd: Double?

    enum CodingKeys: String, CodingKey {
        case id, name, plan, version, examples, done, passed, errors
        case createdAt = "created_at"
        case finishedAt = "finished_at"
        case usd = "cost_usd"
    }
}

/// An example of an evaluation, and what came of it.
public struct EvaluationResult: Sendable, Codable {
    public let example: String
    public let input: JSONValue
    public let expected: JSONValue?
    public let tags: [String]?
    /// Nil: it has not begun.
    public let run: Int64?
    public let output: JSONValue?
    /// By the names of the scorers.
    public let scores: [String: EvaluationScore]?
    /// By every scorer; nil: it is not over.
    public let passed: Bool?
    public let error: String?
    public let usd: Double?
    public let tokens: Int64?
    /// From when the run was added until it had ended.
    public let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case example, input, expected, tags, output, scores, passed, error, tokens, seconds
        case run = "run_id"
        case usd = "cost_usd"
    }
}

/// One example under one scorer, in two evaluations.
public struct EvaluationPair: Sendable, Codable {
    public let example: String
    public let scorer: String
    /// Nil: it has none.
    public let scoreA: Double?
    public let scoreB: Double?
    public let runA: Int64?
    public let runB: Int64?
    public let outputA: JSONValue?
    public let outputB: JSONValue?

    enum CodingKeys: String, CodingKey {
        case example, scorer
        case scoreA = "score_a"
        case scoreB = "score_b"
        case runA = "run_a"
        case runB = "run_b"
        case outputA = "output_a"
        case outputB = "output_b"
    }
}
