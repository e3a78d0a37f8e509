/// Looks for a text in bytes, in time that grows with both and no faster.
struct ByteSearch {
    private let needle: [UInt8]
    /// Of each byte, the one that it counts as.
    private let folded: [UInt8]
    /// How far to go on when a byte stands at the needle's end (Horspool, 1980).
    private let skip: [Int]

    /// - Parameter ignoresCase: Of letters that ASCII has.
    init(_ text: String, ignoresCase: Bool = false) {
        let folded = (0...255).map { (byte: Int) -> UInt8 in
            ignoresCase && (65...90).contains(byte) ? UInt8(byte + 32) : UInt8(byte)
        }
        let needle = text.utf8.map { folded[Int($0)] }
        var skip = [Int](repeating: needle.count, count: 256)
        for (index, byte) in needle.dropLast().enumerated() { skip[Int(byte)] = needle.count - 1 - index }
        self.needle = needle
        self.folded = folded
        self.skip = skip
    }

    /// Where it stands, without overlaps; nowhere when it is empty.
    func places(in bytes: some RandomAccessCollection<UInt8>, atMost most: Int = .max) -> [Int] {
        bytes.withContiguousStorageIfAvailable { places($0, most) }
            ?? Array(bytes).withUnsafeBufferPointer {
                places($0, most)
            }
    }

    private func places(_ bytes: UnsafeBufferPointer<UInt8>, _ most: Int) -> [Int] {
        guard !needle.isEmpty else { return [] }
        var places: [Int] = []
        var start = 0
        let last = needle.count - 1
        while start + last < bytes.count, places.count < most {
            var index = last
            while index >= 0, folded[Int(bytes[start + index])] == needle[index] { index -= 1 }
            if index < 0 {
                places.append(start)
                start += needle.count
            } else {
                start += skip[Int(folded[Int(bytes[start + last])])]
            }
        }
        return places
    }
}
