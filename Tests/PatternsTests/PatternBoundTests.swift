import Patterns
import Testing

@Suite("the bounds of a search")
struct PatternBoundTests {
    @Test(
        "a pattern that would run for ages is given up with a name",
        arguments: [
            ("^(a+)+$", 30), ("(a|aa)+$", 5000), ("(x+x+)+y|(a*)*b", 5000), ("^(([a-z])+.)+[A-Z]([a-z])+$", 500),
            ("(?:a++)[bc]", 1_000_000), ("[^b]*[bc]", 1_000_000), ("(.*)\\1[bc]", 100_000),
            ("(?:a{60000}|b)[cd]", 59_999),
            ("(?:.*){30}[bc]", 2000), ("(?=(a+))a*[bc]\\1", 20_000), ("(?<=a{200})[bc]", 8_000_000),
        ])
    func gaveUp(_ pattern: String, _ length: Int) throws {
        let text = String(repeating: "a", count: length) + "!"
        let pattern = try Pattern(pattern)
        let clock = ContinuousClock()
        var outcome: Result<Range<Int>?, PatternError>?
        let time = clock.measure {
            do throws(PatternError) {
                outcome = .success(try pattern.firstMatch(in: Array(text.utf8)))
            } catch {
                outcome = .failure(error)
            }
        }
        // Some of these PCRE2 is clever enough to refute.
        switch outcome {
        case .failure(let error): #expect([.tooMuchWork, .tooMuchMemory].contains(error.code))
        case .success(let match): #expect(match == nil)
        case nil: Issue.record("no outcome")
        }
        #expect(time < .seconds(200))
    }

    @Test("a pattern that calls itself without end is given up")
    func recursion() throws {
        let error = #expect(throws: PatternError.self) {
            try Pattern("(a(?1)?b?)+[cd]").firstMatch(in: String(repeating: "a", count: 1_000_000))
        }
        #expect(error?.code == .tooMuchMemory || error?.code == .tooMuchWork)
    }

    @Test("several searches share one budget")
    func sharedBudget() throws {
        let pattern = try Pattern("[ab]*[cd]")
        var steps = 1000
        var searches = 0
        let error = #expect(throws: PatternError.self) {
            while searches < 1000 {
                _ = try pattern.firstMatch(in: "abababab".utf8, steps: &steps)
                searches += 1
            }
        }
        #expect(error?.code == .tooMuchWork)
        #expect((5...200).contains(searches))
        #expect(steps == 0)
    }

    @Test("a text that is too long is refused, one that is just short enough is searched")
    func longText() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: Pattern.longestText + 1)
        let error = #expect(throws: PatternError.self) { try Pattern("b").firstMatch(in: bytes) }
        #expect(error?.code == .textTooLong)
        #expect(try Pattern("b").firstMatch(in: bytes.dropLast()) == nil)
    }
}
