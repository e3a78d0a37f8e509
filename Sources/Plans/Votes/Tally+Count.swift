internal import JSON

extension Tally {
    /// What a rule makes of the votes, before anybody asks whether that is enough.
    struct Count {
        /// Ascending.
        var leaders: [Int] = []
        /// The weight behind the leaders, where weight is what counts.
        var lead = 0
        var figures: [Int: JSONValue] = [:]
        var details: [String: JSONValue] = [:]
    }

    static func count(_ votes: [CountedVote], _ options: VoteOptions, _ rule: VoteRule) -> Count {
        switch rule {
        case .majority, .supermajority, .plurality, .unanimous, .weighted, .judge, .approval:
            count(supportOf: options, votes)
        case .score(let method): count(scores: votes, options, method)
        case .ranked(.irv): count(runoff: votes, options)
        case .ranked(.borda): count(points: votes, options)
        case .ranked(.condorcet): count(pairs: votes, options)
        }
    }

    /// The weight of those who chose or approve of an option.
    private static func count(supportOf options: VoteOptions, _ votes: [CountedVote]) -> Count {
        var support = Dictionary(uniqueKeysWithValues: options.open.map { ($0, 0) })
        for vote in votes {
            for option in vote.vote.favourites { support[option]? += vote.weight }
        }
        var count = Count()
        let most = support.values.max() ?? 0
        // What nobody wants does not lead.
        if most > 0 { count.leaders = options.open.filter { support[$0] == most } }
        count.lead = most
        count.figures = support.mapValues(VoteWeight.json)
        count.details["counts"] = options.row(count.figures)
        return count
    }

    private static func count(scores votes: [CountedVote], _ options: VoteOptions, _ method: ScoreMethod) -> Count {
        let weight = votes.reduce(0) { $0 + $1.weight }
        var ranks: [Int: Int] = [:]
        var figures: [Int: JSONValue] = [:]
        for option in options.open {
            let scores = votes.map { vote in
                if case .scores(let scores) = vote.vote {
                    (score: scores[option] ?? 0, weight: vote.weight)
                } else {
                    (score: 0, weight: vote.weight)
                }
            }
            switch method {
            case .mean:
                let sum = scores.reduce(0) { $0 + $1.score * $1.weight }
                ranks[option] = sum
                figures[option] = weight == 0 ? .null : .number(Double(sum) / Double(weight))
            case .median:
                let double = doubleMedian(scores)
                ranks[option] = double
                figures[option] = double.map { .number(Double($0) / 2) } ?? .null
            }
        }
        var count = best(ranks, options)
        count.figures = figures
        count.details[method == .mean ? "means" : "medians"] = options.row(figures)
        return count
    }

    /// Twice the score in the middle, where each stands as often as it weighs; between two it is their mean.
    private static func doubleMedian(_ scores: [(score: Int, weight: Int)]) -> Int? {
        let half = scores.reduce(0) { $0 + $1.weight }
        var below = 0
        var lower: Int?
        for (score, weight) in scores.sorted(by: { $0.score < $1.score }) {
            below += weight
            if lower == nil, below * 2 >= half { lower = score }
            if below * 2 > half { return lower.map { $0 + score } }
        }
        return nil
    }

    private static func count(runoff votes: [CountedVote], _ options: VoteOptions) -> Count {
        let runoff = InstantRunoff(rankings(votes), options.open)
        var count = Count()
        count.leaders = runoff.winners
        count.figures = (runoff.counts.first?.weights ?? [:]).mapValues(VoteWeight.json)
        count.details["rounds"] = .array(
            runoff.counts.prefix(InstantRunoff.mostTold).map { step in
                .object([
                    "round": .integer(Int64(step.round)),
                    "counts": options.row(step.weights.mapValues(VoteWeight.json)),
                    "exhausted": VoteWeight.json(step.exhausted),
                    "out": .array(step.out.map { .integer(Int64($0)) }),
                ])
            })
        let left = runoff.counts.count - InstantRunoff.mostTold
        if left > 0 { count.details["rounds_left_out"] = .integer(Int64(left)) }
        if runoff.waysLeft > 0 { count.details["ways_not_followed"] = .integer(Int64(runoff.waysLeft)) }
        return count
    }

    /// For n options the first has n - 1 points, the next n - 2 and so on; those left out share what is left.
    private static func count(points votes: [CountedVote], _ options: VoteOptions) -> Count {
        var doubled = Dictionary(uniqueKeysWithValues: options.open.map { ($0, 0) })
        for (ranking, weight) in rankings(votes) {
            for (place, option) in ranking.enumerated() {
                doubled[option]? += weight * 2 * (options.open.count - 1 - place)
            }
            for option in options.open where !ranking.contains(option) {
                doubled[option]? += weight * (options.open.count - ranking.count - 1)
            }
        }
        var count = best(doubled, options)
        count.figures = doubled.mapValues { doubled in
            doubled.isMultiple(of: 2)
                ? VoteWeight.json(doubled / 2) : .number(Double(doubled) / 2 / Double(VoteWeight.scale))
        }
        count.details["points"] = options.row(count.figures)
        return count
    }

    private static func count(pairs votes: [CountedVote], _ options: VoteOptions) -> Count {
        let pairs = PairwiseCount(rankings(votes), options.open)
        var count = Count()
        count.leaders = pairs.leaders
        count.figures = pairs.victories.mapValues { .integer(Int64($0)) }
        let rows = Dictionary(
            uniqueKeysWithValues: options.open.map {
                ($0, options.row(pairs.weights(for: $0).mapValues(VoteWeight.json)))
            }
        )
        count.details["matrix"] = options.row(rows)
        return count
    }

    private static func rankings(_ votes: [CountedVote]) -> [(ranking: [Int], weight: Int)] {
        votes.map { vote in
            if case .ranking(let ranking) = vote.vote { (ranking, vote.weight) } else { ([], vote.weight) }
        }
    }

    private static func best(_ ranks: [Int: Int], _ options: VoteOptions) -> Count {
        var count = Count()
        if let most = ranks.values.max() { count.leaders = options.open.filter { ranks[$0] == most } }
        return count
    }
}

extension VoteOptions {
    /// A value for each place of the list; null where there is none.
    func row(_ values: [Int: JSONValue]) -> JSONValue { .array(self.values.indices.map { values[$0] ?? .null }) }
}
