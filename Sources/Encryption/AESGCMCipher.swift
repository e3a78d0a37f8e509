internal import Crypto
internal import FoundationEssentials
public import Queue

/// Encrypts payloads with AES-256-GCM (NIST SP 800-38D), a random nonce each.
///
/// The ciphertext is nonce, content and tag; authenticated with it are the version of the format, the id of the key and the
/// purpose. With random nonces a key is good for about four thousand million payloads; rotate it before that.
public struct AESGCMCipher: PayloadCipher, CustomReflectable {
    private let keys: EncryptionKeys

    public init(_ keys: EncryptionKeys) { self.keys = keys }

    public var activeKey: String { keys.keys[0].id }

    public func seal(_ document: [UInt8], for purpose: PayloadPurpose) throws -> SealedPayload {
        let key = keys.keys[0]
        let box = try AES.GCM.seal(document, using: key.secret, authenticating: Self.bound(key.id, purpose))
        guard let combined = box.combined else {
            throw QueueError(.invalidValue, "the payload could not be encrypted")
        }
        return SealedPayload(keyID: key.id, ciphertext: [UInt8](combined))
    }

    public func open(_ sealed: SealedPayload, for purpose: PayloadPurpose) throws -> [UInt8] {
        guard let key = keys.keys.first(where: { $0.id == sealed.keyID }) else {
            throw QueueError.missingKey(sealed.keyID)
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.ciphertext)
            return [UInt8](
                try AES.GCM.open(box, using: key.secret, authenticating: Self.bound(sealed.keyID, purpose)))
        } catch {
            throw QueueError(
                .undecryptable, "the payload does not open with the key \"\(sealed.keyID)\"",
                hint: "It was encrypted with another key of that id, was changed, or belongs to another place.")
        }
    }

    private static func bound(_ keyID: String, _ purpose: PayloadPurpose) -> [UInt8] {
        Array("agentcorp \(SealedPayload.version)\n\(keyID)\n\(purpose.words)".utf8)
    }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
