internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The way to a server's standard input: a socket rather than a pipe, because writing to a pipe whose reader has gone
/// raises SIGPIPE, which belongs to the whole process.
final class ServerInput: Sendable {
    /// Nil once it is closed.
    private let socket: Mutex<Int32?>
    private let lines: AsyncStream<[UInt8]>
    private let queue: AsyncStream<[UInt8]>.Continuation

    /// Our end, and the one that the server gets.
    static func makePair() throws -> (ServerInput, FileDescriptor) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw MCPError(.cannotStart, "cannot make a socket: \(String(cString: strerror(errno)))")
        }
        return (ServerInput(socket: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    private init(socket: Int32) {
        self.socket = Mutex(socket)
        // A server that reads nothing while so many requests come is not worth more memory.
        (lines, queue) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingOldest(256))
    }

    deinit { closeSocket() }

    /// Puts a line into the queue; false when that is full. A closed one takes everything, and sends nothing.
    func write(_ line: [UInt8]) -> Bool {
        if case .dropped = queue.yield(line + [UInt8(ascii: "\n")]) { return false }
        return true
    }

    /// No more lines: what is queued is still sent, then the server reads the end of its input.
    func close() {
        queue.finish()
    }

    /// Sends what is queued until `close`.
    func send() async {
        defer { closeSocket() }
        for await line in lines {
            var rest = line[...]
            while !rest.isEmpty {
                guard let count = push(rest) else { return }
                rest = rest.dropFirst(count)
                // Full: the server is slow. There is nothing to wait for but time.
                if count == 0 {
                    do { try await Task.sleep(for: .milliseconds(2)) } catch { return }
                }
            }
        }
    }

    /// How many bytes the socket has taken; nil when the server is gone.
    private func push(_ bytes: ArraySlice<UInt8>) -> Int? {
        socket.withLock { socket -> Int? in
            guard let socket else { return nil }
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count >= 0 { return count }
            return errno == EAGAIN || errno == EINTR ? 0 : nil
        }
    }

    private func closeSocket() {
        socket.withLock { socket in
            if let socket { Glibc.close(socket) }
            socket = nil
        }
    }
}
