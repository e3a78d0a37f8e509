public import JSON

/// How much a ballot counts: a decimal number over 0, exact, so that nothing is rounded at a threshold.
public struct VoteWeight: Sendable, Hashable {
    public static let one = VoteWeight(millionths: scale)
    static let scale = 1_000_000

    let millionths: Int

    init(millionths: Int) { self.millionths = millionths }

    /// Nil for what is not from 0.000001 to 1,000,000, or has more than six decimals.
    public init?(_ value: Double) {
        guard value > 0, value <= 1_000_000 else { return nil }
        let millionths = (value * Double(Self.scale)).rounded()
        // Both are the nearest to the same decimal number, or it has more decimals.
        guard millionths >= 1, millionths / Double(Self.scale) == value else { return nil }
        self.millionths = Int(millionths)
    }

    public var value: Double { Double(millionths) / Double(Self.scale) }

    public var json: JSONValue { Self.json(millionths) }

    /// A sum of weights as people write it.
    static func json(_ millionths: Int) -> JSONValue {
        millionths.isMultiple(of: scale)
            ? .integer(Int64(millionths / scale)) : .number(Double(millionths) / Double(scale))
    }
}
