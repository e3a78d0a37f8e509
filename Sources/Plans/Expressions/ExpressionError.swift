/// What is wrong with an expression or a template, and where.
public struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    /// In UTF-8 bytes from the beginning of the text.
    public let offset: Int
    /// What to write instead, when that can be guessed.
    public let hint: String?

    public init(message: String, offset: Int, hint: String? = nil) {
        self.message = message
        self.offset = offset
        self.hint = hint
    }

    public var description: String {
        "\(message) (at byte \(offset))" + (hint.map { "; \($0)" } ?? "")
    }
}
