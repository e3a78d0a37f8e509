import JSON
import Testing

@testable import Plans

@Suite struct TallyTests {
    private func choices(_ choices: [Int?], weights: [Double] = []) -> [Ballot] {
        choices.enumerated().map { index, choice in
            let weight = weights.isEmpty ? VoteWeight.one : VoteWeight(weights[index])!
            return choice.map { Ballot(voter: index + 1, weight: weight, .choice($0)) }
                ?? Ballot(voter: index + 1, weight: weight, .abstained)
        }
    }

    private func ranked(_ rankings: [[Int]]) -> [Ballot] {
        rankings.enumerated().map { Ballot(voter: $0 + 1, .ranking($1)) }
    }

    private let three = VoteOptions(["a", "b", "c"])

    @Test("a majority is more than half: exactly half is none")
    func half() {
        let two = VoteOptions(["a", "b"])
        #expect(Tally(choices([0, 0, 1]), two, .majority).winner == 0)
        let even = Tally(choices([0, 0, 1, 1]), two, .majority)
        #expect(even.status == .tied)
        #expect(even.leaders == [0, 1])
        let short = Tally(choices([0, 0, 1, 2]), three, .majority)
        #expect(short.status == .undecided)
        #expect(short.leaders == [0])
    }

    @Test("thresholds are exact: three tenths are as much as one and two tenths, and two of three are two thirds")
    func exact() {
        let two = VoteOptions(["a", "b"])
        #expect(Tally(choices([0, 0, 1], weights: [0.1, 0.2, 0.3]), two, .majority).status == .tied)
        #expect(Tally(choices([0, 0, 1]), two, .supermajority).winner == 0)
        #expect(Tally(choices([0, 0, 1]), two, .supermajority, threshold: VoteThreshold(2.0 / 3)).winner == 0)
        #expect(Tally(choices([0, 0, 1]), two, .supermajority, threshold: VoteThreshold(0.667)).status == .undecided)
        #expect(Tally(choices([0, 0, 1]), two, .majority, threshold: VoteThreshold(2.0 / 3)).status == .undecided)
    }

    @Test("who abstains counts neither for the threshold nor for the quorum")
    func abstentions() {
        let ballots = choices([0, 0, 1, nil, nil])
        #expect(Tally(ballots, three, .majority).winner == 0)
        #expect(Tally(ballots, three, .majority, quorum: 3).winner == 0)
        let few = Tally(ballots, three, .majority, quorum: 4)
        #expect(few.status == .noQuorum)
        #expect(few.winner == nil)
        #expect(few.account["voted"] == 3)
        #expect(few.account["abstained"] == 2)
        #expect(Tally(choices([nil, nil]), three, .plurality).status == .noQuorum)
        #expect(Tally([], three, .unanimous).status == .noQuorum)
    }

    @Test("one vote against is enough against unanimity, an abstention is not")
    func unanimous() {
        #expect(Tally(choices([1, 1, nil]), three, .unanimous).winner == 1)
        #expect(Tally(choices([1, 1, 0]), three, .unanimous).status == .undecided)
    }

    @Test("a plurality with a threshold needs that as well")
    func plurality() {
        #expect(Tally(choices([0, 0, 1, 2]), three, .plurality).winner == 0)
        #expect(Tally(choices([0, 0, 1, 2]), three, .plurality, threshold: VoteThreshold(0.5)).winner == 0)
        #expect(Tally(choices([0, 0, 1, 2]), three, .plurality, threshold: VoteThreshold(0.51)).status == .undecided)
    }

    @Test("options that nobody approves of do not win, not even by a tie")
    func approvals() {
        #expect(Tally([Ballot(voter: 1, .approvals([]))], three, .approval).status == .undecided)
        let tally = Tally(
            [Ballot(voter: 1, .approvals([0, 1])), Ballot(voter: 2, .approvals([1, 2]))], three, .approval)
        #expect(tally.winner == 1)
        #expect(tally.account["counts"] == [1, 2, 1])
    }

