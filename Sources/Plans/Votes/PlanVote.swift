/// Ballots by agents, counted by rule.
public struct PlanVote: Sendable {
    public static let mostVoters = 50
    public static let mostRounds = 10

    public struct Voter: Sendable, Hashable {
        public let agent: AgentChoice
        public let weight: Double

        public init(_ agent: AgentChoice, weight: Double = 1) {
            self.agent = agent
            self.weight = weight
        }
    }

    /// What voters learn before another round.
    public enum Share: String, Sendable, CaseIterable {
        case nothing, tally, rationales
    }

    public enum TieRule: Sendable, Hashable {
        /// The result is `tied`.
        case none
        /// The option that stands first in the list.
        case first
        /// An agent chooses among those that tie.
        case judge(AgentChoice)
    }

    /// What follows when there is no decision.
    public enum Otherwise: String, Sendable, CaseIterable {
        /// The task returns its result, with the status.
        case result
        case fail
    }

    /// An array, at least two elements.
    public var options: TemplateValue
    public var question: Template?
    public var voters: [Voter]
    public var rule: VoteRule
    /// Part of the weight that was cast; nil: as the rule has it.
    public var threshold: Double?
    /// How many must vote and not abstain; nil: one.
    public var quorum: Int?
    /// Nobody learns whose an option is or who votes what.
    public var isBlind = true
    public var mayAbstain = true
    public var rounds = 1
    public var share = Share.rationales
    public var tie = TieRule.none
    public var otherwise = Otherwise.result

    public init(options: TemplateValue, voters: [Voter], rule: VoteRule) {
        self.options = options
        self.voters = voters
        self.rule = rule
    }
}
