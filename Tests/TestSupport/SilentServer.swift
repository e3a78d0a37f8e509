internal import Glibc

/// Listens on loopback and never says a word: the kernel takes connections and what they send, and nobody reads it.
public final class SilentServer: Sendable {
    /// The socket, for those who accept connections themselves.
    public let descriptor: Int32
    public let port: UInt16
    /// As if it were PostgreSQL.
    public var dsn: String { "host=127.0.0.1 port=\(port) user=nobody dbname=none sslmode=disable" }

    public init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var port: UInt16 = 0
        let status = Loopback.withAddress(&port) { address, size in
            guard bind(descriptor, address, size) == 0, listen(descriptor, 16) == 0 else { return -1 }
            var size = size
            return getsockname(descriptor, address, &size)
        }
        guard status == 0 else { throw TestSupportError("no port for a silent server: \(errno)") }
        self.descriptor = descriptor
        self.port = port
    }

    deinit { close(descriptor) }

    /// Whether somebody has connected.
    public var hasClient: Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, 0) == 1
    }
}