    @Test("the account of a runoff shows who went out when, and where the votes went")
    func runoff() {
        let tally = Tally(ranked([[0, 1], [0, 1], [1, 0], [1, 0], [2, 1]]), three, .ranked(.irv))
        #expect(tally.winner == 1)
        #expect(
            tally.account["rounds"] == [
                ["round": 1, "counts": [2, 2, 1], "exhausted": 0, "out": [2]],
                ["round": 2, "counts": [2, 3, nil], "exhausted": 0, "out": []],
            ])
    }

    @Test("where two are last, both ways are followed: different winners tie")
    func runoffTie() {
        // Without 1 it is 2 to 2 between 0 and 2; without 2, between 0 and 1.
        let tally = Tally(ranked([[0], [0], [1, 2], [2, 1]]), three, .ranked(.irv))
        #expect(tally.status == .tied)
        #expect(tally.leaders == [0, 1, 2])
        // Whoever goes first, 0 has the rest.
        #expect(Tally(ranked([[0], [0], [1, 0], [2, 0]]), three, .ranked(.irv)).winner == 0)
    }

    @Test("a circle of majorities ties; the matrix shows it")
    func circle() {
        let tally = Tally(ranked([[0, 1, 2], [1, 2, 0], [2, 0, 1]]), three, .ranked(.condorcet))
        #expect(tally.status == .tied)
        #expect(tally.leaders == [0, 1, 2])
        #expect(tally.account["matrix"] == [[nil, 2, 1], [1, nil, 2], [2, 1, nil]])
    }

    @Test("in Borda's count those left out share the points that are left")
    func borda() {
        let tally = Tally(ranked([[0], [1, 2]]), three, .ranked(.borda))
        #expect(tally.account["points"] == [2, 2.5, 1.5])
        #expect(tally.winner == 1)
    }

    @Test("the mean heeds an outlier, the median does not")
    func scores() {
        let ballots = [10, 10, 0].enumerated().map { Ballot(voter: $0 + 1, .scores([0: $1, 1: 7])) }
        let two = VoteOptions(["a", "b"])
        #expect(Tally(ballots, two, .score(.mean)).winner == 1)
        #expect(Tally(ballots, two, .score(.median)).winner == 0)
        #expect(Tally(ballots, two, .score(.median)).account["medians"] == [10.0, 7.0])
    }

    @Test("a judge's vote is never decided by the ballots, and needs none")
    func judge() {
        let rule = VoteRule.judge(.named("j"))
        let tally = Tally(choices([0, 0]), three, rule)
        #expect(tally.status == .undecided)
        #expect(tally.leaders == [0])
        #expect(Tally([], three, rule).status == .undecided)
        #expect(Tally([], three, rule, quorum: 1).status == .noQuorum)
    }

    @Test("equal options are one, and null is none: the first of equals gets the votes")
    func equals() {
        let options = VoteOptions(["a", nil, "b", "a"], authors: ["x", "y", nil, "z"])
        #expect(options.open == [0, 2])
        #expect(options.authors(of: 0) == ["x", "z"])
        #expect(options.authors(of: 2) == [])
        let tally = Tally(choices([2, 2, 0]), options, .majority)
        #expect(tally.winner == 2)
        #expect(tally.account["counts"] == [1, nil, 2, nil])
    }

    @Test("weights are decimals over 0 with at most six places")
    func weights() {
        #expect(VoteWeight(2)?.json == 2)
        #expect(VoteWeight(0.1)?.json == 0.1)
        #expect(VoteWeight(0.000001)?.value == 0.000001)
        for bad in [0, -1, 0.0000001, 1.0000001, 1_000_001, .nan, .infinity] { #expect(VoteWeight(bad) == nil) }
    }

    @Test("a threshold must suit its rule")
    func thresholds() {
        #expect(VoteRule.majority.mistake(threshold: 0.5) == nil)
        #expect(VoteRule.majority.mistake(threshold: 1) != nil)
        #expect(VoteRule.majority.mistake(threshold: 0.4) != nil)
        #expect(VoteRule.supermajority.mistake(threshold: 1) == nil)
        #expect(VoteRule.supermajority.mistake(threshold: 0.5) != nil)
        #expect(VoteRule.approval.mistake(threshold: 0) != nil)
        #expect(VoteRule.ranked(.irv).mistake(threshold: 0.5) == "the rule ranked takes no threshold")
        #expect(VoteRule.majority.mistake(threshold: .nan) != nil)
    }
}
