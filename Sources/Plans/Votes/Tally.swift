public import JSON

/// The count of a round, by rule. It depends on nothing but the ballots: not on their order, nor on that of the options.
public struct Tally: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        case decided
        /// Several options share the lead.
        case tied
        /// One leads, but has not what the rule demands; or none does.
        case undecided
        /// Too few have voted.
        case noQuorum = "no_quorum"
    }

    public let status: Status
    /// Who leads: the winner when it is decided, several when they tie. Ascending.
    public let leaders: [Int]
    /// Whether all who voted have the same single favourite.
    public let isUnanimous: Bool
    /// What the rule counts, for each option that can be voted for.
    public let figures: [Int: JSONValue]
    /// All of the count, as the history keeps it. Arrays are by the numbers of the options.
    public let account: JSONValue

    public var winner: Int? { status == .decided ? leaders[0] : nil }

    /// - Parameters:
    ///   - threshold: Nil: as the rule has it.
    ///   - quorum: How many must vote and not abstain; nil: one, and none where a judge decides.
    public init(
        _ ballots: [Ballot], _ options: VoteOptions, _ rule: VoteRule, threshold: VoteThreshold? = nil,
        quorum: Int? = nil
    ) {
        let votes = ballots.compactMap { ballot in
            ballot.vote.map { CountedVote(vote: $0, weight: ballot.weight.millionths) }
        }
        let weight = votes.reduce(0) { $0 + $1.weight }
        let threshold = threshold ?? rule.usualThreshold
        let count = Self.count(votes, options, rule)
        let quorum = quorum ?? (rule.judge == nil ? 1 : 0)
        leaders = count.leaders
        figures = count.figures

        let favourites = Set(votes.map(\.vote.favourites))
        if votes.count < quorum {
            status = .noQuorum
        } else if count.leaders.count > 1 {
            status = rule.judge == nil ? .tied : .undecided
        } else if !count.leaders.isEmpty, Self.suffices(count.lead, of: weight, rule, threshold) {
            status = .decided
        } else {
            status = .undecided
        }
        isUnanimous = status != .noQuorum && favourites.count == 1 && favourites.first?.count == 1

        var members: [String: JSONValue] = [
            "rule": .string(rule.word), "status": .string(status.rawValue),
            "leaders": .array(leaders.map { .integer(Int64($0)) }), "quorum": .integer(Int64(quorum)),
            "voters": .integer(Int64(ballots.count)), "voted": .integer(Int64(votes.count)),
            "abstained": .integer(Int64(ballots.count - votes.count)), "weight": VoteWeight.json(weight),
        ]
        members["method"] = rule.method.map { .string($0) }
        members["threshold"] = threshold.map { .number($0.value) }
        members.merge(count.details) { $1 }
        account = .object(members)
    }

    private static func suffices(_ lead: Int, of weight: Int, _ rule: VoteRule, _ threshold: VoteThreshold?) -> Bool {
        switch rule {
        case .majority, .weighted: (threshold ?? .half).isExceeded(by: lead, of: weight)
        case .supermajority, .plurality, .approval: threshold?.isReached(by: lead, of: weight) ?? true
        case .unanimous: lead == weight
        case .ranked, .score: true
        case .judge: false
        }
    }
}

/// A vote with the millionths that it counts.
struct CountedVote {
    let vote: Vote
    let weight: Int
}

extension VoteRule {
    fileprivate var judge: AgentChoice? {
        if case .judge(let agent) = self { agent } else { nil }
    }
}
