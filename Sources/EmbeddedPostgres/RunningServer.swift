import Glibc

/// A server as its `postmaster.pid` describes it.
struct RunningServer: Sendable {
    let pid: pid_t
    let socketDirectory: String
    let port: Int
    let isReady: Bool

    var socketPath: String { Self.socketPath(in: socketDirectory, port: port) }

    static func socketPath(in directory: String, port: Int) -> String { "\(directory)/.s.PGSQL.\(port)" }

    /// Whether somebody listens on the socket: the proof that the process id in the file is not a stranger's.
    var answers: Bool {
        var address = sockaddr_un()
        guard let bytes = Self.fit(socketPath, into: &address) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, bytes) == 0 }
        }
    }

    /// The longest path that a Unix socket can have.
    static let longestSocketPath = 107

    private static func fit(_ path: String, into address: inout sockaddr_un) -> socklen_t? {
        guard path.utf8.count <= longestSocketPath else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return socklen_t(MemoryLayout<sockaddr_un>.size)
    }
}
