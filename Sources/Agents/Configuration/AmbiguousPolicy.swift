/// What happens to a tool call of effect `once` that was started and whose result nobody knows.
public enum AmbiguousPolicy: String, Sendable, Hashable, CaseIterable {
    /// The tool finds out whether it took place; where it cannot, a person is asked.
    case verify
    /// A person is asked.
    case ask
    /// The task fails.
    case fail
}
