import FoundationEssentials
package import Glibc

/// Starts programs by `posix_spawn`, in sessions of their own.
///
/// A session of its own keeps a terminal's Ctrl-C away from the server: its supervisor decides when it stops.
package enum ChildProcess {
    /// `POSIX_SPAWN_SETSID`, which glibc and musl define, but which Swift's importer does not see.
    private static let setsid: Int32 = 0x80

    struct Result: Sendable {
        /// The exit code, or 128 plus the number of the signal that ended the program.
        let status: Int32
        /// What it wrote to standard output and standard error.
        let output: String
    }

    /// Starts a program; the caller must reap it.
    ///
    /// - Parameters:
    ///   - arguments: The program's path, then its arguments.
    ///   - environment: Its whole environment; by default little, as PGPORT, PGDATA and their like would change what
    ///     a server does.
    /// - Returns: its process id.
    package static func spawn(
        _ arguments: [String], environment: [String: String] = littleEnvironment,
        input: Int32, output: Int32, errors: Int32
    ) throws(EmbeddedPostgresError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        // A server that inherits an open file keeps it open for hours; one closed meanwhile is no error here.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Ignored signals survive exec: a supervisor that ignores SIGINT would start a server deaf to it.
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = setsid | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for text in argv + variables { free(text) }
        }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, &variables)
        guard code == 0 else {
            throw EmbeddedPostgresError(.startFailed, "cannot run \(arguments[0]): \(systemError(code))")
        }
        return pid
    }

    package static let littleEnvironment: [String: String] = {
        var environment = ["LC_ALL": "C.UTF-8"]
        for name in ["PATH", "HOME", "TZ", "TMPDIR"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        return environment
    }()

    static let setpriv: String? = ["/usr/bin/setpriv", "/bin/setpriv", "/usr/local/bin/setpriv"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The command line that runs `arguments` and ends them by SIGTERM with the thread that spawns them.
    package static func boundToParent(_ arguments: [String]) -> [String] {
        guard let setpriv else { return arguments }
        return [setpriv, "--pdeathsig", "TERM", "--"] + arguments
    }

    /// Runs a short program to its end and collects what it printed; blocks the calling thread.
    static func output(of arguments: [String], input: String = "") throws -> Result {
        let (readEnd, writeEnd) = try makePipe()
        defer { close(readEnd) }
        let (inputRead, inputWrite) = try makePipe()
        // Written before the program exists: shorter than a pipe's buffer, and our own read end rules out SIGPIPE.
        _ = input.withCString { write(inputWrite, $0, strlen($0)) }
        close(inputWrite)
        let pid: pid_t
        do {
            defer {
                close(writeEnd)
                close(inputRead)
            }
            pid = try spawn(arguments, input: inputRead, output: writeEnd, errors: writeEnd)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(readEnd, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        return Result(status: reap(pid), output: String(decoding: bytes, as: UTF8.self))
    }

    /// Waits for a child's end without collecting it, so that its process id stays its own.
    package static func awaitExit(of pid: pid_t) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
    }

    /// Collects a child that has ended, or waits for it.
    package static func reap(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) == -1 {
            guard errno == EINTR else { return -1 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func makePipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        // Not `pipe`: nothing else that this process starts meanwhile may inherit an end, or we would wait for it.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw EmbeddedPostgresError(.startFailed, "cannot make a pipe: \(systemError())")
        }
        return (ends[0], ends[1])
    }
}
