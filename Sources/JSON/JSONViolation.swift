/// A place where a value does not fit its schema.
public struct JSONViolation: Sendable, Hashable, CustomStringConvertible {
    /// A JSON pointer (RFC 6901); empty for the whole value.
    public let pointer: String
    /// What must be there, and what is.
    public let message: String

    public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
}

/// A schema that is none.
public struct JSONSchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A JSON pointer into the schema.
    public let pointer: String
    public let message: String

    public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
}
