/// When an agent is going round in circles, and what happens then.
public struct LoopPolicy: Sendable, Hashable {
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// One answer without tools, from what it knows; the task fails only when it gives none.
        case answer
        /// The task fails at once.
        case fail
    }

    public var action: Action
    /// The same call with the same arguments so often among the latest `window` calls is a loop. 2 to 100.
    public var repetitions: Int
    /// How many of the latest calls are looked at. 2 to 1000.
    public var window: Int
    /// So many answers in a row whose calls all failed are a stall. 1 to 100.
    public var stalls: Int

    public init(_ action: Action = .answer, repetitions: Int = 4, window: Int = 10, stalls: Int = 4) {
        self.action = action
        self.repetitions = repetitions
        self.window = window
        self.stalls = stalls
    }
}
