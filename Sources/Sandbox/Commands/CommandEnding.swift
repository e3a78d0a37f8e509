/// How a command ended, and what it left.
public struct CommandEnding: Sendable, Hashable {
    public enum Status: Sendable, Hashable {
        case exited(Int32)
        /// By a signal: its own, a limit's, or that of the one who ended it.
        case signaled(Int32)
    }

    public let status: Status
    /// Whether it was ended because its time was up.
    public let isTimedOut: Bool
    /// Whether it was ended because it had too many processes.
    public let isCrowded: Bool
    public let output: CappedOutput
    public let errors: CappedOutput
    /// What it was really kept in.
    public let isolation: Isolation
    public let duration: Duration

    public var isSuccess: Bool { status == .exited(0) && !isTimedOut }
}
