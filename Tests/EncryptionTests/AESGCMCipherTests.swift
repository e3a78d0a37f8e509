import Encryption
import Postgres
import Queue
import Testing

@Suite
struct AESGCMCipherTests {
    private let keys: EncryptionKeys
    private let cipher: AESGCMCipher

    init() throws {
        keys = try EncryptionKeys.generate(id: "new", before: EncryptionKeys.generate(id: "old"))
        cipher = AESGCMCipher(keys)
    }

    private func code(_ body: () throws -> Void) -> QueueError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? QueueError)?.code
        }
    }

    @Test("what is sealed opens to the same bytes, and looks different every time", arguments: [0, 1, 1_000_000])
    func roundTrip(count: Int) throws {
        let document = [UInt8](repeating: 0x61, count: count)
        let sealed = try cipher.seal(document, for: .args)
        #expect(sealed.keyID == "new")
        #expect(try cipher.open(sealed, for: .args) == document)
        #expect(try cipher.seal(document, for: .args) != sealed)
        let stored = try sealed.json
        #expect(stored.text.hasPrefix("{\"$enc\":{"))
    }

    @Test("a change of any byte is noticed")
    func tampering() throws {
        let sealed = try cipher.seal(Array("{\"a\": 1}".utf8), for: .args)
        for index in sealed.ciphertext.indices {
            var changed = sealed.ciphertext
            changed[index] ^= 1
            let forged = SealedPayload(keyID: sealed.keyID, ciphertext: changed)
            #expect(code { _ = try cipher.open(forged, for: .args) } == .undecryptable)
        }
        for count in [0, 5, 27, sealed.ciphertext.count - 1] {
            let short = SealedPayload(keyID: sealed.keyID, ciphertext: Array(sealed.ciphertext.prefix(count)))
            #expect(code { _ = try cipher.open(short, for: .args) } == .undecryptable)
        }
    }

    @Test("a payload does not open in the place of another, nor under another key's name")
    func binding() throws {
        let purposes: [PayloadPurpose] = [
            .args, .output(task: 1), .output(task: 11), .step(name: "a"), .step(name: "1"), .step(name: ""),
        ]
        for purpose in purposes {
            let sealed = try cipher.seal([1, 2, 3], for: purpose)
            for other in purposes {
                #expect(code { _ = try cipher.open(sealed, for: other) } == (other == purpose ? nil : .undecryptable))
            }
            let renamed = SealedPayload(keyID: "old", ciphertext: sealed.ciphertext)
            #expect(code { _ = try cipher.open(renamed, for: purpose) } == .undecryptable)
        }
    }

    @Test("an unknown key is missing, a different key of the same name does not open")
    func wrongKeys() throws {
        let sealed = try cipher.seal([1], for: .args)
        let stranger = AESGCMCipher(try EncryptionKeys.generate(id: "other"))
        #expect(code { _ = try stranger.open(sealed, for: .args) } == .missingKey)
        let impostor = AESGCMCipher(try EncryptionKeys.generate(id: "new"))
        #expect(code { _ = try impostor.open(sealed, for: .args) } == .undecryptable)
        let old = AESGCMCipher(
            try EncryptionKeys(parsing: keys.fileText.split(separator: "\n")[1] + "", source: "test"))
        let before = try old.seal([7], for: .args)
        #expect(before.keyID == "old")
        #expect(try cipher.open(before, for: .args) == [7])
    }
}
