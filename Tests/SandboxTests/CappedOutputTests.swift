import Testing

@testable import Sandbox

@Suite("Output of any length is kept by both ends")
struct CappedOutputTests {
    private func output(_ text: String, limit: Int, chunk: Int) -> CappedOutput {
        var output = CappedOutput(limit: limit)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) {
            output.append(bytes[start..<min(start + chunk, bytes.count)])
        }
        return output
    }

    @Test("chunks of any size give the same", arguments: [1, 2, 3, 7, 100])
    func chunks(size: Int) {
        #expect(output("0123456789", limit: 5, chunk: size).text == "0123456789")
        let cut = output("0123456789abcdef", limit: 3, chunk: size)
        #expect(cut.text == "012\n[... 10 bytes omitted ...]\ndef")
        #expect(cut.count == 16)
    }

    @Test("a character that a cut goes through is left out, and broken bytes do no harm")
    func characters() {
        let cut = output("aé" + String(repeating: "-", count: 20) + "éb", limit: 2, chunk: 5)
        #expect(cut.text == "a\n[... 22 bytes omitted ...]\nb")
        var broken = CappedOutput(limit: 10)
        broken.append([0xFF, 0x41][...])
        #expect(broken.text == "\u{FFFD}A")
    }
}
