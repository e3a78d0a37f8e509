internal import FoundationEssentials
internal import Glibc

/// One program, run to its end inside a folder, with bounded time, memory and output, and nothing left of it after.
///
/// A helper process stands between: it confines the program, and ends it with everything that came from it when its
/// time is up, when this task is cancelled, or when this process dies.
public struct SandboxedCommand: Sendable {
    /// The program, looked up on the PATH unless it has a slash, and its arguments.
    public var arguments: [String]
    /// Where it runs, a path in the folder; nil: the folder itself.
    public var directory: String?
    /// Variables besides PATH, LANG, HOME and TMPDIR.
    public var environment: [String: String] = [:]
    /// Programs that may be started; nil: any.
    public var allowed: [String]?
    /// Absolute paths that it may read, and run programs from, besides those of the system.
    public var readablePaths: [String] = []
    public var isolation = IsolationPolicy(.landlock, required: true)
    public var network = false
    public var limits = ResourceLimits()
    public var timeout = Duration.seconds(60)
    /// How long it has to end by itself when it is told to.
    public var grace = Duration.seconds(2)
    /// Bytes of the beginning, and of the end, of each of its two streams.
    public var outputLimit = 32_768

    public init(_ arguments: [String]) {
        self.arguments = arguments
    }

    /// Runs it in the folder.
    ///
    /// Throws `SandboxError` when it may not or cannot be started, and `CancellationError`, when nothing of it is left.
    public func run(in folder: Jail) async throws -> CommandEnding {
        try await BlockingWork.run { try self.run(in: folder, cancellation: $0) }
    }

    func run(in folder: Jail, cancellation: BlockingWork.Cancellation) throws -> CommandEnding {
        guard !arguments.isEmpty, !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw SandboxError(.notAllowed, "a command needs a program, and has no zero bytes")
        }
        let working = try directory.map { try folder.openFolder($0) } ?? folder.root
        let temporary = try TemporaryFolder()
        let path =
            environment["PATH"] ?? ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let programs = ProgramPath(path: path, base: try folder.location(of: working))
        let program = try find(programs)
        var level = isolation.level
        while true {
            let message = message(program: program, path: path, temporary: temporary.path, level: level)
            var helper = try HelperProcess(message, in: working, root: folder.root)
            switch try helper.run(self, level: level, cancellation: cancellation) {
            case .ended(let ending): return ending
            case .unavailable(let reason): level = try milder(than: level, because: reason)
            }
        }
    }

    func milder(than level: Isolation, because reason: String) throws -> Isolation {
        guard !isolation.required, let milder = Isolation.allCases.last(where: { $0 < level }) else {
            throw SandboxError(
                .isolation, "commands must run in isolation \"\(level.rawValue)\", which this machine lacks: \(reason)")
        }
        return milder
    }

    private func find(_ programs: ProgramPath) throws -> String {
        let name = arguments[0]
        guard let program = programs.find(name) else {
            let place = name.contains("/") ? "" : " on the PATH (\(programs.folders.joined(separator: ":")))"
            throw SandboxError(.notFound, "there is no program \"\(name)\"\(place)")
        }
        guard let allowed, !programs.isAllowed(program, by: allowed) else { return program }
        throw SandboxError(
            .notAllowed,
            "\"\(name)\" is not allowed here; "
                + (allowed.isEmpty ? "no program is" : "only \(allowed.joined(separator: ", "))"))
    }

    /// What the helper reads: keys and values.
    func message(program: String, path: String, temporary: String, level: Isolation) -> [(String, String)] {
        var variables = [
            "PATH": path, "LANG": ProcessInfo.processInfo.environment["LANG"] ?? "C.UTF-8", "HOME": temporary,
            "TMPDIR": temporary,
        ]
        variables.merge(environment) { $1 }
        let megabyte = 1 << 20
        var message = [
            ("program", program), ("writable", temporary),
            ("level", "\(Isolation.allCases.firstIndex(of: level)!)"), ("network", network ? "1" : "0"),
            ("cpu", "\(limits.cpuSeconds)"), ("memory", "\(limits.memoryMegabytes * megabyte)"),
            ("file", "\(limits.fileMegabytes * megabyte)"), ("files", "\(limits.openFiles)"),
            ("processes", "\(limits.processes)"), ("grace", "\(grace.milliseconds)"),
        ]
        message += arguments.map { ("argument", $0) }
        message += variables.map { ("variable", "\($0)=\($1)") }
        message += (SystemPaths.readable + readablePaths).map { ("readable", $0) }
        message += SystemPaths.devices.map { ("device", $0) }
        return message
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
