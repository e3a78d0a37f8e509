/// What a figure must reach.
public enum Target: Sendable, Equatable {
    /// Our figure over the raw one, where more is better.
    case ratioAtLeast(Double)
    /// Our figure over the raw one, where less is better.
    case ratioAtMost(Double)
    /// Our figure itself, where less is better.
    case atMost(Double)
}

/// One measured thing: the median of the rounds, ours beside the limit.
public struct Figure: Sendable {
    public enum Unit: String, Sendable, Encodable {
        case perSecond = "1/s"
        case microseconds = "us"
        case milliseconds = "ms"
        case seconds = "s"
        case bytes = "B"
        case mebibytes = "MiB"
        case count = ""
    }

    public let metric: String
    public let unit: Unit
    public let ours: Double
    /// The raw limit, or what else ours is compared with; nil where there is nothing to compare.
    public let raw: Double?
    public let target: Target?

    init(_ metric: String, _ unit: Unit, ours: [Double], raw: [Double]? = nil, target: Target? = nil) {
        self.metric = metric
        self.unit = unit
        self.ours = ours.median
        self.raw = raw.map(\.median)
        self.target = target
    }

    /// Ours over raw.
    public var ratio: Double? {
        guard let raw, raw != 0 else { return nil }
        return ours / raw
    }

    /// How far the target is reached: 1 is just so, 0.9 is a tenth short of it; nil without a target.
    public var attainment: Double? {
        switch target {
        case .ratioAtLeast(let least): ratio.map { $0 / least }
        case .ratioAtMost(let most): ratio.map { most / $0 }
        case .atMost(let most): most / max(ours, .leastNonzeroMagnitude)
        case nil: nil
        }
    }

    /// Whether the target holds on any machine: a time that is not compared with anything does not.
    public var isComparable: Bool {
        if case .atMost = target { return ![.microseconds, .milliseconds, .seconds, .perSecond].contains(unit) }
        return target != nil
    }
}

/// The figures of one case.
public struct Section: Sendable {
    public let title: String
    public let figures: [Figure]
}

extension [Double] {
    var median: Double { quantile(0.5) }

    /// The value below which a share of the others lies; nan for none.
    func quantile(_ share: Double) -> Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        let position = share * Double(count - 1)
        let low = Int(position)
        let high = Swift.min(low + 1, count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
    }
}
