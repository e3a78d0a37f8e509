internal import FoundationEssentials
internal import Glibc

/// A folder that goes with its owner. Its path is short, as those of sockets must be.
public final class Scratch: Sendable {
    public let path: String

    public init() throws {
        var name = Array("/tmp/agentcorp-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw TestSupportError("no folder in /tmp: \(errno)") }
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // A server on behalf of root runs as another user.
        chmod(path, 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Lends a folder for as long as something runs.
    public static func use(_ body: (Scratch) async throws -> Void) async throws {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        try await body(scratch)
    }

    /// Writes a file, and the folders that it needs; returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    @discardableResult
    public func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return "\(path)/\(name)"
    }

    /// The contents of a file; nil when there is none.
    public func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    public func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}
