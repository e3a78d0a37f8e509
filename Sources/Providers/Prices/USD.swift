/// An amount of US dollars, exact to a nano-dollar. Sums that leave its range (9 billion dollars) stop at its end.
public struct USD: Sendable, Hashable, Comparable {
    public var nanodollars: Int64

    public static let zero = USD(nanodollars: 0)

    public init(nanodollars: Int64) {
        self.nanodollars = nanodollars
    }

    /// A decimal such as `0.0025` or `-3`; nil for anything else, for more than nine decimals that are not 0, and for
    /// what is out of range.
    public init?(_ text: some StringProtocol) {
        var digits = Substring(text)
        let isNegative = digits.hasPrefix("-")
        if isNegative { digits.removeFirst() }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            !parts[0].isEmpty
        else { return nil }
        var decimals = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || !decimals.isEmpty else { return nil }
        while decimals.count > 9, decimals.last == "0" { decimals.removeLast() }
        guard decimals.count <= 9,
            let value = Int64(parts[0] + decimals + String(repeating: "0", count: 9 - decimals.count))
        else { return nil }
        self.init(nanodollars: isNegative ? -value : value)
    }

    public static func < (left: USD, right: USD) -> Bool { left.nanodollars < right.nanodollars }

    public static func + (left: USD, right: USD) -> USD {
        let (sum, overflow) = left.nanodollars.addingReportingOverflow(right.nanodollars)
        return USD(nanodollars: overflow ? (right.nanodollars > 0 ? .max : .min) : sum)
    }

    public static func += (left: inout USD, right: USD) { left = left + right }
}

extension USD: CustomStringConvertible {
    /// A plain decimal, as short as it is exact: `0.0025`. PostgreSQL's `numeric` reads it.
    public var description: String {
        let magnitude = nanodollars.magnitude
        let (whole, rest) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        var text = (nanodollars < 0 ? "-" : "") + "\(whole)"
        guard rest > 0 else { return text }
        let digits = "\(rest)"
        text += "." + String(repeating: "0", count: 9 - digits.count) + digits
        while text.last == "0" { text.removeLast() }
        return text
    }
}

extension USD: Codable {
    /// Reads a string, which is exact.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = USD(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no amount of dollars: \(text)")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
