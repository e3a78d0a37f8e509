import Glibc
import Testing

@testable import Sandbox

@Suite("A walk through a tree ends")
struct WalkTests {
    private func paths(_ jail: Jail, _ limits: Jail.WalkLimits = Jail.WalkLimits()) throws -> ([String], Jail.WalkEnd) {
        var paths: [String] = []
        let end = try jail.walk(limits: limits) { file in
            paths.append(file.path)
            return true
        }
        return (paths, end)
    }

    @Test("it sees ordinary files in the order of their names, and follows no link")
    func order() throws {
        let scratch = try JailScratch()
        scratch.link("a-loop", to: ".")
        scratch.link("out", to: "../outside")
        mkfifo("\(scratch.root)/pipe", 0o644)
        let (found, end) = try paths(scratch.jail)
        #expect(found == ["inside", "sub/file"])
        #expect(end == .complete)
    }

    @Test("a tree that is too deep, too wide or too slow says so")
    func bombs() throws {
        let scratch = try JailScratch()
        try scratch.jail.put(String(repeating: "d/", count: 200) + "bottom")
        for number in 0..<300 { try scratch.jail.put("wide/\(number)") }
        #expect(try paths(scratch.jail).1 == .tooDeep)
        let (some, end) = try paths(scratch.jail, .init(entries: 100))
        #expect(end == .tooManyEntries)
        #expect(some.count <= 100)
        #expect(try paths(scratch.jail, .init(time: .zero)).1 == .tooLong)
    }
}
