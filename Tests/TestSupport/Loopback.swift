internal import Glibc

/// TCP on this machine alone.
public enum Loopback {
    /// A socket that is connected to a port; the caller closes it.
    public static func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var port = UInt16(port)
        let status = withAddress(&port) { Glibc.connect(descriptor, $0, $1) }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw TestSupportError("cannot connect: \(code)")
        }
        return descriptor
    }

    /// Lends the address of a port, which a call of the kernel may change.
    static func withAddress(_ port: inout UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32) -> Int32
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        return status
    }
}
