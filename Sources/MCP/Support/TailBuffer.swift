/// The last bytes of a stream of any length.
struct TailBuffer: Sendable {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ chunk: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: chunk.suffix(limit))
        // Not at every chunk: moving the rest to the front costs as much as the rest is long.
        if bytes.count > 4 * limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// The tail as text, without control characters that could steer a terminal.
    var text: String {
        let tail = bytes.suffix(limit)
        let broken = tail.count < bytes.count ? tail.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count : 0
        let text = String(decoding: tail.dropFirst(broken), as: UTF8.self)
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control }))
    }
}
