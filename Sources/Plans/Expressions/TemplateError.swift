/// A string in JSON that is no template.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A JSON pointer (RFC 6901) to it.
    public let pointer: String
    public let error: ExpressionError

    public init(pointer: String, error: ExpressionError) {
        self.pointer = pointer
        self.error = error
    }

    public var description: String { pointer.isEmpty ? "\(error)" : "\(pointer): \(error)" }
}
