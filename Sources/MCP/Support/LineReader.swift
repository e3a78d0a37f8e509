/// Cuts a stream of bytes into lines of bounded length.
struct LineReader: Sendable {
    enum Line: Sendable, Hashable {
        /// Without the line break.
        case whole([UInt8])
        /// Longer than the limit: its first bytes, the rest is dropped.
        case tooLong(beginning: [UInt8])
    }

    private static let kept = 1024

    private let limit: Int
    private var bytes: [UInt8] = []
    private var isTooLong = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func read(_ chunk: some Collection<UInt8>) -> [Line] {
        var lines: [Line] = []
        var rest = chunk[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<end])
            rest = rest[rest.index(after: end)...]
            if isTooLong {
                lines.append(.tooLong(beginning: bytes))
            } else {
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                if !bytes.isEmpty { lines.append(.whole(bytes)) }
            }
            bytes = []
            isTooLong = false
        }
        append(rest)
        return lines
    }

    private mutating func append(_ part: some Collection<UInt8>) {
        guard !isTooLong else { return }
        bytes.append(contentsOf: part)
        guard bytes.count > limit else { return }
        isTooLong = true
        bytes = Array(bytes.prefix(Self.kept))
    }
}
