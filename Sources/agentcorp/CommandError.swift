/// Why a command could not do its work: one message for people, and the exit code.
struct CommandError: Error {
    let status: ExitStatus
    /// What happened, to what, and what to do about it.
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
