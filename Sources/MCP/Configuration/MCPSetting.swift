internal import Glibc

/// A value that may be secret: written out, or where to find it. It never shows what it holds.
public enum MCPSetting: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case literal(String)
    /// The variable of that name in our environment.
    case environment(String)
    /// The contents of a file that nobody else may read (mode 0600), without line breaks at the end.
    case file(String)

    public var description: String {
        switch self {
        case .literal: "***"
        case .environment(let name): "the variable \(name)"
        case .file(let path): "the file \(path)"
        }
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }

    /// Throws `MCPError` that names the place, never the value.
    ///
    /// - Parameter user: What needs it, for the message.
    func read(from environment: [String: String], for user: String) throws -> String {
        let value: String
        switch self {
        case .literal(let text):
            value = text
        case .environment(let name):
            guard let text = environment[name], !text.isEmpty else {
                throw MCPError(.configuration, "\(user) is in the variable \(name), which is not set. Set it.")
            }
            value = text
        case .file(let path):
            value = try Self.contents(of: path, for: user)
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }) else {
            throw MCPError(.configuration, "\(user) (\(self)) has line breaks or control characters in it.")
        }
        return value
    }

    private static func contents(of path: String, for user: String) throws -> String {
        func refuse(_ reason: String) -> MCPError {
            MCPError(.configuration, "\(user) is in the file \(path), which \(reason)")
        }
        // Opened before it is looked at, so that what is checked is what is read; a FIFO is not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw refuse("cannot be read (\(String(cString: strerror(errno)))). Make it, with mode 600.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refuse("is no regular file.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw refuse("others can read. Say `chmod 600 \(path)`, and change the key.")
        }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count < bytes.count else { throw refuse("is empty, or too long for a key.") }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return String(text[..<(text.lastIndex { !$0.isNewline }.map { text.index(after: $0) } ?? text.startIndex)])
    }
}
