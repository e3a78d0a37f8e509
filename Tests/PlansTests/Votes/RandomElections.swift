import JSON
import TestSupport

@testable import Plans

/// Elections by chance, small enough that everything can be tried: few options, few voters, many ties.
struct RandomElections {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// - Parameter form: What the ballots say.
    mutating func next(_ form: BallotForm, abstentions: Bool = true) -> NaiveElection {
        let options = Array(0..<Int.random(in: 2...5, using: &generator))
        let isWeighted = Bool.random(using: &generator)
        let voters = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
            NaiveElection.Voter(
                weight: isWeighted ? Int.random(in: 1...4, using: &generator) : 1,
                vote: abstentions && Int.random(in: 0..<8, using: &generator) == 0 ? nil : vote(form, options))
        }
        return NaiveElection(options: options, voters: voters)
    }

    private mutating func vote(_ form: BallotForm, _ options: [Int]) -> Vote {
        switch form {
        case .choice: return .choice(options.randomElement(using: &generator)!)
        case .approvals: return .approvals(Set(options.filter { _ in Bool.random(using: &generator) }))
        case .scores:
            let most = Bool.random(using: &generator) ? 10 : 3
            return .scores(
                Dictionary(uniqueKeysWithValues: options.map { ($0, Int.random(in: 0...most, using: &generator)) }))
        case .ranking:
            let shuffled = options.shuffled(using: &generator)
            let isPartial = Bool.random(using: &generator)
            return .ranking(
                Array(shuffled.prefix(isPartial ? Int.random(in: 1...options.count, using: &generator) : options.count))
            )
        }
    }
}

extension NaiveElection {
    /// The same for `Tally`; each whole weight counts as a tenth, which no binary fraction is.
    var ballots: [Ballot] {
        voters.enumerated().map { index, voter in
            let weight = VoteWeight(Double(voter.weight) / 10)!
            return voter.vote.map { Ballot(voter: index + 1, weight: weight, $0) }
                ?? Ballot(voter: index + 1, weight: weight, .abstained)
        }
    }

    var voteOptions: VoteOptions { VoteOptions(options.map { .integer(Int64($0)) }) }

    func tally(_ rule: VoteRule, threshold: (Int, Int)? = nil, quorum: Int? = nil) -> Tally {
        Tally(
            ballots, voteOptions, rule, threshold: threshold.map { VoteThreshold(Double($0.0) / Double($0.1)) },
            quorum: quorum)
    }

    /// Other voters' order, and other numbers for the options.
    func renamed(_ names: [Int], _ order: [Int]) -> NaiveElection {
        NaiveElection(
            options: options,
            voters: order.map { voters[$0] }.map { voter in
                Voter(
                    weight: voter.weight,
                    vote: voter.vote.map { vote in
                        switch vote {
                        case .choice(let option): .choice(names[option])
                        case .ranking(let options): .ranking(options.map { names[$0] })
                        case .approvals(let options): .approvals(Set(options.map { names[$0] }))
                        case .scores(let scores):
                            .scores(Dictionary(uniqueKeysWithValues: scores.map { (names[$0], $1) }))
                        }
                    })
            })
    }
}
