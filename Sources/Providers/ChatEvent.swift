/// What is heard of an answer while it comes.
public enum ChatEvent: Sendable, Hashable {
    /// The server began to answer. A retry before any output begins again.
    case started
    /// The next piece of the text.
    case text(String)
    /// The next piece of the reasoning, where the provider shows it.
    case reasoning(String)
    /// The next piece of the arguments of the call with this index; the name comes with its first.
    case toolCall(index: Int, name: String?, argumentsFragment: String)
    /// The request failed, and is made again after a pause.
    case retrying(after: Duration, reason: String)
}
