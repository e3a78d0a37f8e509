internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// The program of a server, in a session of its own.
///
/// When it ends, or is told to, everything that it left behind in its process group is killed.
final class ServerProcess: Sendable {
    private struct State {
        var errors = TailBuffer(limit: 4096)
        var status: TerminationStatus?
        var supervisor: Task<Void, Never>?
        var killer: Task<Void, Never>?
    }

    private let input: ServerInput
    private let grace: Duration
    private let ended = Latch()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - environment: The whole environment of the program.
    ///   - grace: How long it has to end after its input has, and again after SIGTERM.
    ///   - receive: Gets its output, one chunk after the other.
    ///   - end: Called once, when the process has ended and all its output was received.
    static func start(
        _ command: MCPCommand, environment: [String: String], grace: Duration,
        receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
        end: @escaping @Sendable (_ how: String) -> Void
    ) async throws -> ServerProcess {
        let (ours, theirs) = try ServerInput.makePair()
        let process = ServerProcess(input: ours, grace: grace)
        try await withCheckedThrowingContinuation { (started: CheckedContinuation<Void, any Error>) in
            let supervisor = Task {
                await process.run(command, environment, input: theirs, started: started, receive: receive, end: end)
            }
            process.state.withLock { $0.supervisor = supervisor }
        }
        return process
    }

    private init(input: ServerInput, grace: Duration) {
        self.input = input
        self.grace = grace
    }

    var isRunning: Bool { !ended.isOpen }

    /// The last 4 KiB of its standard error.
    var errors: String { state.withLock { $0.errors }.text }

    /// Hands a line to its standard input; false when it has too many to read already. To one that ends, or has ended,
    /// nothing is sent.
    func write(_ line: [UInt8]) -> Bool { input.write(line) }

    /// Closes its input, and after a while ends it by force. Returns when it has ended.
    func stop() async {
        beginToStop()
        // Also for a task that is cancelled: a process that is left behind would never be collected.
        await state.withLock { $0.supervisor }?.value
    }

    private func beginToStop() {
        input.close()
        state.withLock { state in
            guard state.killer == nil, let supervisor = state.supervisor else { return }
            let (ended, grace) = (ended, grace)
            state.killer = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await ended.wait() }
                    group.addTask { try? await Task.sleep(for: grace) }
                    await group.next()
                    group.cancelAll()
                }
                // Begins the teardown of the process: SIGTERM, and after the same time SIGKILL, to its group.
                if !ended.isOpen { supervisor.cancel() }
            }
        }
    }

    private func run(
        _ command: MCPCommand, _ environment: [String: String], input theirs: FileDescriptor,
        started: CheckedContinuation<Void, any Error>, receive: @escaping @Sendable (UnsafeRawBufferPointer) -> Void,
        end: @escaping @Sendable (String) -> Void
    ) async {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: grace)
        ]
        let program = command.argv[0]
        var group: pid_t?
        var how = "it ended"
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(executablePathOverride: program, remainingValues: Array(command.argv.dropFirst())),
                environment: .custom(
                    Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0)!, $1) })),
                workingDirectory: command.directory.map { FilePath($0) },
                platformOptions: options,
                input: .fileDescriptor(theirs, closeAfterSpawningProcess: true),
                output: .sequence, error: .sequence
            ) { process in
                group = process.processIdentifier.value
                started.resume()
                let (output, errors) = (process.standardOutput, process.standardError)
                await withTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { await self.input.send() }
                    tasks.addTask {
                        do {
                            for try await chunk in errors {
                                chunk.withUnsafeBytes { bytes in self.state.withLock { $0.errors.append(bytes) } }
                            }
                        } catch {}
                    }
                    do {
                        for try await chunk in output { chunk.withUnsafeBytes { receive($0) } }
                    } catch {}
                    // Without its output it is of no use, whether it has ended or not.
                    self.beginToStop()
                }
            }
            how = Self.describe(result.terminationStatus)
        } catch {
            if group == nil {
                started.resume(throwing: Self.failure(error, program, environment))
            }
        }
        if let group { kill(-group, SIGKILL) }
        input.close()
        ended.open()
        end(how)
    }

    private static func describe(_ status: TerminationStatus) -> String {
        switch status {
        case .exited(let code): "it exited with code \(code)"
        case .signaled(let signal): "it was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
        }
    }

    private static func failure(_ error: any Error, _ program: String, _ environment: [String: String]) -> MCPError {
        guard let error = error as? SubprocessError, error.code == .executableNotFound else {
            return MCPError(.cannotStart, "\"\(program)\" cannot be started: \(error)")
        }
        let place = program.contains("/") ? "" : " on PATH (\(environment["PATH"] ?? "unset"))"
        return MCPError(
            .cannotStart, "there is no program \"\(program)\"\(place). Install it, or name it with its path.")
    }
}
