/// Encrypts payloads before they are sent, and decrypts what comes back; the keys never reach the database.
public protocol PayloadCipher: Sendable {
    /// The id of the key that new payloads are encrypted with.
    var activeKey: String { get }

    /// Encrypts a JSON document with the active key.
    func seal(_ document: [UInt8], for purpose: PayloadPurpose) throws -> SealedPayload

    /// Decrypts to a JSON document.
    ///
    /// Throws `QueueError` with code `missingKey` when it does not have the key, `undecryptable` when the key is another one
    /// of that name, the content was changed, or it was sealed for another purpose.
    func open(_ sealed: SealedPayload, for purpose: PayloadPurpose) throws -> [UInt8]
}
