internal import HTTP
internal import JSON

/// The body of an answer: a stream of events, or one JSON text of a server that does not stream.
struct AnswerStream<Assembler: ResponseAssembler> {
    private var assembler: Assembler
    /// Of an event, in bytes.
    private static var limit: Int { 8 << 20 }

    private var events = ServerSentEventReader(limit: Self.limit)
    private let isWhole: Bool
    private var bytes: [UInt8] = []

    init(assembler: Assembler, isWhole: Bool) {
        self.assembler = assembler
        self.isWhole = isWhole
    }

    var isComplete: Bool { assembler.isComplete }
    var isOver: Bool { assembler.isOver }

    mutating func receive(_ chunk: [UInt8]) throws -> [ChatEvent] {
        if isWhole {
            bytes += chunk
            return []
        }
        let complete: [ServerSentEvent]
        do {
            complete = try events.receive(chunk)
        } catch {
            throw StreamFault.malformed("an event of the stream is longer than \(Self.limit) bytes")
        }
        var told: [ChatEvent] = []
        for event in complete where !assembler.isOver { told += try assembler.receive(event) }
        return told
    }

    /// The end of the body.
    mutating func finish() throws -> [ChatEvent] {
        if isWhole {
            guard let value = try? JSONValue(parsing: bytes) else {
                throw StreamFault.malformed("the answer is no JSON: \(Self.beginning(of: bytes))")
            }
            if let error = value["error"], error != .null, let body = ErrorBody(value) {
                throw StreamFault.failed(body)
            }
            return try assembler.receive(whole: value)
        }
        // What is cut off in the middle is no event, and the answer not complete.
        guard let event = events.finish(), !assembler.isOver else { return [] }
        if assembler.isComplete { return (try? assembler.receive(event)) ?? [] }
        guard event.data == "[DONE]" || (try? JSONValue(parsing: event.data)) != nil else { return [] }
        return try assembler.receive(event)
    }

    /// Throws `BrokenOff` when the answer is not complete.
    func response() throws -> ChatResponse {
        guard assembler.isComplete || assembler.isOver else { throw BrokenOff() }
        return try assembler.response()
    }

    private static func beginning(of bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(200), as: UTF8.self)
    }
}

/// The server closed the connection before its answer was complete.
struct BrokenOff: Error {}
