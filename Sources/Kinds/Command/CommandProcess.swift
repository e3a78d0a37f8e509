internal import FoundationEssentials
internal import Glibc
internal import Queue
internal import Subprocess
internal import SystemPackage
internal import Worker

/// Runs one program to its end, in a session of its own, with bounded memory.
///
/// When the program ends, by itself or because the task was cancelled, everything that it left behind in its process
/// group is killed. What moves to a group of its own (`setsid`, `set -m`, a daemon) escapes, as it would from a shell.
struct CommandProcess {
    /// How a program ended, and what it left.
    struct Ending: Sendable {
        let status: TerminationStatus
        let output: [UInt8]
        /// The last 4 KiB of standard error.
        let errors: String
    }

    /// It wrote more than it may.
    struct OutputLimitExceeded: Error {
        let limit: Int
    }

    var argv: [String]
    var directory: String?
    var environment: [String: String]
    var input: [UInt8]
    var outputLimit: Int
    /// How long it has between SIGTERM and SIGKILL.
    var grace: Duration

    /// Throws `PermanentFailure` when it cannot be started, `TaskFailure` when the system lacks something just now,
    /// `OutputLimitExceeded`, and `CancellationError` when the task was cancelled, whatever the program made of that.
    func run() async throws -> Ending {
        try Task.checkCancellation()
        // A file rather than a pipe: it needs no writer beside the readers, and a program that does not read it costs
        // neither a deadlock nor a SIGPIPE.
        let input = try FileDescriptor(rawValue: temporaryFile())
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: grace)
        ]
        var group: ProcessGroup?
        defer {
            if let group { OrphanGuard.shared.forget(group) }
        }
        let ending: Ending
        do {
            let result = try await Subprocess.run(
                argv[0].contains("/") ? .path(FilePath(argv[0])) : .name(argv[0]),
                arguments: Arguments(executablePathOverride: argv[0], remainingValues: Array(argv.dropFirst())),
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0)!, $1) })),
                workingDirectory: directory.map { FilePath($0) },
                platformOptions: options,
                input: .fileDescriptor(input, closeAfterSpawningProcess: true),
                output: .sequence,
                error: .sequence
            ) { process in
                let started = ProcessGroup(id: process.processIdentifier.value)
                group = started
                OrphanGuard.shared.watch(started)
                let (limit, output, errors) = (outputLimit, process.standardOutput, process.standardError)
                // A task of its own, which is not cancelled with this one: a program that is told to end may still
                // write while it does.
                return try await Task {
                    async let tail = Self.tail(of: errors, from: started)
                    return (try await Self.collect(output, limit: limit), try await tail)
                }.value
            }
            ending = Ending(
                status: result.terminationStatus, output: result.closureResult.0, errors: result.closureResult.1)
        } catch let error as SubprocessError {
            group?.kill()
            throw failure(error)
        } catch {
            group?.kill()
            throw Task.isCancelled ? CancellationError() : error
        }
        if Task.isCancelled {
            await group?.killRest(after: grace)
            throw CancellationError()
        }
        group?.kill()
        return ending
    }

    private static func collect(_ output: SubprocessOutputSequence, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in output {
            chunk.withUnsafeBytes { bytes.append(contentsOf: $0) }
            guard bytes.count <= limit else { throw OutputLimitExceeded(limit: limit) }
        }
        return bytes
    }

    private static func tail(of errors: SubprocessOutputSequence, from group: ProcessGroup) async throws -> String {
        var tail = TailBuffer(limit: 4096)
        // What a pipe may hold when the program ends. A child that it left behind may go on writing for ever.
        var rest = 1 << 20
        for try await chunk in errors {
            chunk.withUnsafeBytes { tail.append($0) }
            if group.leaderHasEnded { rest -= chunk.count }
            guard rest > 0 else { break }
        }
        return tail.text
    }

    /// A file without a name that holds the input.
    private func temporaryFile() throws -> Int32 {
        let folder = environment["TMPDIR"] ?? "/tmp"
        var name = Array("\(folder)/agentcorp-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else {
            throw TaskFailure("cannot make a temporary file in \(folder): \(systemError())", reason: "start")
        }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var rest = input[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else {
                defer { close(descriptor) }
                throw TaskFailure("cannot write a temporary file in \(folder): \(systemError())", reason: "start")
            }
            rest = rest.dropFirst(max(0, count))
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    private func failure(_ error: SubprocessError) -> any Error {
        let program = argv[0]
        switch error.code {
        case .executableNotFound:
            let place =
                program.contains("/") ? "" : " on PATH (\(environment["PATH"] ?? "unset"))"
            return PermanentFailure("cannot find an executable \"\(program)\"\(place)", reason: "start")
        case .failedToChangeWorkingDirectory:
            return PermanentFailure(
                "cannot run \"\(program)\" in \"\(directory ?? "")\": no such folder, or no access", reason: "start")
        case .spawnFailed:
            let passing: Set<Errno> = [
                .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem,
            ]
            let message = "cannot run \"\(program)\": \(error.underlyingError.map { "\($0)" } ?? error.description)"
            guard let cause = error.underlyingError, passing.contains(cause) else {
                return PermanentFailure(message, reason: "start")
            }
            return TaskFailure(message, reason: "start")
        default:
            return TaskFailure("\"\(program)\" was lost: \(error)", reason: "start")
        }
    }

    private func systemError() -> String { String(cString: strerror(errno)) }
}
