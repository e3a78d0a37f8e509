internal import CSandbox
internal import FoundationEssentials
internal import Glibc

/// The process that confines a command, as its worker sees it.
struct HelperProcess {
    enum Outcome {
        case ended(CommandEnding)
        /// This machine has not what the level needs.
        case unavailable(String)
    }

    let id: pid_t
    /// Nil as soon as it was closed: the helper then ends everything at once.
    private var control: OpenFile?
    private let output: OpenFile
    private let errors: OpenFile
    private var words = ""

    /// Starts it, and says what to run.
    init(_ message: [(String, String)], in folder: OpenFile, root: OpenFile) throws {
        var bytes: [UInt8] = []
        for (key, value) in message { bytes += Array(key.utf8) + [0] + Array(value.utf8) + [0] }
        guard bytes.count <= 1 << 20 else {
            throw SandboxError(.tooLarge, "the command and its environment have more than a megabyte")
        }
        let link = try Self.pair { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, $0) }
        let output = try Self.pair { sandbox_pipe($0) }
        let errors = try Self.pair { sandbox_pipe($0) }
        // Where the C library or the language's lies elsewhere, the helper finds it as this process did.
        let library = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { "LD_LIBRARY_PATH=\($0)" }
        var id = pid_t()
        let code = Self.withCStrings(library.map { [$0] } ?? []) { environment in
            withExtendedLifetime((link, output, errors)) {
                sandbox_spawn(
                    &id, "/proc/self/exe", environment, link.1.descriptor, output.1.descriptor, errors.1.descriptor,
                    folder.descriptor, root.descriptor)
            }
        }
        guard code == 0 else {
            throw SandboxError(.system, "cannot start the helper that confines commands: \(systemError(code))")
        }
        self.id = id
        control = link.0
        self.output = output.0
        self.errors = errors.0
        for end in [output.0, errors.0] { _ = fcntl(end.descriptor, F_SETFL, O_NONBLOCK) }
        let length = withUnsafeBytes(of: UInt32(bytes.count)) { Array($0) }
        for part in [length, bytes] { send(part) }
    }

    /// Waits for the end of everything.
    mutating func run(
        _ command: SandboxedCommand, level: Isolation, cancellation: BlockingWork.Cancellation
    ) throws -> Outcome {
        defer { collect() }
        let start = ContinuousClock.now
        var collected = (CappedOutput(limit: command.outputLimit), CappedOutput(limit: command.outputLimit))
        var open = (true, true)
        var (isTold, isTimedOut, isKilled) = (false, false, false)
        var deadline = start + command.timeout
        while control != nil {
            let now = ContinuousClock.now
            if !isTold, cancellation.isCancelled || now >= deadline {
                isTimedOut = !cancellation.isCancelled
                isTold = true
                send([UInt8(ascii: "T")])
                deadline = now + command.grace + .seconds(8)
            } else if isTold, now >= deadline {
                // The helper itself hangs; in namespaces everything dies with it.
                guard !isKilled else { break }
                Glibc.kill(id, SIGKILL)
                isKilled = true
                deadline = now + .seconds(5)
            }
            // Cancellation is looked at once: its descriptor stays readable.
            let cancelled = isTold ? -1 : cancellation.descriptor
            let ready = wait(
                for: [
                    control!.descriptor, open.0 ? output.descriptor : -1, open.1 ? errors.descriptor : -1, cancelled,
                ], until: deadline)
            if ready[1] { open.0 = read(output, into: &collected.0) }
            if ready[2] { open.1 = read(errors, into: &collected.1) }
            if ready[0] { listen() }
        }
        // Nothing writes any more; what is in the pipes is all there will be.
        let drained = ContinuousClock.now + .seconds(1)
        while open.0 || open.1, ContinuousClock.now < drained {
            let ready = wait(
                for: [open.0 ? output.descriptor : -1, open.1 ? errors.descriptor : -1], until: drained)
            if ready[0] { open.0 = read(output, into: &collected.0) }
            if ready[1] { open.1 = read(errors, into: &collected.1) }
        }
        return try outcome(command, level: level, isTimedOut: isTimedOut, isCancelled: cancellation.isCancelled) {
            status, isCrowded in
            CommandEnding(
                status: status, isTimedOut: isTimedOut, isCrowded: isCrowded, output: collected.0, errors: collected.1,
                isolation: level, duration: ContinuousClock.now - start)
        }
    }

    private func outcome(
        _ command: SandboxedCommand, level: Isolation, isTimedOut: Bool, isCancelled: Bool,
        ending: (CommandEnding.Status, Bool) -> CommandEnding
    ) throws -> Outcome {
        if isCancelled { throw CancellationError() }
        var isCrowded = false
        for line in words.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? parts[1] : ""
            switch parts.first {
            case "crowded": isCrowded = true
            case "exit": return .ended(ending(.exited(Int32(value) ?? -1), isCrowded))
            case "signal": return .ended(ending(.signaled(Int32(value) ?? -1), isCrowded))
            case "unavailable": return .unavailable(value)
            case "noexec": throw cannotRun(command.arguments[0], code: Int32(value) ?? 0, level: level)
            case "failed": throw SandboxError(.system, "cannot confine the command: \(value)")
            default: continue
            }
        }
        if isTimedOut { return .ended(ending(.signaled(SIGKILL), isCrowded)) }
        throw SandboxError(
            .system, "the helper that confines commands was lost: it was killed, or this program cannot start itself")
    }

    private func cannotRun(_ program: String, code: Int32, level: Isolation) -> SandboxError {
        let advice =
            code == EACCES && level > .none
            ? "; a program outside the system's folders needs its folder in commands.read_paths" : ""
        return SandboxError(
            code == ENOENT ? .notFound : .denied, "cannot run \"\(program)\": \(systemError(code))\(advice)")
    }

    /// Which of the descriptors have something to read, or have ended.
    private func wait(for descriptors: [Int32], until deadline: ContinuousClock.Instant) -> [Bool] {
        var list = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let left = max(0, (deadline - ContinuousClock.now).milliseconds) + 1
        guard poll(&list, nfds_t(list.count), Int32(min(left, 60_000))) > 0 else {
            return descriptors.map { _ in false }
        }
        return list.map { $0.revents != 0 }
    }

    /// False at the end.
    private func read(_ stream: OpenFile, into output: inout CappedOutput) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(stream.descriptor, &chunk, chunk.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        output.append(chunk[..<count])
        return count > 0
    }

    private mutating func listen() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(control!.descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { return }
        guard count > 0 else {
            control = nil
            return
        }
        words += String(decoding: chunk[..<count], as: UTF8.self)
    }

    private func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty, let control {
            let count = rest.withUnsafeBytes {
                Glibc.send(control.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            // A helper that is gone is noticed where its words end.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func collect() {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
    }

    private static func pair(_ make: (UnsafeMutablePointer<Int32>) -> Int32) throws -> (OpenFile, OpenFile) {
        var ends: [Int32] = [-1, -1]
        guard make(&ends) == 0 else { throw SandboxError(.system, "cannot make a pipe: \(systemError())") }
        return (OpenFile(ends[0]), OpenFile(ends[1]))
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(&pointers)
    }
}
