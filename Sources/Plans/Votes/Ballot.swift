/// What one voter did in a round.
public struct Ballot: Sendable, Hashable {
    public enum State: String, Sendable, CaseIterable {
        case cast, abstained
        /// It said nothing that can be counted, also when asked again.
        case invalid
        /// Its task has failed.
        case failed
    }

    /// Its place in the list of voters, from 1; 0 is the judge.
    public let voter: Int
    public let weight: VoteWeight
    public let state: State
    /// Nil unless it was cast.
    public let vote: Vote?
    /// From 0 to 1, as the voter says; it does not count.
    public let confidence: Double?
    /// Options are named `[option 2]` in it.
    public let rationale: String?

    public init(
        voter: Int, weight: VoteWeight = .one, _ vote: Vote, confidence: Double? = nil, rationale: String? = nil
    ) {
        self.init(voter, weight, .cast, vote, confidence, rationale)
    }

    /// A ballot that counts as an abstention.
    ///
    /// - Parameter state: Not `cast`.
    public init(
        voter: Int, weight: VoteWeight = .one, _ state: State, confidence: Double? = nil, rationale: String? = nil
    ) {
        precondition(state != .cast, "a ballot that was cast has a vote")
        self.init(voter, weight, state, nil, confidence, rationale)
    }

    private init(
        _ voter: Int, _ weight: VoteWeight, _ state: State, _ vote: Vote?, _ confidence: Double?, _ rationale: String?
    ) {
        self.voter = voter
        self.weight = weight
        self.state = state
        self.vote = vote
        self.confidence = confidence
        self.rationale = rationale
    }
}
