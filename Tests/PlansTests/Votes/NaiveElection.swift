@testable import Plans

/// An election counted by the definitions of the rules, by trying everything: what `Tally` is compared with. It shares no
/// code with it, and takes weights as whole numbers.
struct NaiveElection {
    struct Result: Equatable {
        let status: Tally.Status
        let leaders: [Int]
    }

    struct Voter {
        let weight: Int
        /// Nil abstains.
        let vote: Vote?
    }

    let options: [Int]
    let voters: [Voter]

    private var cast: [(weight: Int, vote: Vote)] { voters.compactMap { v in v.vote.map { (v.weight, $0) } } }
    private var total: Int { cast.map(\.weight).reduce(0, +) }

    /// - Parameter threshold: A fraction; nil: the rule's own.
    func result(_ rule: VoteRule, threshold: (Int, Int)? = nil, quorum: Int = 1) -> Result {
        let leaders = leaders(rule)
        if cast.count < quorum { return Result(status: .noQuorum, leaders: leaders) }
        if leaders.count > 1 { return Result(status: .tied, leaders: leaders) }
        guard let leader = leaders.first else { return Result(status: .undecided, leaders: []) }
        let decided: Bool
        switch rule {
        case .majority, .weighted:
            let (p, q) = threshold ?? (1, 2)
            decided = support(leader) * q > total * p
        case .supermajority:
            let (p, q) = threshold ?? (2, 3)
            decided = support(leader) * q >= total * p
        case .plurality, .approval:
            let (p, q) = threshold ?? (0, 1)
            decided = support(leader) * q >= total * p
        case .unanimous: decided = cast.allSatisfy { $0.vote == .choice(leader) }
        case .ranked, .score: decided = true
        case .judge: decided = false
        }
        return Result(status: decided ? .decided : .undecided, leaders: leaders)
    }

    private func leaders(_ rule: VoteRule) -> [Int] {
        switch rule {
        case .majority, .supermajority, .plurality, .unanimous, .weighted, .judge, .approval:
            best { support($0) > 0 ? Double(support($0)) : nil }
        case .ranked(.irv): survivors(Set(options)).sorted()
        case .ranked(.borda): best(points)
        case .ranked(.condorcet): smithSet
        case .score(.mean): best { option in Double(spread(option).reduce(0, +)) }
        case .score(.median): best(median)
        }
    }

    private func best(_ value: (Int) -> Double?) -> [Int] {
        let values = options.map(value)
        guard let most = values.compactMap(\.self).max() else { return [] }
        return zip(options, values).filter { $1 == most }.map(\.0)
    }

    private func support(_ option: Int) -> Int {
        cast.filter { _, vote in
            switch vote {
            case .choice(let choice): choice == option
            case .approvals(let approvals): approvals.contains(option)
            default: false
            }
        }.map(\.weight).reduce(0, +)
    }

    // MARK: ranked

    private var rankings: [(weight: Int, ranking: [Int])] {
        cast.map { weight, vote in
            guard case .ranking(let ranking) = vote else { return (weight, []) }
            return (weight, ranking)
        }
    }

    /// Who can be the last one left, whoever of those with the least goes out first.
    private func survivors(_ left: Set<Int>) -> Set<Int> {
        guard left.count > 1 else { return left }
        let firsts = left.map { option in
            (option, rankings.filter { $0.ranking.first(where: left.contains) == option }.map(\.weight).reduce(0, +))
        }
        let least = firsts.map(\.1).min()!
        return firsts.filter { $0.1 == least }.reduce(into: []) {
            $0.formUnion(survivors(left.subtracting([$1.0])))
        }
    }

    /// The mean over all rankings that a partial one could be completed to, times a number that all have.
    private func points(_ option: Int) -> Double {
        var all = 1
        for n in 1...options.count { all *= n }
        var sum = 0
        for (weight, ranking) in rankings {
            let completions = Self.permutations(options.filter { !ranking.contains($0) }).map { ranking + $0 }
            for completion in completions {
                sum += weight * (options.count - 1 - completion.firstIndex(of: option)!) * (all / completions.count)
            }
        }
        return Double(sum)
    }

    private func prefer(_ a: Int, _ b: Int) -> Int {
        rankings.filter { _, ranking in
            guard let place = ranking.firstIndex(of: a) else { return false }
            return ranking.firstIndex(of: b).map { place < $0 } ?? true
        }.map(\.weight).reduce(0, +)
    }

    /// The smallest set of options of which each beats each other one.
    private var smithSet: [Int] {
        let sets = (1..<(1 << options.count)).map { bits in options.indices.filter { bits & 1 << $0 != 0 } }
        let dominant = sets.filter { set in
            set.allSatisfy { a in
                options.indices.filter { !set.contains($0) }.allSatisfy { b in
                    prefer(options[a], options[b]) > prefer(options[b], options[a])
                }
            }
        }
        return dominant.min { $0.count < $1.count }!.map { options[$0] }
    }

    static func permutations(_ items: [Int]) -> [[Int]] {
        items.isEmpty
            ? [[]]
            : items.flatMap { item in permutations(items.filter { $0 != item }).map { [item] + $0 } }
    }

    // MARK: scores

    /// The scores of an option, each as often as it weighs, ascending.
    private func spread(_ option: Int) -> [Int] {
        cast.flatMap { weight, vote -> [Int] in
            guard case .scores(let scores) = vote else { return [] }
            return Array(repeating: scores[option]!, count: weight)
        }.sorted()
    }

    private func median(_ option: Int) -> Double? {
        let scores = spread(option)
        guard !scores.isEmpty else { return nil }
        return Double(scores[(scores.count - 1) / 2] + scores[scores.count / 2]) / 2
    }
}
