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
}

public enum RankedMethod: String, Sendable, CaseIterable {
    case irv, borda, condorcet
}

public enum ScoreMethod: String, Sendable, CaseIterable {
    case mean, median
}
