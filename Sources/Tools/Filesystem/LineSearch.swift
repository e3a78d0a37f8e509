internal import Patterns
internal import Sandbox

/// Finds lines in files, within bounds of bytes, steps and results.
struct LineSearch {
    /// Larger files are passed over.
    static let largestFile = 8 << 20
    /// All files together.
    static let mostBytes = 512 << 20
    /// All searches of a regular expression together.
    static let mostSteps = 100_000_000

    private enum Needle {
        case text(ByteSearch)
        case pattern(Pattern)
    }

    private let needle: Needle
    private let most: Int
    private var lines: [String] = []
    private var files = 0
    private var unread = 0
    private var binary = 0
    private var bytes = 0
    private var steps = Self.mostSteps
    private var isMore = false

    init(_ query: String, isRegularExpression: Bool, ignoresCase: Bool, most: Int) throws {
        self.most = most
        do {
            if isRegularExpression {
                needle = .pattern(try Pattern(query, caseInsensitive: ignoresCase))
            } else if ignoresCase, !query.utf8.allSatisfy({ $0 < 0x80 }) {
                // Capitals that ASCII does not have are the expressions' business.
                let quoted = query.replacing("\\E", with: "\\E\\\\E\\Q")
                needle = .pattern(try Pattern("\\Q\(quoted)\\E", caseInsensitive: true))
            } else {
                needle = .text(ByteSearch(query, ignoresCase: ignoresCase))
            }
        } catch {
            throw ToolError("\(error)")
        }
    }

    /// False when there is no need to look into others.
    mutating func look(into file: Jail.WalkedFile) throws -> Bool {
        guard let content = file.read(limit: Self.largestFile) else {
            unread += 1
            return true
        }
        guard !content.prefix(8192).contains(0) else {
            binary += 1
            return true
        }
        bytes += content.count
        let before = lines.count
        switch needle {
        case .text(let search): find(search, in: content, at: file.path)
        case .pattern(let pattern): try find(pattern, in: content, at: file.path)
        }
        if lines.count > before { files += 1 }
        return !isMore && bytes < Self.mostBytes
    }

    private mutating func find(_ search: ByteSearch, in content: [UInt8], at path: String) {
        var number = 1
        var counted = 0
        var lineEnd = -1
        // One more than needed, to know whether there is one. Several may stand in one line.
        for place in search.places(in: content) where place > lineEnd {
            number += content[counted..<place].count { $0 == UInt8(ascii: "\n") }
            counted = place
            let start = content[..<place].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            lineEnd = content[place...].firstIndex(of: UInt8(ascii: "\n")) ?? content.count
            guard add(content[start..<lineEnd], matchAt: place, number, path) else { return }
        }
    }

    private mutating func find(_ pattern: Pattern, in content: [UInt8], at path: String) throws {
        var start = 0
        var number = 0
        while start < content.count {
            let end = content[start...].firstIndex(of: UInt8(ascii: "\n")) ?? content.count
            number += 1
            do {
                if let match = try pattern.firstMatch(in: content[start..<end], steps: &steps) {
                    guard add(content[start..<end], matchAt: start + match.lowerBound, number, path) else { return }
                }
            } catch {
                throw ToolError("\(path), line \(number): \(error)")
            }
            start = end + 1
        }
    }

    /// False when there are enough.
    private mutating func add(_ line: ArraySlice<UInt8>, matchAt place: Int, _ number: Int, _ path: String) -> Bool {
        guard lines.count < most else {
            isMore = true
            return false
        }
        // Of a long line what is around the match.
        let from = max(line.startIndex, place - 80)
        let to = min(line.endIndex, max(place + 160, from + 240))
        let text = String(decoding: line[from..<to], as: UTF8.self)
        let isCut = (from > line.startIndex, to < line.endIndex)
        lines.append("\(path):\(number): \(isCut.0 ? "..." : "")\(text)\(isCut.1 ? "..." : "")")
        return true
    }

    func report(_ end: Jail.WalkEnd) -> String {
        var notes: [String] = []
        if isMore { notes.append("there are more") }
        if bytes >= Self.mostBytes { notes.append("not all files were searched: they are too large together") }
        if unread > 0 { notes.append("\(counted(unread, "file")) too large or not readable") }
        if binary > 0 { notes.append("\(counted(binary, "file")) not text") }
        if let note = FileSelection.note(on: end) { notes.append(note) }
        let heading =
            lines.isEmpty ? "no line matches" : "\(counted(lines.count, "matching line")) in \(counted(files, "file"))"
        let note = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))"
        return ([heading + note] + lines).joined(separator: "\n")
    }
}
