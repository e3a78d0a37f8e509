/// How ballots are counted.
public enum VoteRule: Sendable, Hashable {
    /// Over the threshold of the weight that was cast; by default a half.
    case majority
    /// At least the threshold; by default two thirds.
    case supermajority
    /// More than any other.
    case plurality
    case unanimous
    /// The same as majority, by the weights of the voters.
    case weighted
    case ranked(RankedMethod)
    case score(ScoreMethod)
    /// Each voter names all that it could live with.
    case approval
    /// One agent decides, after having read the ballots.
    case judge(AgentChoice)

    /// The words in documents.
    public static let words = [
        "majority", "supermajority", "plurality", "unanimous", "weighted", "ranked", "score", "approval", "judge",
    ]

    /// The word in documents.
    public var word: String {
        switch self {
        case .majority: "majority"
        case .supermajority: "supermajority"
        case .plurality: "plurality"
        case .unanimous: "unanimous"
        case .weighted: "weighted"
        case .ranked: "ranked"
        case .score: "score"
        case .approval: "approval"
        case .judge: "judge"
        }
    }

    /// What stands beside the word: `irv`, `mean` and so on.
    public var method: String? {
        switch self {
        case .ranked(let method): method.rawValue
        case .score(let method): method.rawValue
        default: nil
        }
    }

    /// What a ballot says.
    public var form: BallotForm {
        switch self {
        case .majority, .supermajority, .plurality, .unanimous, .weighted, .judge: .choice
        case .ranked: .ranking
        case .score: .scores
        case .approval: .approvals
        }
    }

    /// The part of the cast weight that the winner needs, unless the vote says another; nil: none.
    public var usualThreshold: VoteThreshold? {
        switch self {
        case .majority, .weighted: .half
        case .supermajority: .twoThirds
        default: nil
        }
    }

    /// What is wrong with a threshold for this rule; nil: nothing.
    public func mistake(threshold: Double) -> String? {
        let range: String
        let fits: Bool
        switch self {
        case .majority, .weighted: (range, fits) = ("from 0.5 to less than 1", threshold >= 0.5 && threshold < 1)
        case .supermajority: (range, fits) = ("over 0.5 and at most 1", threshold > 0.5 && threshold <= 1)
        case .plurality, .approval: (range, fits) = ("over 0 and at most 1", threshold > 0 && threshold <= 1)
        case .unanimous, .ranked, .score, .judge: return "the rule \(word) takes no threshold"
        }
        return fits ? nil : "the threshold of the rule \(word) must be \(range)"
    }
}

public enum RankedMethod: String, Sendable, CaseIterable {
    case irv, borda, condorcet
}

public enum ScoreMethod: String, Sendable, CaseIterable {
    case mean, median
}
