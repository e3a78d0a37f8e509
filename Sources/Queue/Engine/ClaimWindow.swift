/// Where to look for ready tasks: priorities and, for each, the `seq` above which to look.
public struct ClaimWindow: Sendable, Equatable {
    /// Most urgent first.
    public var priorities: [Int16]
    /// Of the same length.
    public var floors: [Int64]

    public init(priorities: [Int16], floors: [Int64]) {
        self.priorities = priorities
        self.floors = floors
    }

    /// Everything.
    public static let everything = ClaimWindow(
        priorities: Array(0...9), floors: [Int64](repeating: 0, count: 10))
}
