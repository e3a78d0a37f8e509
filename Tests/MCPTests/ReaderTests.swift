import JSON
import TestSupport
import Testing

@testable import MCP

@Suite struct ReaderTests {
    @Test("lines are the same however the bytes arrive")
    func lines() {
        let bytes = Array("one\r\n\ntwo\n\u{1F600}\nrest".utf8)
        for size in 1...bytes.count {
            var reader = LineReader(limit: 100)
            var lines: [LineReader.Line] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                lines += reader.read(bytes[start..<min(bytes.count, start + size)])
            }
            #expect(lines == ["one", "two", "\u{1F600}"].map { .whole(Array($0.utf8)) })
        }
    }

    @Test("a line that is too long is dropped to its end, and the next one read")
    func longLine() {
        var reader = LineReader(limit: 5)
        #expect(
            reader.read(Array("12345\n123456\n1\n".utf8)) == [
                .whole(Array("12345".utf8)), .tooLong(beginning: Array("123456".utf8)), .whole(Array("1".utf8)),
            ])
        #expect(reader.read(Array("1234".utf8)).isEmpty)
        #expect(reader.read(Array("5678".utf8)).isEmpty)
        #expect(reader.read(Array("9\n".utf8)) == [.tooLong(beginning: Array("12345678".utf8))])
    }

    @Test("no bytes that a server may send crash the readers")
    func noise() {
        var random = SeededGenerator(seed: 5)
        let alphabet =
            Array("{}[]\",:0123456789abcdefnull \n\rjsonrpcidmethodresult\u{0}\u{7F}".utf8) + [0xFF, 0xC3, 0xE2]
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in alphabet.randomElement(using: &random)!
            }
            _ = RPCMessage.parse(bytes)
            var lines = LineReader(limit: 16)
            _ = lines.read(bytes)
        }
    }

    @Test("ids that a server has turned into text or fractions are still ours")
    func ids() {
        for text in ["5", "\"5\"", "5.0"] {
            #expect(
                RPCMessage.parse(#"{"jsonrpc":"2.0","id":\#(text),"result":1}"#.utf8) == [.response(id: 5, .result(1))])
        }
        #expect(
            RPCMessage.parse(#"{"id":null,"error":{"code":-32700}}"#.utf8) == [
                .response(id: nil, .failure(RPCFailure(code: -32700, message: "")))
            ])
        #expect(RPCMessage.parse(#"{"result":1}"#.utf8).isEmpty)
        #expect(RPCMessage.parse(#"{"id":5}"#.utf8).isEmpty)
        #expect(RPCMessage.parse(#"{"id":5,"error":"text"}"#.utf8).isEmpty)
    }
}
