/// Reads a `text/event-stream` in pieces of any size and in bounded memory, as the HTML standard describes the format
/// (9.2.6).
///
/// Lines end with CRLF, LF or CR; comments are skipped. Bytes that are no UTF-8 become U+FFFD.
package struct ServerSentEventReader: Sendable {
    /// More than an event may have: the server has gone wrong.
    package struct TooLong: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var isAfterCarriageReturn = false
    private var isFirstLine = true
    /// The last id of the stream.
    package private(set) var lastID: String?
    /// How long the server wants its clients to wait before they come back.
    package private(set) var retry: Duration?

    /// - Parameter limit: Of an event, in bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// The events that these bytes complete.
    package mutating func receive(_ bytes: [UInt8]) throws(TooLong) -> [ServerSentEvent] {
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
    ///
    /// For a browser it is none without the blank line, which some servers forget.
    package mutating func finish() -> ServerSentEvent? {
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
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data += value
        case "event":
            name = Array(value)
        case "id":
            if !value.contains(0) { lastID = value.isEmpty ? nil : String(decoding: value, as: UTF8.self) }
        case "retry":
            if value.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(String(decoding: value, as: UTF8.self))
            {
                retry = .milliseconds(number)
            }
        default: break
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
        var event = ServerSentEvent(data: String(decoding: data, as: UTF8.self), id: lastID)
        if !name.isEmpty { event.name = String(decoding: name, as: UTF8.self) }
        return event
    }
}
