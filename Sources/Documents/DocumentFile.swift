internal import FoundationEssentials
package import JSON

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Files that are read as text, within bounds.
package enum DocumentFile {
    package static let largest = 1 << 20

    /// Why a file cannot be read.
    package struct Failure: Error {
        package let problem: String
        package let advice: String
        /// Where in the text; from 1.
        package let line: Int?
        package let column: Int?

        /// The problem and where it is, for those who do not say that otherwise.
        package var message: String {
            guard let line else { return problem }
            return "line \(line)\(column.map { ", column \($0)" } ?? ""): \(problem)"
        }

        package init(_ problem: String, _ advice: String = "", line: Int? = nil, column: Int? = nil) {
            self.problem = problem
            self.advice = advice
            self.line = line
            self.column = column
        }
    }

    /// The text of a regular file in UTF-8, without a byte order mark, its line ends as `\n`.
    ///
    /// - Parameter folder: The file must not lie outside of it, also not through a link; nil: it may lie anywhere.
    package static func text(
        _ path: String, within folder: String?, largest: Int = largest
    ) throws(Failure) -> String {
        guard let real = realPath(path) else { throw Failure("cannot be read: \(String(cString: strerror(errno)))") }
        if let folder {
            guard let root = realPath(folder), real.hasPrefix(root == "/" ? root : root + "/") else {
                throw Failure("leads out of its folder", "Put the file itself there: links may not lead out.")
            }
        }
        // Not what a link has meanwhile been turned to, and no waiting for a pipe.
        let file = open(real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw Failure("cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure("is not a regular file")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure("cannot be read: \(String(cString: strerror(errno)))") }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= largest else {
                throw Failure(
                    "is larger than \(largest >> 20) MiB", "Let the agent read what is long with a tool.")
            }
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("is not UTF-8", "Save it in UTF-8.")
        }
        guard bytes.contains(0x0D) else { return text }
        return text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    }

    /// The path without links, `.` and `..`; nil, with `errno`, when there is no such file.
    package static func realPath(_ path: String) -> String? {
        guard !path.utf8.contains(0) else {
            errno = EINVAL
            return nil
        }
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return !path.utf8.contains(0) && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

extension DocumentFile {
    /// Writes JSON to a file, with sorted members on lines of their own. Whoever reads it meanwhile sees the old one.
    package static func write(_ value: JSONValue, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(UInt8(ascii: "\n"))
        try data.write(to: URL(filePath: path), options: .atomic)
    }
}
