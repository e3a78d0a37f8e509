internal import FoundationEssentials
internal import Glibc

/// A private folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        var name = Array("\(parent)/agentcorp-command-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else {
            throw SandboxError(.system, "cannot make a temporary folder in \(parent): \(systemError())")
        }
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        // Whoever wrote into it is dead by now; links in it are removed, not followed.
        try? FileManager.default.removeItem(atPath: path)
    }
}
