import FoundationEssentials
import Glibc
import TestSupport

@testable import Sandbox

/// A temporary folder with a jail in it and a secret beside that.
final class JailScratch: Sendable {
    let jail: Jail
    private let scratch: Scratch
    /// The folder above the jail.
    var path: String { scratch.path }

    static let secret = "the secret outside"

    init() throws {
        scratch = try Scratch()
        mkdir("\(scratch.path)/jail", 0o755)
        jail = try Jail("\(scratch.path)/jail")
        write("outside/secret", Self.secret)
        write("jail/inside", "inside")
        write("jail/sub/file", "file")
    }

    var root: String { "\(path)/jail" }
    var fallback: Jail { get throws { try Jail(root, kernelResolves: false) } }

    func write(_ name: String, _ text: String) { _ = try? scratch.write(name, text) }

    func link(_ name: String, to target: String) { symlink(target, "\(path)/jail/\(name)") }

    func text(_ name: String) -> String? { scratch.text(name) }

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
