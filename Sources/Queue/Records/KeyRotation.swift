/// What a rotation of keys did.
public struct KeyRotation: Sendable, Codable, Hashable {
    /// Payloads that are encrypted with the active key now.
    public var encrypted = 0
    /// Payloads that could not be decrypted: their key is not known here, or they were changed.
    public var unreadable = 0
}
