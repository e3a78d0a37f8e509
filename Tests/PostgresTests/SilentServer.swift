import Glibc
import TestSupport

/// Accepts TCP connections in the kernel and never says a word.
final class SilentServer: Sendable {
    let descriptor: Int32
    let port: UInt16
    var dsn: String { "host=127.0.0.1 port=\(port) user=nobody dbname=none sslmode=disable" }

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress!
            guard bind(descriptor, pointer, length) == 0, listen(descriptor, 4) == 0 else { return -1 }
            return getsockname(descriptor, pointer, &length)
        }
        guard status == 0 else { throw TestSupportError("no port for a silent server") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// Whether somebody has connected.
    var hasClient: Bool {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&poller, 1, 0) == 1
    }
}
