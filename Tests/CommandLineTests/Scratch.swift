import FoundationEssentials
import Glibc

/// A short private directory for one test.
struct Scratch: Sendable {
    let path = "/tmp/agentcorp-cli-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"

    static func use(_ body: (Scratch) async throws -> Void) async throws {
        let scratch = Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch.path) }
        try await body(scratch)
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

    /// Writes a file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return "\(path)/\(name)"
    }
}
