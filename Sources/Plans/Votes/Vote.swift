public import JSON

/// What a ballot says. Options are given by their numbers.
public enum Vote: Sendable, Hashable {
    public static let scores = 0...10

    case choice(Int)
    /// The best first. Those that are left out are behind all others, and equal.
    case ranking([Int])
    /// For each option.
    case scores([Int: Int])
    /// All that the voter could live with; perhaps none.
    case approvals(Set<Int>)

    /// As rows and results have it: a number, an array of numbers, or an object of scores by number.
    public var json: JSONValue {
        switch self {
        case .choice(let option): .integer(Int64(option))
        case .ranking(let options): .array(options.map { .integer(Int64($0)) })
        case .scores(let scores):
            .object(Dictionary(uniqueKeysWithValues: scores.map { ("\($0)", .integer(Int64($1))) }))
        case .approvals(let options): .array(options.sorted().map { .integer(Int64($0)) })
        }
    }

    /// What the voter would have win.
    var favourites: Set<Int> {
        switch self {
        case .choice(let option): return [option]
        case .ranking(let options): return Set(options.prefix(1))
        case .scores(let scores):
            let best = scores.values.max()
            return Set(scores.filter { $0.value == best }.keys)
        case .approvals(let options): return options
        }
    }
}
