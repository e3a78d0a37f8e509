public import JSON

/// What is voted on. Options are known by their numbers: places in the list, from 0.
public struct VoteOptions: Sendable {
    /// More of them nobody can weigh against each other.
    public static let most = 100

    public let values: [JSONValue]
    /// The numbers of those that can be voted for. Null is what a proposer that failed has left; of equal ones only the
    /// first counts, or they would take votes from each other.
    public let open: [Int]
    private let authors: [String?]

    /// - Parameter authors: Whose each option is, as far as that is known.
    public init(_ values: [JSONValue], authors: [String?] = []) {
        self.values = values
        self.authors = authors
        var seen: Set<JSONValue> = []
        open = values.indices.filter { values[$0] != .null && seen.insert(values[$0]).inserted }
    }

    /// Whose an option is: several, where several have said the same.
    public func authors(of option: Int) -> [String] {
        zip(values, authors).compactMap { $0 == values[option] ? $1 : nil }
    }
}
