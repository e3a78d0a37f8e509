internal import Glibc

/// An open file or folder, closed with its owner.
final class OpenFile: Sendable {
    let descriptor: Int32

    /// Takes the descriptor over.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result {
        withExtendedLifetime(self) { body(descriptor) }
    }

    var status: stat? {
        var status = stat()
        return withDescriptor { fstat($0, &status) } == 0 ? status : nil
    }

    /// All of it, or nil when that is more than `limit` bytes; never more is read.
    func read(atMost limit: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(Int(status?.st_size ?? 0), limit) + 1)
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = withDescriptor { Glibc.read($0, &chunk, chunk.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SandboxError(.system, "cannot read: \(systemError())") }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                withDescriptor { Glibc.write($0, bytes.baseAddress, bytes.count) }
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SandboxError(.system, "cannot write: \(systemError())") }
            rest = rest.dropFirst(count)
        }
    }
}

/// Of a folder: each takes a single name in it, and follows no link that has that name.
extension OpenFile {
    /// A descriptor, or -1 with `errno`.
    func open(_ name: String, _ flags: Int32) -> Int32 {
        withDescriptor { openat($0, name, flags | O_CLOEXEC) }
    }

    /// A descriptor of a new file, or -1 with `errno`.
    func create(_ name: String) -> Int32 {
        withDescriptor { openat($0, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666) }
    }

    func status(of name: String) -> stat? {
        var status = stat()
        return withDescriptor { fstatat($0, name, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }

    func makeFolder(_ name: String) -> Bool { withDescriptor { mkdirat($0, name, 0o777) } == 0 }

    func unlink(_ name: String) -> Bool { withDescriptor { unlinkat($0, name, 0) } == 0 }

    func rename(_ name: String, to other: String) -> Bool {
        withDescriptor { renameat($0, name, $0, other) } == 0
    }

    /// The names in it that are UTF-8, in no order.
    func names(atMost limit: Int) -> [String] {
        // A copy with a position of its own, which closedir closes.
        let copy = open(".", O_RDONLY | O_DIRECTORY)
        guard copy >= 0, let stream = fdopendir(copy) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
