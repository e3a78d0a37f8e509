import FoundationEssentials
import Glibc

/// Where exported trees go: into one file, or into files of a directory.
struct ExportTarget {
    private let path: String
    private let isDirectory: Bool
    /// The moment of the export, as in the names of its files: trees that ended later are not in it.
    private let moment: String

    /// - Throws: When the file exists already.
    init(_ path: String, until: Date) throws {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var status = stat()
        let exists = stat(self.path, &status) == 0
        isDirectory = exists ? status.st_mode & S_IFMT == S_IFDIR : path.hasSuffix("/")
        moment = Self.name(until)
        guard isDirectory else {
            if exists { throw CommandError(.conflict, "\(path) exists already. Give another name.") }
            return
        }
        if !exists, mkdir(self.path, 0o700) != 0 {
            throw CommandError(.badInput, "cannot make the directory \(path): \(String(cString: strerror(errno))).")
        }
    }

    /// How many tasks go into a file, about.
    func tasksPerFile(_ wanted: Int) -> Int { isDirectory ? wanted : .max }

    func begin() throws -> GzipFile {
        try GzipFile(part: isDirectory ? "\(path)/agentcorp-\(moment).part" : "\(path).part")
    }

    /// The name of a file with the trees from the first to the last of these roots.
    func name(from first: Int64, to last: Int64) -> String {
        isDirectory ? "\(path)/agentcorp-\(moment)-\(first)-\(last).jsonl.gz" : path
    }

    /// Where the newest export into this directory stands: its moment, and the last root in its files; nil when there
    /// is none.
    static func interrupted(in path: String) -> (until: Date, last: Int64)? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let files = names.compactMap { name -> (moment: String, last: Int64)? in
            guard name.hasPrefix("agentcorp-"), name.hasSuffix(".jsonl.gz") else { return nil }
            let parts = name.dropLast(9).split(separator: "-")
            guard parts.count == 4, let last = Int64(parts[3]) else { return nil }
            return (String(parts[1]), last)
        }
        guard let newest = files.map(\.moment).max(), let until = date(newest) else { return nil }
        return files.filter { $0.moment == newest }.map(\.last).max().map { (until, $0) }
    }

    // 20260131T093000Z: ISO 8601 without what a file name cannot have. The moment is in whole seconds.

    private static func name(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle()).filter { $0 != "-" && $0 != ":" }
    }

    private static func date(_ name: String) -> Date? {
        let digits = Array(name)
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Moment.exact(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")?.date
    }
}
