/// Which memory an agent may use through the tools `memory.*`.
public struct AgentMemory: Sendable, Hashable {
    /// Whose memory it is.
    public enum Scope: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
        /// Of the tree of tasks that the agent works in.
        case run
        /// Of the agent, over all its tasks.
        case agent
        /// Of the user for whom the task is.
        case user
        /// Of everybody.
        case global

        /// From the narrowest to the widest.
        public static func < (left: Scope, right: Scope) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }
    }

    public var read: Set<Scope>
    public var write: Set<Scope>

    public init(read: Set<Scope>, write: Set<Scope>) {
        self.read = read
        self.write = write
    }

    /// What an agent has whose configuration says nothing.
    public static let standard = AgentMemory(read: Set(Scope.allCases), write: [.run, .agent])
    public static let none = AgentMemory(read: [], write: [])
    public static let all = AgentMemory(read: Set(Scope.allCases), write: Set(Scope.allCases))
}
