import Glibc

/// The question before data is destroyed.
enum Confirmation {
    /// Returns when the answer is yes, or was given beforehand.
    static func ask(_ question: String, isGiven: Bool) throws {
        if isGiven { return }
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
            throw CommandError(.badInput, "\(question) Nobody can be asked here: give --yes if that is meant.")
        }
        Terminal.errors.write("\(question) Type yes: ")
        guard readLine()?.lowercased() == "yes" else { throw CommandError(.interrupted, "nothing was changed.") }
    }
}
