import Queue

/// What a run has come to, in a line.
struct RunTotals {
    let counts: StateCounts
    private let tokens: Int
    private let cost: String?

    init(_ nodes: [RunNode]) {
        counts = StateCounts(nodes[0].below ?? [:])
        tokens = Int(nodes[0].tokens ?? 0)
        cost = Self.dollars(nodes[0].usd, unpriced: nodes[0].unpriced)
    }

    /// `12 of 40 done: 3 running, 9 completed`.
    var progress: String { "\(Plural.grouped(counts.final)) of \(Plural.grouped(counts.total)) done: \(counts)" }

    /// `1,234 tokens, $0.0123`; nil when no model has been called.
    var spending: String? {
        guard tokens > 0 || cost != nil else { return nil }
        return ["\(Plural.grouped(tokens)) tokens", cost].compactMap { $0 }.joined(separator: ", ")
    }

    /// `$0.0123`; with a + where answers have no known price.
    static func dollars(_ usd: Double?, unpriced: Int64?) -> String? {
        let isOpen = (unpriced ?? 0) > 0
        guard let usd, usd > 0 || !isOpen else { return isOpen ? "$?" : nil }
        guard usd > 0 else { return nil }
        let units = Int((usd * 10_000).rounded())
        guard units > 0 else { return "<$0.0001" }
        let fraction = String(units % 10_000)
        return "$\(units / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
            + (isOpen ? "+" : "")
    }
}
