/// What is wrong with a key or a key file: what happened, and what to do. It never holds key material.
public struct EncryptionError: Error, Sendable, CustomStringConvertible {
    public let message: String
    /// What to do about it.
    public let hint: String

    init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    public var description: String { "\(message). \(hint)" }
}
