import JSON
import Testing

@Suite("spelling")
struct SpellingTests {
    @Test("the nearest word is suggested only when it is near")
    func nearestWord() {
        #expect(Spelling.nearest(to: "sucess", in: ["success", "retry"]) == "success")
        #expect(Spelling.nearest(to: "ENV", in: ["env"]) == "env")
        #expect(Spelling.nearest(to: "anything", in: ["success", "retry"]) == nil)
    }
}
