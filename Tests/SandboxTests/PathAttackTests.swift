import Glibc
import Testing

@testable import Sandbox

@Suite("A path cannot leave its folder")
struct PathAttackTests {
    /// Paths that lead out, or to nothing that may be touched, in a folder prepared by `set`.
    static let attacks: [(path: String, code: SandboxError.Code)] = [
        ("../outside/secret", .outside), ("sub/../../outside/secret", .outside), ("/etc/passwd", .outside),
        ("/", .outside), ("..", .outside), ("", .outside), ("in\0side", .outside),
        (String(repeating: "a/", count: 2100), .outside), (String(repeating: "n", count: 300), .outside),
        ("out", .outside), ("out-absolute", .outside), ("parent/secret", .outside), ("parent-chain/secret", .outside),
        ("self", .outside), ("loop", .outside), ("proc-root/etc/passwd", .outside), ("inside/x", .wrongKind),
        ("sub", .wrongKind), (".", .wrongKind), ("pipe", .wrongKind), ("socket", .wrongKind), ("device", .wrongKind),
        ("missing", .notFound), ("missing/file", .notFound),
    ]

    private func set(_ scratch: JailScratch) {
        scratch.link("out", to: "../outside/secret")
        scratch.link("out-absolute", to: "\(scratch.path)/outside/secret")
        scratch.link("parent", to: "../outside")
        scratch.link("parent-chain", to: "parent")
        scratch.link("self", to: "/proc/self/environ")
        scratch.link("proc-root", to: "/proc/self/root")
        scratch.link("loop", to: "loop")
        mkfifo("\(scratch.root)/pipe", 0o644)
        mknod("\(scratch.root)/socket", S_IFSOCK | 0o644, 0)
        // The null device; refused to those who are not root.
        if mknod("\(scratch.root)/device", S_IFCHR | 0o666, makedev(1, 3)) != 0 { scratch.link("device", to: "pipe") }
    }

    @Test("the root of the file system is no folder to work in, however it is named")
    func wholeFileSystem() throws {
        let scratch = try JailScratch()
        scratch.link("top", to: "/")
        let up = String(repeating: "../", count: 40)
        for path in ["/", "/usr/..", "\(scratch.root)/top", "\(scratch.root)/\(up)", up] {
            let error = #expect(throws: SandboxError.self, "\(path)") { try Jail(path) }
            #expect(error?.code == .notAllowed, "\(path)")
        }
    }

    @Test("reading is refused, and does not hang", arguments: attacks)
    func read(attack: (path: String, code: SandboxError.Code)) throws {
        let scratch = try JailScratch()
        set(scratch)
        let error = #expect(throws: SandboxError.self) { try scratch.jail.text(attack.path) }
        #expect(error?.code == attack.code, "\(attack.path.prefix(40)): \(error?.description ?? "")")
    }

    @Test("reading is refused where the kernel has no openat2", arguments: attacks)
    func readByWalk(attack: (path: String, code: SandboxError.Code)) throws {
        let scratch = try JailScratch()
        set(scratch)
        #expect(throws: SandboxError.self) { try scratch.fallback.text(attack.path) }
    }

    @Test("writing and editing leave everything outside as it was", arguments: attacks)
    func write(attack: (path: String, code: SandboxError.Code)) throws {
        let scratch = try JailScratch()
        set(scratch)
        for jail in [scratch.jail, try scratch.fallback] where attack.code != .notFound {
            let error = #expect(throws: SandboxError.self) { try jail.put(attack.path) }
            #expect(error?.description.isEmpty == false)
            #expect(throws: SandboxError.self) { try jail.edit(attack.path, limit: 100) { $0 + [1] } }
        }
        #expect(scratch.secretIsWhole)
        #expect(!scratch.names().contains { $0.hasSuffix(".tmp") })
    }

    @Test("deleting removes nothing outside", arguments: attacks)
    func delete(attack: (path: String, code: SandboxError.Code)) throws {
        let scratch = try JailScratch()
        set(scratch)
        // A link itself may go: what it points to stays.
        try? scratch.jail.delete(attack.path)
        #expect(scratch.secretIsWhole)
        #expect(scratch.text("jail/sub/file") == "file")
    }

    @Test("links and dots inside the folder work, and absolute paths below it")
    func inside() throws {
        let scratch = try JailScratch()
        scratch.link("short", to: "sub")
        #expect(try scratch.jail.text("short/file") == "file")
        #expect(try scratch.jail.text("sub/../sub/./file") == "file")
        #expect(try scratch.jail.text("\(scratch.root)//sub/file") == "file")
        #expect(throws: SandboxError.self) { try scratch.jail.text("\(scratch.root)-evil/file") }
        try scratch.jail.put("short/new", "new")
        #expect(scratch.text("jail/sub/new") == "new")
    }

    @Test("a file with a second name outside is not written through that")
    func hardLink() throws {
        let scratch = try JailScratch()
        Glibc.link("\(scratch.path)/outside/secret", "\(scratch.root)/hard")
        #expect(throws: SandboxError.self) { try scratch.jail.put("hard", "overwritten") }
        #expect(throws: SandboxError.self) { try scratch.jail.edit("hard", limit: 1000) { _ in [] } }
        #expect(scratch.secretIsWhole)
    }

    @Test("a file that is too large is not read, and says how large it is")
    func large() throws {
        let scratch = try JailScratch()
        scratch.write("jail/large", String(repeating: "x", count: 101))
        let error = #expect(throws: SandboxError.self) { try scratch.jail.read("large", limit: 100) }
        #expect(error?.code == .tooLarge)
        #expect(error?.description.contains("101") == true)
    }

    @Test("a write keeps the mode of the file, and leaves no temporary file")
    func mode() throws {
        let scratch = try JailScratch()
        chmod("\(scratch.root)/inside", 0o4750)
        #expect(try scratch.jail.write("inside", [1], createsFolders: false).isNew == false)
        var status = stat()
        stat("\(scratch.root)/inside", &status)
        #expect(status.st_mode & 0o7777 == 0o750)
        #expect(try scratch.jail.write("a/b/c", [1], createsFolders: true).isNew)
        #expect(scratch.names() == ["a", "inside", "sub"])
        #expect(throws: SandboxError.self) { try scratch.jail.write("x/y", [1], createsFolders: false) }
    }

    @Test("an edit that somebody else's came between is refused")
    func editRace() throws {
        let scratch = try JailScratch()
        #expect(throws: SandboxError.self) {
            try scratch.jail.edit("inside", limit: 100) { bytes in
                scratch.write("jail/inside", "changed meanwhile")
                return bytes + [1]
            }
        }
        #expect(scratch.text("jail/inside") == "changed meanwhile")
    }
}

private func makedev(_ major: UInt64, _ minor: UInt64) -> dev_t { dev_t(major << 8 | minor) }
