internal import FoundationEssentials

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The keys that a process knows. The first one encrypts; all of them decrypt.
public struct EncryptionKeys: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The active one first.
    let keys: [EncryptionKey]

    /// Reads lines `id:base64 of 32 bytes`, where commas and spaces separate as line ends do, and `#` begins a comment line.
    ///
    /// - Parameter source: Where the text comes from, for messages; they never repeat the text itself.
    public init(parsing text: String, source: String) throws {
        var keys: [EncryptionKey] = []
        for line in text.split(whereSeparator: \.isNewline) where line.first(where: { !$0.isWhitespace }) != "#" {
            for entry in line.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
                guard let key = EncryptionKey(line: entry) else {
                    throw EncryptionError(
                        "\(source): entry \(keys.count + 1) is not `id:key`",
                        hint: "An id has up to 64 letters, digits, _ . or -, a key is the base64 of 32 bytes. "
                            + "Make one with: agentcorp keys generate")
                }
                guard !keys.contains(where: { $0.id == key.id }) else {
                    throw EncryptionError(
                        "\(source): entry \(keys.count + 1) has the id of another entry",
                        hint: "Give every key an id of its own.")
                }
                keys.append(key)
            }
        }
        guard !keys.isEmpty else {
            throw EncryptionError("\(source): there is no key in it", hint: "Make one with: agentcorp keys generate")
        }
        self.keys = keys
    }

    init(_ keys: [EncryptionKey]) { self.keys = keys }

    /// Reads a file that only its owner may read and write.
    public static func read(file path: String) throws -> EncryptionKeys {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw EncryptionError(
                "cannot read the key file \(path): \(String(cString: strerror(errno)))",
                hint: "Make one with: agentcorp keys generate --file \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw EncryptionError(
                "the key file \(path) is not a regular file", hint: "Name a file with lines `id:key`.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw EncryptionError(
                "the key file \(path) can be read by others (mode \(String(status.st_mode & 0o777, radix: 8)))",
                hint: "Run: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
            guard got > 0 else { break }
            count += got
        }
        return try EncryptionKeys(parsing: String(decoding: bytes[..<count], as: UTF8.self), source: path)
    }

    /// The active one first.
    public var ids: [String] { keys.map(\.id) }

    /// A new key, active, before those that there are.
    public static func generate(id: String, before others: EncryptionKeys? = nil) throws -> EncryptionKeys {
        guard EncryptionKey.isID(id) else {
            throw EncryptionError(
                "\"\(id.prefix(80))\" cannot be the id of a key", hint: "Use up to 64 letters, digits, _ . or -.")
        }
        guard others?.ids.contains(id) != true else {
            throw EncryptionError("there is a key \"\(id)\" already", hint: "Give the new one another id.")
        }
        return EncryptionKeys([EncryptionKey(id: id)] + (others?.keys ?? []))
    }

    /// The text of a key file. It holds the keys themselves: for the file, or a vault, and nothing else.
    public var fileText: String { keys.map { $0.line + "\n" }.joined() }

    /// Writes a key file that only its owner may read and write, whole or not at all.
    public func write(file path: String) throws {
        let draft = "\(path).\(UInt32.random(in: .min ... .max))"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let bytes = Array(fileText.utf8)
        let isWritten =
            file >= 0 && bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) } == bytes.count
            && fsync(file) == 0
        let problem = errno
        if file >= 0 { close(file) }
        guard isWritten, rename(draft, path) == 0 else {
            let reason = String(cString: strerror(isWritten ? errno : problem))
            unlink(draft)
            throw EncryptionError(
                "cannot write the key file \(path): \(reason)", hint: "Name a place that you may write to.")
        }
    }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
