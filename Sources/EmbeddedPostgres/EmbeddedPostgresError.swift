/// Why a private server could not be started, stopped or removed.
public struct EmbeddedPostgresError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that a caller may want to tell apart.
    public enum Code: String, Sendable {
        /// No PostgreSQL server programs were found, or not where they were said to be.
        case binariesNotFound
        /// The data directory was written by another major version of PostgreSQL.
        case versionMismatch
        /// The data directory holds something else, cannot be reached, or cannot be written.
        case dataDirectoryUnusable
        /// The socket's path would be longer than the system allows, or its directory is not ours.
        case socketDirectoryUnusable
        /// `initdb` failed.
        case initializationFailed
        /// The server ended before it accepted connections.
        case startFailed
        /// The server did not accept connections, or another process did not finish starting it, in time.
        case startTimedOut
        /// The data directory is in use, so it cannot be removed.
        case inUse
    }

    /// What kind of failure this is.
    public let code: Code
    /// What happened, to what, and what to do about it; one or more lines for people.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
