/// The last bytes of a stream of any length.
struct TailBuffer {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var hasLostBytes = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ chunk: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: chunk)
        // Not at every chunk: moving the rest to the front costs as much as the rest is long.
        if bytes.count > 16 * limit { drop() }
    }

    /// The tail as text; it begins with a whole character.
    var text: String {
        var tail = self
        tail.drop()
        let broken = tail.hasLostBytes ? tail.bytes.prefix(3).prefix { $0 & 0xC0 == 0x80 }.count : 0
        return String(storable: tail.bytes.dropFirst(broken))
    }

    private mutating func drop() {
        guard bytes.count > limit else { return }
        bytes.removeFirst(bytes.count - limit)
        hasLostBytes = true
    }
}
