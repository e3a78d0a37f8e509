/// Whoever is last goes out, and those who were for it go on to their next choice, until one has more than half.
///
/// Where several are last, each of them could go: all ways are followed, and when they end with different winners these
/// tie. So no winner depends on the order of the options.
struct InstantRunoff {
    /// One count on the way.
    struct Step {
        let round: Int
        let weights: [Int: Int]
        /// The weight of ballots that rank none of those who are left.
        let exhausted: Int
        /// Who goes; several go at once when together they are behind all others, and several ways begin when not.
        let out: [Int]
    }

    /// With more ways than these in a round, all who are left tie.
    static let mostWays = 256
    /// Steps that an account shows.
    static let mostTold = 50

    /// Ascending.
    private(set) var winners: [Int] = []
    private(set) var counts: [Step] = []
    /// How many ways there were where it was broken off.
    private(set) var waysLeft = 0

    init(_ rankings: [(ranking: [Int], weight: Int)], _ options: [Int]) {
        var winners: Set<Int> = []
        var ways: Set<Set<Int>> = options.isEmpty ? [] : [Set(options)]
        var round = 1
        while !ways.isEmpty {
            if ways.count > Self.mostWays {
                waysLeft = ways.count
                for way in ways { winners.formUnion(way) }
                break
            }
            var next: Set<Set<Int>> = []
            for left in ways.map({ $0.sorted() }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                let (weights, exhausted) = Self.count(rankings, Set(left))
                let cast = weights.values.reduce(0, +)
                var out: [Int] = []
                if left.count == 1 || cast == 0 {
                    winners.formUnion(left)
                } else if let first = left.first(where: { weights[$0]! * 2 > cast }) {
                    winners.insert(first)
                } else {
                    let least = weights.values.min()!
                    out = left.filter { weights[$0] == least }
                    let above = weights.values.filter { $0 > least }.min() ?? 0
                    if out.count == 1 || out.count * least < above {
                        next.insert(Set(left).subtracting(out))
                    } else {
                        for option in out { next.insert(Set(left).subtracting([option])) }
                    }
                }
                counts.append(Step(round: round, weights: weights, exhausted: exhausted, out: out))
            }
            ways = next
            round += 1
        }
        self.winners = winners.sorted()
    }

    private static func count(
        _ rankings: [(ranking: [Int], weight: Int)], _ left: Set<Int>
    ) -> (weights: [Int: Int], exhausted: Int) {
        var weights = Dictionary(uniqueKeysWithValues: left.map { ($0, 0) })
        var exhausted = 0
        for (ranking, weight) in rankings {
            if let option = ranking.first(where: left.contains) {
                weights[option]! += weight
            } else {
                exhausted += weight
            }
        }
        return (weights, exhausted)
    }
}
