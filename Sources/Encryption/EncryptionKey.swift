internal import Crypto
internal import FoundationEssentials

/// A key of 256 bits with its name. Nothing that prints it shows the key.
struct EncryptionKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let id: String
    let secret: SymmetricKey

    init(id: String, secret: SymmetricKey = SymmetricKey(size: .bits256)) {
        self.id = id
        self.secret = secret
    }

    /// Reads `id:base64`; nil when it is not of that form.
    init?(line: Substring) {
        guard let colon = line.firstIndex(of: ":"),
            let secret = Data(base64Encoded: String(line[line.index(after: colon)...])), secret.count == 32,
            Self.isID(line[..<colon])
        else { return nil }
        self.init(id: String(line[..<colon]), secret: SymmetricKey(data: secret))
    }

    /// As it stands in a key file: the only way in which the key leaves this type.
    var line: String {
        "\(id):\(secret.withUnsafeBytes { Data($0) }.base64EncodedString())"
    }

    /// 1 to 64 letters, digits, `_`, `.` or `-`.
    static func isID(_ text: some StringProtocol) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "_.-".utf8.contains(byte)
            }
    }

    var description: String { "***" }
    var debugDescription: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
