internal import EmbeddedPostgres
internal import FoundationEssentials
public import Glibc
internal import Synchronization
internal import Threads

/// A real process that a test starts, watches, and may kill.
///
/// Its output goes to files, so a process that prints a lot never waits for its reader.
public final class TestProcess: Sendable {
    public let pid: pid_t
    private let outputFile: Int32
    private let errorsFile: Int32
    private let exitCode = Mutex<Int32?>(nil)

    /// What a finished process has left.
    public struct Result: Sendable {
        /// The exit code, or 128 plus the number of the signal that ended it.
        public let status: Int32
        public let output: String
        public let errors: String
    }

    /// The `agentcorp` binary of this build: it lies beside the test bundle.
    public static var agentcorp: String {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return String(bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)]) + "/agentcorp"
    }

    /// Starts a program, found on PATH unless its name has a slash, in a session of its own.
    ///
    /// - Parameter environment: Added to the environment of the tests.
    public static func start(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String = ""
    ) throws -> TestProcess {
        let inputFile = try temporaryFile()
        defer { close(inputFile) }
        var rest = Array(input.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(inputFile, $0.baseAddress, $0.count) }
            guard count > 0 else { throw TestSupportError("cannot write a temporary file") }
            rest = rest.dropFirst(count)
        }
        lseek(inputFile, 0, SEEK_SET)
        let outputFile = try temporaryFile()
        let errorsFile = try temporaryFile()
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pid = try ChildProcess.spawn(
            [try find(program)] + arguments, environment: all,
            input: inputFile, output: outputFile, errors: errorsFile)
        return try TestProcess(pid: pid, outputFile: outputFile, errorsFile: errorsFile)
    }

    /// Runs a program to its end; kills it and fails after `timeout`.
    public static func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], input: String = "",
        timeout: Duration = Patience.usual
    ) async throws -> Result {
        let process = try start(program, arguments, environment: environment, input: input)
        return try await process.waitForExit(timeout: timeout)
    }

    private init(pid: pid_t, outputFile: Int32, errorsFile: Int32) throws {
        self.pid = pid
        self.outputFile = outputFile
        self.errorsFile = errorsFile
        try startThread { self.collect() }
    }

    deinit {
        close(outputFile)
        close(errorsFile)
    }

    private func collect() {
        ChildProcess.awaitExit(of: pid)
        // Under the lock, so that `signal` never meets a process id that is already somebody else's.
        exitCode.withLock { $0 = ChildProcess.reap(pid) }
    }

    /// What it has printed so far.
    public var output: String { Self.contents(of: outputFile) }
    /// What it has printed to standard error so far.
    public var errors: String { Self.contents(of: errorsFile) }
    public var isRunning: Bool { exitCode.withLock { $0 == nil } }

    /// Sends a signal, unless it has ended.
    public func signal(_ signal: Int32) {
        exitCode.withLock {
            if $0 == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    /// Ends it at once.
    public func kill() { signal(SIGKILL) }

    /// Waits for its end; kills it and fails after `timeout`.
    public func waitForExit(timeout: Duration = Patience.usual) async throws -> Result {
        do {
            try await waitUntil("the end of process \(pid)", timeout: timeout) { !isRunning }
        } catch {
            kill()
            throw TestSupportError("\(error); it printed:\n\(output)\n\(errors)")
        }
        return Result(status: exitCode.withLock { $0 ?? -1 }, output: output, errors: errors)
    }

    private static func find(_ program: String) throws -> String {
        if program.contains("/") { return program }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":") where access("\(folder)/\(program)", X_OK) == 0 {
            return "\(folder)/\(program)"
        }
        throw TestSupportError("\(program) is not on PATH")
    }

    private static func temporaryFile() throws -> Int32 {
        var name = Array("/tmp/agentcorp-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw TestSupportError("cannot make a temporary file") }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func contents(of descriptor: Int32) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, off_t(bytes.count))
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
