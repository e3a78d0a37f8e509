/// Reads a `text/event-stream` in pieces of any size, as the HTML standard describes the format (9.2.6).
///
/// Lines end with CRLF, LF or CR; comments, ids and reconnection times are skipped. Bytes that are no UTF-8 become
/// U+FFFD. Unlike a browser, it takes an event at the very end without the blank line, which some servers forget.
struct ServerSentEventParser: Sendable {
    /// More than an event may have, in bytes: the server has gone wrong.
    static let limit = 8 << 20

    struct TooLong: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var isAfterCarriageReturn = false
    private var isFirstLine = true

    init(limit: Int = Self.limit) {
        self.limit = limit
    }

    /// The events that these bytes complete.
    mutating func receive(_ bytes: some Collection<UInt8>) throws(TooLong) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            if isAfterCarriageReturn {
                isAfterCarriageReturn = false
                if byte == UInt8(ascii: "\n") { continue }
            }
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                isAfterCarriageReturn = byte == UInt8(ascii: "\r")
                if let event = endLine() { events.append(event) }
            default:
                line.append(byte)
                guard line.count + data.count <= limit else { throw TooLong() }
            }
        }
        return events
    }

    /// The event that the end of the stream completes.
    mutating func finish() -> ServerSentEvent? {
        if !line.isEmpty, let event = endLine() { return event }
        return endEvent()
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        var line = line[...]
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line = line.dropFirst(3) }
        }
        if line.isEmpty { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let field = line[..<colon]
        if field.elementsEqual("data".utf8) {
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data += value
        } else if field.elementsEqual("event".utf8) {
            name = Array(value)
        }
        return nil
    }

    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            name = []
            data = []
            hasData = false
        }
        guard hasData else { return nil }
        var event = ServerSentEvent(data: String(decoding: data, as: UTF8.self))
        if !name.isEmpty { event.name = String(decoding: name, as: UTF8.self) }
        return event
    }
}
