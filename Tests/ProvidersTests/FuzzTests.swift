import JSON
import MockServer
import TestSupport
import Testing

@testable import Providers

@Suite("Hostile and broken answers")
struct FuzzTests {
    static let streams: [[UInt8]] = [
        MockOpenAI.calls(MockCall("f", ["x": "größer 🦉"]), MockCall("g", text: "{bad", id: nil), text: "a b c").bytes,
        MockAnthropic.stream(
            MockAnthropic.events(
                blocks: [(["type": "thinking", "thinking": ""], [["type": "thinking_delta", "thinking": "hm 🦉"]])],
                text: "a b c", calls: [MockCall("f", ["x": [1, 2.5, nil]])])
        ).bytes,
    ]

    static func read(
        _ chunks: [ArraySlice<UInt8>], _ assembler: some ResponseAssembler, isWhole: Bool = false
    ) throws -> (ChatResponse, [ChatEvent]) {
        var stream = AnswerStream(assembler: assembler, isWhole: isWhole)
        var events: [ChatEvent] = []
        for chunk in chunks { events += try stream.receive(Array(chunk)) }
        events += try stream.finish()
        var response = try stream.response()
        // Ids that are made up differ each time.
        for index in response.message.toolCalls.indices where response.message.toolCalls[index].name == "g" {
            response.message.toolCalls[index].id = ""
        }
        response.raw = .null
        return (response, events)
    }

    static func read(_ chunks: [ArraySlice<UInt8>], kind: Int, isWhole: Bool = false) throws -> (
        ChatResponse, [ChatEvent]
    ) {
        kind == 0
            ? try read(chunks, OpenAIAssembler(provider: "p", model: "m"), isWhole: isWhole)
            : try read(chunks, AnthropicAssembler(provider: "p", model: "m"), isWhole: isWhole)
    }

    @Test("an answer is the same however it is cut up", arguments: 0..<2)
    func chunking(kind: Int) throws {
        var random = SeededGenerator(seed: 11)
        let bytes = Self.streams[kind]
        let whole = try Self.read([bytes[...]], kind: kind)
        for _ in 0..<60 {
            var chunks: [ArraySlice<UInt8>] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...40, using: &random)
                chunks.append(rest.prefix(size))
                rest = rest.dropFirst(size)
            }
            let read = try Self.read(chunks, kind: kind)
            #expect(read.0 == whole.0)
            #expect(read.1 == whole.1)
        }
    }

    @Test("bytes that are changed, lost or doubled end in an answer or an error", arguments: 0..<2)
    func mutations(kind: Int) {
        var random = SeededGenerator(seed: 12)
        var answers = 0
        for _ in 0..<200 {
            var bytes = Self.streams[kind]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = bytes.indices.randomElement(using: &random)!
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(index..<min(index + 20, bytes.count))
                case 2: bytes.insert(contentsOf: bytes[index..<min(index + 50, bytes.count)], at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            do {
                _ = try Self.read([bytes[...]], kind: kind)
                answers += 1
            } catch is StreamFault {
            } catch is BrokenOff {
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(answers > 0)
    }

    @Test("any JSON in the place of any other ends in an answer or an error", arguments: 0..<2)
    func values(kind: Int) throws {
        var random = SeededGenerator(seed: 13)
        let sample =
            kind == 0
            ? MockOpenAI.chunks(text: "a", calls: [MockCall("f", ["x": 1])])
            : MockAnthropic.events(text: "a", calls: [MockCall("f")])
        for _ in 0..<200 {
            var events = sample
            for _ in 0..<2 {
                let index = events.indices.randomElement(using: &random)!
                events[index] = Self.mutate(events[index], &random)
            }
            let text = events.map { "data: \($0.text)\n\n" }.joined()
            do {
                _ = try Self.read([Array(text.utf8)[...]], kind: kind)
                _ = try Self.read([Array(events[0].text.utf8)[...]], kind: kind, isWhole: true)
            } catch is StreamFault {
            } catch is BrokenOff {
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    private static func mutate(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        let strange: [JSONValue] = [
            nil, true, -1, 1e300, .integer(.max), .integer(.min), "", "x", [], [[]], [:], ["index": -5], [nil],
        ]
        if Int.random(in: 0..<4, using: &random) == 0 { return strange.randomElement(using: &random)! }
        switch value {
        case .array(var elements) where !elements.isEmpty:
            let index = elements.indices.randomElement(using: &random)!
            elements[index] = mutate(elements[index], &random)
            return .array(elements)
        case .object(var members) where !members.isEmpty:
            let key = members.keys.sorted().randomElement(using: &random)!
            members[key] = mutate(members[key]!, &random)
            return .object(members)
        default: return strange.randomElement(using: &random)!
        }
    }

    @Test("errors in any form are understood as far as they can be", arguments: 0..<300)
    func errors(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let body = Self.mutate(
            ["error": ["message": "m", "type": "t", "code": 429, "param": nil], "code": "c", "detail": ["x"]], &random)
        let error = ErrorBody(body.bytes)
        _ = error.code(status: [nil, 200, 400, 404, 429, 500, 529].randomElement(using: &random)!)
        _ = error.rejectedField
    }
}
