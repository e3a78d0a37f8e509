import FoundationEssentials
import Glibc

@testable import Sandbox

/// A temporary folder with a jail in it and a secret beside that.
final class Scratch: Sendable {
    /// The folder above the jail.
    let path: String
    let jail: Jail

    static let secret = "the secret outside"

    init() throws {
        var name = Array("/tmp/agentcorp-sandbox-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        mkdir("\(path)/jail", 0o755)
        mkdir("\(path)/jail/sub", 0o755)
        mkdir("\(path)/outside", 0o755)
        jail = try Jail("\(path)/jail")
        write("outside/secret", Self.secret)
        write("jail/inside", "inside")
        write("jail/sub/file", "file")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var root: String { "\(path)/jail" }
    var fallback: Jail { get throws { try Jail(root, kernelResolves: false) } }

    func write(_ name: String, _ text: String) {
        _ = FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8))
    }

    func link(_ name: String, to target: String) { symlink(target, "\(path)/jail/\(name)") }

    func text(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
    }

    func names(_ folder: String = "jail") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
    }

    var secretIsWhole: Bool { text("outside/secret") == Self.secret && names("outside") == ["secret"] }
}

extension Jail {
    func text(_ path: String) throws -> String { String(decoding: try read(path, limit: 1 << 20), as: UTF8.self) }
    func put(_ path: String, _ text: String = "x") throws {
        try write(path, Array(text.utf8), createsFolders: true)
    }
}
