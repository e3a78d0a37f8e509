internal import Glibc

/// What an evaluation comes to.
public struct EvaluationSummary: Sendable, Codable {
    /// What a scorer says of all examples together.
    public struct Line: Sendable, Codable {
        public let scorer: String
        public let examples: Int
        public let mean: Double
        public let passRate: Double
        /// Within which the rate lies in 95 of 100 cases, by Wilson's score interval.
        public let low: Double
        public let high: Double

        enum CodingKeys: String, CodingKey {
            case scorer, examples, mean, low, high
            case passRate = "pass_rate"
        }
    }

    public let examples: Int
    public let passed: Int
    public let errors: Int
    public let scorers: [Line]
    public let usd: Double?
    public let tokens: Int64
    /// Seconds that half of the runs took at most; nil: none has ended.
    public let median: Double?
    /// Seconds that 95 of 100 took at most.
    public let p95: Double?

    public init(_ results: [EvaluationResult]) {
        examples = results.count
        passed = results.count { $0.passed == true }
        errors = results.count { $0.error != nil }
        var scores: [String: [EvaluationScore]] = [:]
        for result in results {
            for (name, score) in result.scores ?? [:] { scores[name, default: []].append(score) }
        }
        scorers = scores.sorted { $0.key < $1.key }.map { name, scores in
            let passed = scores.count { $0.passed }
            let (low, high) = Self.interval(passed, of: scores.count)
            return Line(
                scorer: name, examples: scores.count,
                mean: scores.reduce(0) { $0 + $1.score } / Double(scores.count),
                passRate: Double(passed) / Double(scores.count), low: low, high: high)
        }
        let costs = results.compactMap(\.usd)
        usd = costs.isEmpty ? nil : costs.reduce(0, +)
        tokens = results.reduce(0) { $0 + ($1.tokens ?? 0) }
        let times = results.compactMap(\.seconds).sorted()
        median = Self.quantile(0.5, times)
        p95 = Self.quantile(0.95, times)
    }

    /// Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    static func interval(_ hits: Int, of count: Int) -> (low: Double, high: Double) {
        guard count > 0 else { return (0, 1) }
        let n = Double(count)
        let rate = Double(hits) / n
        let z = 1.959964
        let middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
        return (max(0, middle - half), min(1, middle + half))
    }

    /// The least value that so many are not above.
    static func quantile(_ part: Double, _ sorted: [Double]) -> Double? {
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1))]
    }
}

/// Which of two evaluations does better, example by example.
public struct EvaluationComparison: Sendable, Codable {
    /// What one scorer says.
    public struct Line: Sendable, Codable {
        public let scorer: String
        /// Examples that B does better.
        public let wins: Int
        public let losses: Int
        public let ties: Int
        public let meanA: Double
        public let meanB: Double
        /// How probable so unequal a count of wins and losses is if neither does better: the two-sided sign test.
        public let p: Double

        enum CodingKeys: String, CodingKey {
            case scorer, wins, losses, ties, p
            case meanA = "mean_a"
            case meanB = "mean_b"
        }
    }

    public let scorers: [Line]
    /// Those whose scores differ.
    public let changed: [EvaluationPair]

    public init(_ pairs: [EvaluationPair]) {
        var lines: [Line] = []
        for (scorer, pairs) in Dictionary(grouping: pairs, by: \.scorer).sorted(by: { $0.key < $1.key }) {
            // What has no score has failed.
            let differences = pairs.map { ($0.scoreB ?? 0) - ($0.scoreA ?? 0) }
            let wins = differences.count { $0 > 0 }
            let losses = differences.count { $0 < 0 }
            lines.append(
                Line(
                    scorer: scorer, wins: wins, losses: losses, ties: pairs.count - wins - losses,
                    meanA: pairs.reduce(0) { $0 + ($1.scoreA ?? 0) } / Double(pairs.count),
                    meanB: pairs.reduce(0) { $0 + ($1.scoreB ?? 0) } / Double(pairs.count),
                    p: Self.signTest(wins, losses)))
        }
        scorers = lines
        changed = pairs.filter { ($0.scoreA ?? 0) != ($0.scoreB ?? 0) }
    }

    /// Two-sided, exact: ties say nothing.
    static func signTest(_ wins: Int, _ losses: Int) -> Double {
        let n = wins + losses
        guard n > 0 else { return 1 }
        // In logarithms, since 2 to the power of n has no end.
        var logarithm = -Double(n) * log(2.0)
        var tail = 0.0
        for k in 0...min(wins, losses) {
            if k > 0 { logarithm += log(Double(n - k + 1)) - log(Double(k)) }
            tail += exp(logarithm)
        }
        return min(1, 2 * tail)
    }
}
