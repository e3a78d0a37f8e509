import Encryption
import FoundationEssentials
import Glibc
import Testing

@Suite
struct EncryptionKeysTests {
    static let secret = Data((0..<32).map { UInt8($0) }).base64EncodedString()
    static let otherSecret = Data((100..<132).map { UInt8($0) }).base64EncodedString()

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("keys are read from lines, or from one line; the first is the active one")
    func parsing() throws {
        for text in [
            "a:\(Self.secret)\nb:\(Self.otherSecret)", "  a:\(Self.secret) , b:\(Self.otherSecret)\r\n",
            "# keys\n\n a:\(Self.secret)\n  # old\nb:\(Self.otherSecret)\n",
        ] {
            #expect(try EncryptionKeys(parsing: text, source: "test").ids == ["a", "b"])
        }
    }

    @Test(
        "what is no key is refused, and never repeated",
        arguments: [
            "", "# nothing\n", "a", "a:", ":\(secret)", "a:\(secret)x", "a:AAAA", "\(secret):a", "a b:\(secret)",
            "ä:\(secret)", "\(String(repeating: "a", count: 65)):\(secret)", "a:\(secret)\nb:!!!",
            "a:\(secret)\na:\(otherSecret)", "base64:\(secret.dropLast(2))",
        ])
    func refused(text: String) {
        let message = message { _ = try EncryptionKeys(parsing: text, source: "the test") }
        #expect(message.hasPrefix("the test: "))
        for part in text.split(whereSeparator: { ":\n ".contains($0) }) where part.count > 10 {
            #expect(!message.contains(part))
        }
    }

    @Test("a generated key goes into a file of its owner alone, before the older ones")
    func files() throws {
        let path = "/tmp/agentcorp-keys-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
        defer { unlink(path) }
        #expect(message { _ = try EncryptionKeys.read(file: path) }.contains("agentcorp keys generate --file"))
        try EncryptionKeys.generate(id: "one").write(file: path)
        try EncryptionKeys.generate(id: "two", before: try EncryptionKeys.read(file: path)).write(file: path)
        let keys = try EncryptionKeys.read(file: path)
        #expect(keys.ids == ["two", "one"])
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(message { _ = try EncryptionKeys.generate(id: "one", before: keys) }.contains("already"))
        #expect(message { _ = try EncryptionKeys.generate(id: "a:b") }.contains("cannot be the id"))
        for mode: mode_t in [0o640, 0o604, 0o660, 0o777] {
            chmod(path, mode)
            #expect(message { _ = try EncryptionKeys.read(file: path) }.contains("chmod 600"))
        }
        chmod(path, 0o400)
        #expect(try EncryptionKeys.read(file: path).ids == ["two", "one"])
        #expect(message { _ = try EncryptionKeys.read(file: "/tmp") }.contains("not a regular file"))
        #expect(message { try keys.write(file: "/nonexistent/keys") }.contains("cannot write"))
    }

    @Test("generated keys differ")
    func generated() throws {
        #expect(try EncryptionKeys.generate(id: "a").fileText != EncryptionKeys.generate(id: "a").fileText)
    }

    @Test("nothing that prints keys or a cipher shows them")
    func hidden() throws {
        let keys = try EncryptionKeys(parsing: "canary:\(Self.secret)", source: "test")
        var dumped = ""
        dump(keys, to: &dumped)
        dump(AESGCMCipher(keys), to: &dumped)
        dump([keys], to: &dumped)
        let optional: EncryptionKeys? = keys
        for text in [
            "\(keys)", String(reflecting: keys), "\([keys])", String(describing: optional), dumped,
            "\(AESGCMCipher(keys))", String(reflecting: AESGCMCipher(keys)),
            "\(Array(Mirror(reflecting: keys).children))",
        ] {
            #expect(!text.contains(Self.secret) && !text.contains("SymmetricKey"), "\(text)")
        }
        #expect("\(keys)" == "***")
    }
}
