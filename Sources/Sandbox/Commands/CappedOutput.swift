/// The beginning and the end of a stream of any length.
public struct CappedOutput: Sendable, Hashable {
    private let limit: Int
    private var head: [UInt8] = []
    /// A ring as soon as it is full.
    private var tail: [UInt8] = []
    private var next = 0
    /// All bytes that came.
    public private(set) var count = 0

    /// - Parameter limit: Bytes of each, the beginning and the end.
    init(limit: Int) {
        self.limit = limit
    }

    /// How many bytes between the two are lost.
    public var omitted: Int { count - head.count - tail.count }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        count += bytes.count
        let room = bytes.prefix(limit - head.count)
        head += room
        // Only the last of a long chunk can stay.
        for byte in bytes.dropFirst(room.count).suffix(limit) {
            if tail.count < limit {
                tail.append(byte)
            } else {
                tail[next] = byte
                next = (next + 1) % limit
            }
        }
    }

    /// Both as text, with a word on what is missing; bytes that are no UTF-8 are replaced.
    public var text: String {
        let end = tail[next...] + tail[..<next]
        guard omitted > 0 else { return String(decoding: head + end, as: UTF8.self) }
        // A character that the cut went through is left out on both sides.
        let beginning = String(decoding: Self.withoutBrokenEnd(head), as: UTF8.self)
        let ending = String(decoding: end.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
        return "\(beginning)\n[... \(omitted) bytes omitted ...]\n\(ending)"
    }

    private static func withoutBrokenEnd(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard let start = bytes.suffix(4).lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return bytes[...] }
        let needed =
            switch bytes[start] {
            case 0xF0...: 4
            case 0xE0...: 3
            case 0xC0...: 2
            default: 1
            }
        return bytes.count - start < needed ? bytes[..<start] : bytes[...]
    }
}
