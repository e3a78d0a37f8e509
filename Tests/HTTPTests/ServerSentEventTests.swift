import TestSupport
import Testing

@testable import HTTP

@Suite("Server-sent events")
struct ServerSentEventTests {
    private static func read(_ text: String, every size: Int = .max) throws -> [ServerSentEvent] {
        var reader = ServerSentEventReader(limit: 1 << 20)
        var events: [ServerSentEvent] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            events += try reader.receive(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return events + [reader.finish()].compactMap(\.self)
    }

    @Test(
        "the stream format is read as the standard says",
        arguments: [
            ("data: a\n\n", ["message:a"]),
            ("data:a\n\n", ["message:a"]),
            ("data:  a\n\n", ["message: a"]),
            ("data: a\ndata: b\n\n", ["message:a\nb"]),
            ("event: x\ndata: a\n\ndata: b\n\n", ["x:a", "message:b"]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", ["message:a", "message:b"]),
            ("event: x\r\ndata: a\r\ndata: b\r\n\r\n", ["x:a\nb"]),
            ("data: a\r\rdata: b\r\r", ["message:a", "message:b"]),
            (": comment\n\ndata: a\n: another\n\n", ["message:a"]),
            ("\u{FEFF}data: a\n\n", ["message:a"]),
            ("id: 1\nretry: 5\ndata: a\n\n", ["message:a"]),
            ("data\n\n", ["message:"]),
            ("event: x\n\ndata: a\n\n", ["message:a"]),
            ("dataset: a\n\n", []),
            ("data: a", ["message:a"]),
            ("data: a\n", ["message:a"]),
            ("", []), ("\n\n\n", []),
            ("data: {\"text\":\"größer 🦉\"}\n\n", ["message:{\"text\":\"größer 🦉\"}"]),
        ])
    func format(text: String, expected: [String]) throws {
        #expect(try Self.read(text).map { "\($0.name):\($0.data)" } == expected)
    }

    @Test("events are the same however the stream is cut up", arguments: 0..<40)
    func chunking(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "data", "event", ":", " ", "\n", "\r\n", "\r", "\n\n", "data: x\n\n", ": c\n", "🦉", "é", "\u{FEFF}", "{",
            "a",
        ]
        let text = (0..<60).map { _ in pieces.randomElement(using: &random)! }.joined()
        let whole = try Self.read(text)
        for size in 1...7 { #expect(try Self.read(text, every: size) == whole) }

        // Any bytes at all are read to the end.
        var reader = ServerSentEventReader(limit: 1 << 20)
        for _ in 0..<50 { _ = try reader.receive((0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }) }
        _ = reader.finish()
    }

    @Test("the last id and the pause that the server asks for are kept, where they make sense")
    func resumption() throws {
        var reader = ServerSentEventReader(limit: 100)
        let text = "id: 7\nevent: x\ndata: a\n\nretry: 50\nretry: soon\nid: no\u{0}\ndata: b\n\nid\ndata: c\n\n"
        #expect(
            try reader.receive(Array(text.utf8)) == [
                ServerSentEvent(name: "x", data: "a", id: "7"), ServerSentEvent(data: "b", id: "7"),
                ServerSentEvent(data: "c"),
            ])
        #expect(reader.lastID == nil)
        #expect(reader.retry == .milliseconds(50))
    }

    @Test("an event without an end is given up")
    func bounded() {
        var reader = ServerSentEventReader(limit: 1000)
        #expect(throws: ServerSentEventReader.TooLong.self) {
            for _ in 0..<20 { _ = try reader.receive(Array(repeating: UInt8(ascii: "x"), count: 100)) }
        }
        var lines = ServerSentEventReader(limit: 1000)
        #expect(throws: ServerSentEventReader.TooLong.self) {
            for _ in 0..<400 { _ = try lines.receive(Array("data: xyz\n".utf8)) }
        }
    }
}
