/// How statements with parameters reach the server.
public enum StatementMode: Sendable {
    /// Prepared once per connection and then run by name; the fastest.
    case named
    /// Parsed anew each time, leaving nothing behind on the server: for poolers in transaction mode.
    case unnamed
}
