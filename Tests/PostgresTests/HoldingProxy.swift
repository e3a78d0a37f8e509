import Glibc
import TestSupport

/// Passes TCP connections on to a server, from some moment on only when it is told to.
///
/// Its threads block; each ends when its connection does.
final class HoldingProxy: Sendable {
    let port: UInt16
    private let listener: SilentServer
    private let server: UInt16
    private let gate = Shared((isShut: false, held: 0))

    init(to server: UInt16) throws {
        listener = try SilentServer()
        port = listener.port
        self.server = server
        startThread { [listener, gate] in
            while true {
                let client = accept(listener.descriptor, nil, nil)
                guard client >= 0 else { return }
                startThread { HoldingProxy.serve(client, server, gate) }
            }
        }
    }

    /// Holds back every connection that comes from now on.
    func hold() { gate.change { $0.isShut = true } }

    func release() { gate.change { $0.isShut = false } }

    /// How many connections have been held back.
    var held: Int { gate.value.held }

    private static func serve(_ client: Int32, _ server: UInt16, _ gate: Shared<(isShut: Bool, held: Int)>) {
        defer { close(client) }
        if gate.value.isShut { gate.change { $0.held += 1 } }
        while gate.value.isShut { usleep(1000) }
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(upstream) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = server.bigEndian
        let status = withUnsafeBytes(of: &address) {
            connect(
                upstream, $0.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard status == 0 else { return }
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

/// Runs a closure that blocks on a thread of its own.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        {
            Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
}
