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
    /// The ratio that has been reached, where that is short of the target: a guard must not fail for what is known.
    let reached: Double?

    init(
        _ metric: String, _ unit: Unit, ours: [Double], raw: [Double]? = nil, target: Target? = nil,
        reached: Double? = nil
    ) {
        self.metric = metric
        self.unit = unit
        self.ours = ours.median
        self.raw = raw.map(\.median)
        self.target = target
        self.reached = reached
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

    /// Whether the figure is within a tenth of what it is held to: its target or, short of that, what has been reached.
    ///
    /// A time that is not compared with anything is held to nothing: machines differ.
    public var isKept: Bool {
        guard let attainment else { return true }
        switch target {
        case .atMost: return [.microseconds, .milliseconds, .seconds, .perSecond].contains(unit) || attainment >= 0.9
        case .ratioAtLeast: return max(attainment, (ratio ?? 0) / (reached ?? .infinity)) >= 0.9
        case .ratioAtMost: return max(attainment, (reached ?? 0) / (ratio ?? .infinity)) >= 0.9
        case nil: return true
        }
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
