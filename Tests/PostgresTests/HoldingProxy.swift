import Dispatch
import Glibc
import TestSupport
import Threads

/// Passes TCP connections on to a server, from some moment on only when it is told to.
///
/// Its threads block; each ends when its connection does.
final class HoldingProxy: Sendable {
    let port: UInt16
    private let listener: SilentServer
    private let server: UInt16
    /// Entered while connections are held back.
    private let gate = DispatchGroup()
    private let count = Shared(0)

    init(to server: UInt16) throws {
        listener = try SilentServer()
        port = listener.port
        self.server = server
        try startThread { [listener, gate, count] in
            while true {
                let client = accept(listener.descriptor, nil, nil)
                guard client >= 0 else { return }
                try? startThread { HoldingProxy.serve(client, server, gate, count) }
            }
        }
    }

    /// Holds back every connection that comes from now on.
    func hold() { gate.enter() }

    func release() { gate.leave() }

    /// How many connections have been held back.
    var held: Int { count.value }

    private static func serve(_ client: Int32, _ server: UInt16, _ gate: DispatchGroup, _ count: Shared<Int>) {
        defer { close(client) }
        if gate.wait(timeout: .now()) == .timedOut {
            count.change { $0 += 1 }
            gate.wait()
        }
        guard let upstream = try? Loopback.connect(to: Int(server)) else { return }
        defer { close(upstream) }
        pump(client, upstream)
    }

    /// Copies both ways until either side ends.
    private static func pump(_ one: Int32, _ other: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var ends = [
            pollfd(fd: one, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&ends, 2, -1) > 0 {
            for (from, to) in [(0, 1), (1, 0)] where ends[from].revents != 0 {
                let count = read(ends[from].fd, &buffer, buffer.count)
                guard count > 0, write(ends[to].fd, buffer, count) == count else { return }
            }
        }
    }
}
