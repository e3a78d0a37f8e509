/// A part of the weight that was cast, as an exact fraction.
public struct VoteThreshold: Sendable, Hashable {
    public static let half = VoteThreshold(1, of: 2)
    public static let twoThirds = VoteThreshold(2, of: 3)

    private let numerator: Int
    private let denominator: Int

    private init(_ numerator: Int, of denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// The fraction with the smallest denominator up to 1,000 that is written so: 0.6666666666666666 is two thirds, 0.667
    /// is 667 thousandths. What is none of these is taken to nine decimals.
    ///
    /// - Parameter value: From 0 to 1.
    public init(_ value: Double) {
        let value = min(max(value, 0), 1)
        for denominator in 1...1000 {
            let numerator = (value * Double(denominator)).rounded()
            if numerator / Double(denominator) == value {
                self.init(Int(numerator), of: denominator)
                return
            }
        }
        self.init(Int((value * 1e9).rounded()), of: 1_000_000_000)
    }

    public var value: Double { Double(numerator) / Double(denominator) }

    func isReached(by part: Int, of whole: Int) -> Bool { excess(part, whole) >= 0 }

    func isExceeded(by part: Int, of whole: Int) -> Bool { excess(part, whole) > 0 }

    private func excess(_ part: Int, _ whole: Int) -> Int128 {
        Int128(part) * Int128(denominator) - Int128(numerator) * Int128(whole)
    }
}
