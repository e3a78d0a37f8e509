/// An event of a `text/event-stream`.
struct SSEEvent: Sendable, Hashable {
    var name = "message"
    var data: [UInt8] = []
    /// The last id that the stream has named, also by an earlier event.
    var id: String?
}

/// Reads `text/event-stream` (HTML standard, 9.2) in bounded memory.
struct SSEReader: Sendable {
    /// An event is larger than the limit.
    struct TooLarge: Error {}

    private let limit: Int
    private var line: [UInt8] = []
    private var event = SSEEvent()
    private var hasData = false
    private var endedByReturn = false
    private var isFirstLine = true
    /// The last id of the stream.
    private(set) var lastID: String?
    /// How long the server wants us to wait before we come back.
    private(set) var retry: Duration?

    init(limit: Int) {
        self.limit = limit
    }

    /// The events that are complete with these bytes. An event that the end of the stream cuts off is none.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(TooLarge) -> [SSEEvent] {
        var events: [SSEEvent] = []
        for byte in bytes {
            defer { endedByReturn = byte == UInt8(ascii: "\r") }
            switch byte {
            case UInt8(ascii: "\n") where endedByReturn:
                break
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                if let event = endLine() { events.append(event) }
            default:
                line.append(byte)
                guard line.count + event.data.count <= limit else { throw TooLarge() }
            }
        }
        return events
    }

    private mutating func endLine() -> SSEEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else {
            defer {
                event = SSEEvent()
                hasData = false
            }
            event.id = lastID
            return hasData ? event : nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":"))
        let name = String(decoding: line[..<(colon ?? line.endIndex)], as: UTF8.self)
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch name {
        case "data":
            if hasData { event.data.append(UInt8(ascii: "\n")) }
            event.data += value
            hasData = true
        case "event":
            event.name = value.isEmpty ? "message" : String(decoding: value, as: UTF8.self)
        case "id":
            if !value.contains(0) { lastID = value.isEmpty ? nil : String(decoding: value, as: UTF8.self) }
        case "retry":
            if value.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(String(decoding: value, as: UTF8.self))
            {
                retry = .milliseconds(number)
            }
        default:
            break
        }
        return nil
    }
}
