/// What the exit code of the process says. The numbers are part of the command line's contract: `docs/cli.md`.
enum ExitStatus: Int32, Error {
    case success = 0
    /// The task or tree that was waited for did not complete.
    case taskFailed = 1
    /// An unknown command or option, or a value that makes no sense.
    case badInput = 2
    /// The server cannot be reached, or the connection broke.
    case cannotConnect = 3
    /// The schema is missing, too old or too new, or the server cannot hold it.
    case schemaMismatch = 4
    /// No such task or queue.
    case notFound = 5
    /// The state of things does not allow it: a unique key is taken, a task has ended, a server runs already.
    case conflict = 6
    /// Anything else.
    case unexpected = 70
    /// Ctrl-C, as shells count it.
    case interrupted = 130

    /// `bench --check`: a ratio misses its target.
    static let missed = ExitStatus.taskFailed
    /// `doctor`: nothing is worse than a warning.
    static let warned = ExitStatus.taskFailed
    /// `doctor`: there are errors. Monitors read these two as WARNING and CRITICAL.
    static let erred = ExitStatus.badInput
}
