import Glibc
import TestSupport

/// Listens, and never accepts: the kernel takes connections and what they send, and nobody ever reads it.
final class DeafServer {
    let port: Int
    private let socket: Int32

    init() throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(socket, generic, size) == 0, listen(socket, 16) == 0 else { return Int32(-1) }
                return getsockname(socket, generic, &size)
            }
        }
        guard status == 0 else { throw TestSupportError("cannot listen") }
        self.socket = socket
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}
