import TestSupport
import Testing

@testable import Tools

@Suite("names of tools")
struct ToolNameTests {
    @Test(
        "names become what providers accept, and come back",
        arguments: [
            ("filesys.read_file", "filesys__read_file"), ("web_fetch", "web_fetch"), ("a__b", "a_-5f-_b"),
            ("a_.b", "a_-5f-__b"), ("a._b", "a___b"), ("a_-b", "a_-5f--b"), ("a b", "a_-20-b"), ("a_", "a_"),
            ("été", "_-e9-t_-e9-"), ("_", "_"), (".", "__"), ("server.tool/x", "server__tool_-2f-x"),
        ])
    func bothWays(_ name: String, _ sent: String) {
        #expect(ToolName.encode(name) == sent)
        #expect(ToolName.decode(sent) == name)
    }

    @Test(
        "what is no name of ours has none",
        arguments: ["a.b", "a_-5f", "a_-zz-", "a_-61-", "a b", "_-110000-", "a_-005f-_b"])
    func noNames(_ sent: String) {
        #expect(ToolName.decode(sent) == nil)
    }

    @Test("random names are accepted by providers, differ, and come back", arguments: 0..<10)
    func random(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("ab_.-_./ é😀Z9")
        let names = Set(
            (0..<500).map { _ in
                String(
                    (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                        alphabet.randomElement(using: &generator)!
                    })
            })
        let table = ToolNames(names)
        var seen: Set<String> = []
        for name in names {
            let sent = ToolName.encode(name)
            #expect((1...64).contains(sent.utf8.count))
            #expect(
                sent.utf8.allSatisfy {
                    $0 == 0x2d || $0 == 0x5f || (0x30...0x39).contains($0)
                        || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                })
            #expect(seen.insert(sent).inserted)
            #expect(ToolName.decode(sent) == (ToolName.escaped(name).utf8.count <= 64 ? name : nil))
            #expect(table.sent(for: name) == sent)
            #expect(table.name(for: sent) == name)
        }
    }

    @Test("long names are shortened alike everywhere, and come back through their table")
    func longNames() {
        let names = (0..<10).map { "server." + String(repeating: "tool", count: 30) + "\($0)" }
        let table = ToolNames(names)
        let again = ToolNames(names.reversed())
        for name in names {
            let sent = ToolName.encode(name)
            #expect(sent.utf8.count <= 64)
            #expect(ToolName.decode(sent) == nil)
            #expect(table.sent(for: name) == sent)
            #expect(again.name(for: sent) == name)
        }
        #expect(
            ToolName.encode("x" + String(repeating: "y", count: 64))
                == "xyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy_-6ab6ea39caa37925")
    }

    @Test("a model may also call a tool by its own name")
    func ownName() {
        let table = ToolNames(["filesys.read_file"])
        #expect(table.name(for: "filesys.read_file") == "filesys.read_file")
        #expect(table.name(for: "filesys__write_file") == nil)
    }
}
