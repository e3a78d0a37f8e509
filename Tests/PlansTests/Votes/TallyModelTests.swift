import JSON
import TestSupport
import Testing

@testable import Plans

/// Every rule against the naive count, and what holds of each whatever the ballots.
@Suite struct TallyModelTests {
    static let rules: [VoteRule] = [
        .majority, .supermajority, .plurality, .unanimous, .weighted, .approval,
        .ranked(.irv), .ranked(.borda), .ranked(.condorcet), .score(.mean), .score(.median),
    ]

    @Test("each rule counts as its definition says, over random elections", arguments: rules)
    func definitions(_ rule: VoteRule) {
        var elections = RandomElections(seed: 7)
        var seen: [Tally.Status: Int] = [:]
        for number in 0..<1500 {
            let election = elections.next(rule.form)
            let quorum = Int.random(in: 1...4, using: &elections.generator)
            let threshold =
                rule.usualThreshold == nil && rule != .approval && rule != .plurality
                ? nil : [nil, (3, 5), (2, 3), (667, 1000), (3, 4)].randomElement(using: &elections.generator)!
            let tally = election.tally(rule, threshold: threshold, quorum: quorum)
            let expected = election.result(rule, threshold: threshold, quorum: quorum)
            #expect(
                NaiveElection.Result(status: tally.status, leaders: tally.leaders) == expected,
                "election \(number): \(election), quorum \(quorum), threshold \(String(describing: threshold))")
            seen[tally.status, default: 0] += 1
        }
        // The elections must be such that each end comes up.
        #expect(seen[.decided, default: 0] > 40 && seen[.tied, default: 0] > 20, "\(seen)")
        #expect(seen[.noQuorum, default: 0] > 20, "\(seen)")
    }

    @Test("neither the order of the ballots nor that of the options matters", arguments: rules)
    func neutrality(_ rule: VoteRule) {
        var elections = RandomElections(seed: 11)
        for _ in 0..<500 {
            let election = elections.next(rule.form)
            let names = election.options.shuffled(using: &elections.generator)
            let order = Array(election.voters.indices).shuffled(using: &elections.generator)
            let tally = election.tally(rule)
            let other = election.renamed(names, order).tally(rule)
            #expect(other.status == tally.status)
            #expect(other.leaders == tally.leaders.map { names[$0] }.sorted())
            #expect(other.isUnanimous == tally.isUnanimous)
        }
    }

    @Test("weights count by their ratio: twice as much for everybody changes nothing", arguments: rules)
    func scale(_ rule: VoteRule) {
        var elections = RandomElections(seed: 13)
        for _ in 0..<300 {
            let election = elections.next(rule.form)
            let heavier = NaiveElection(
                options: election.options, voters: election.voters.map { .init(weight: $0.weight * 2, vote: $0.vote) })
            #expect(heavier.tally(rule).status == election.tally(rule).status)
            #expect(heavier.tally(rule).leaders == election.tally(rule).leaders)
        }
    }

    @Test("who is everybody's first choice wins by every rule but the medians", arguments: rules)
    func unanimity(_ rule: VoteRule) {
        guard rule != .score(.median) else { return }
        var elections = RandomElections(seed: 17)
        for _ in 0..<300 {
            let election = elections.next(rule.form, abstentions: false)
            let favoured = NaiveElection(
                options: election.options,
                voters: election.voters.map { voter in
                    switch voter.vote! {
                    case .choice: .init(weight: voter.weight, vote: .choice(1))
                    case .ranking(let rest): .init(weight: voter.weight, vote: .ranking([1] + rest.filter { $0 != 1 }))
                    case .approvals: .init(weight: voter.weight, vote: .approvals([1]))
                    case .scores(let scores):
                        .init(
                            weight: voter.weight, vote: .scores(scores.mapValues { min($0, 9) }.merging([1: 10]) { $1 })
                        )
                    }
                })
            let tally = favoured.tally(rule)
            #expect(tally.winner == 1)
            #expect(tally.isUnanimous)
        }
    }

    @Test("who has a majority of first choices wins the runoff, and every pair")
    func majorityCriterion() {
        var elections = RandomElections(seed: 19)
        var met = 0
        for _ in 0..<1000 {
            let election = elections.next(.ranking)
            let firsts = NaiveElection(
                options: election.options,
                voters: election.voters.map { voter in
                    guard case .ranking(let ranking) = voter.vote else { return voter }
                    return .init(weight: voter.weight, vote: .choice(ranking[0]))
                })
            guard let winner = firsts.tally(.majority).winner else { continue }
            met += 1
            #expect(election.tally(.ranked(.irv)).winner == winner)
            #expect(election.tally(.ranked(.condorcet)).winner == winner)
        }
        #expect(met > 100)
    }

    @Test("one more ballot for the winner of a plurality keeps it the winner; what has a majority has a plurality")
    func monotonicity() {
        var elections = RandomElections(seed: 23)
        for _ in 0..<1000 {
            let election = elections.next(.choice)
            let tally = election.tally(.plurality)
            if let majority = election.tally(.majority).winner { #expect(tally.winner == majority) }
            guard let winner = tally.winner else { continue }
            for rule in [VoteRule.plurality, .majority, .supermajority] {
                let before = election.tally(rule).winner
                let more = NaiveElection(
                    options: election.options, voters: election.voters + [.init(weight: 3, vote: .choice(winner))])
                #expect(more.tally(.plurality).winner == winner)
                if before != nil { #expect(more.tally(rule).winner == winner) }
            }
        }
    }

    @Test("many options that all tie are counted in bounded work, and all tie")
    func symmetry() {
        let options = Array(0..<26)
        let voters = options.map { first in
            NaiveElection.Voter(weight: 1, vote: .ranking(options.map { ($0 + first) % 26 }))
        }
        let tally = NaiveElection(options: options, voters: voters).tally(.ranked(.irv))
        #expect(tally.status == .tied)
        #expect(tally.leaders == options)
        #expect(tally.account["ways_not_followed"]?.double ?? 0 > 256)
    }
}
