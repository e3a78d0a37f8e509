import CZlib
import Glibc

/// A gzip file that comes into being whole or not at all: it is written under another name, synced, and then renamed.
///
/// The format is RFC 1952, by zlib.
final class GzipFile {
    private let part: String
    private let descriptor: Int32
    private var stream: gzFile?

    /// Begins a file that has no name yet; what an earlier one of the same kind left unfinished is overwritten.
    ///
    /// - Parameter part: Where it is written until it is complete.
    init(part: String) throws {
        self.part = part
        // Payloads are nobody else's business.
        descriptor = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot write", part) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CommandError(.conflict, "another export is writing \(part).")
        }
        guard ftruncate(descriptor, 0) == 0, let stream = gzdopen(dup(descriptor), "wb6") else {
            close(descriptor)
            throw Self.failure("cannot write", part)
        }
        self.stream = stream
    }

    deinit {
        if let stream { gzclose(stream) }
        close(descriptor)
    }

    /// Appends a line.
    func append(line: [UInt8]) throws {
        try append(line)
        try append([UInt8(ascii: "\n")])
    }

    private func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                gzwrite(stream, $0.baseAddress, UInt32(clamping: min($0.count, 1 << 30)))
            }
            guard count > 0 else { throw Self.failure("cannot write", part) }
            rest = rest.dropFirst(Int(count))
        }
    }

    /// Makes sure that all of it is on disk, and gives it its name. Until this returns there is no file of that name.
    func finish(as path: String) throws {
        let result = gzclose(stream)
        stream = nil
        guard result == Z_OK, fsync(descriptor) == 0 else { throw Self.failure("cannot write", part) }
        guard rename(part, path) == 0 else { throw Self.failure("cannot rename \(part) to", path) }
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.failure("cannot open", folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Self.failure("cannot sync", folder) }
    }

    /// Removes what has been written.
    func abandon() { unlink(part) }

    private static func failure(_ what: String, _ path: String) -> CommandError {
        CommandError(.unexpected, "\(what) \(path): \(String(cString: strerror(errno))).")
    }
}
