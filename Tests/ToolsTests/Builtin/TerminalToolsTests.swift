import FoundationEssentials
import Glibc
import JSON
import Sandbox
import Testing

@testable import Tools

@Suite("terminal")
struct TerminalToolsTests {
    @Test("a program runs in the folder, and all there is to know of it is told")
    func run() async throws {
        let place = try Workplace()
        let ending = try await place.run(
            TerminalTools.runCommand, ["argv": ["sh", "-c", "pwd; echo oops >&2; exit 3"]])
        #expect(ending.text.hasPrefix("exit code 3 (after "))
        #expect(ending.text.contains("isolation landlock)"))
        #expect(ending.text.contains("--- stdout\n\(place.root)\n"))
        #expect(ending.text.hasSuffix("--- stderr\noops\n"))
        #expect(!ending.isError)
        let below = try await place.run(TerminalTools.runCommand, ["argv": ["pwd"], "directory": "../"])
        #expect(below.isError)
    }

    @Test("a line for a shell needs the policy's word, and so does a program where they are listed")
    func policy() async throws {
        let place = try Workplace()
        let refused = try await place.run(TerminalTools.runCommand, ["command": "echo a | tr a b"])
        #expect(refused.isError && refused.text.contains("argv"))
        let line = try await place.run(TerminalTools.runCommand, ["command": "echo a | tr a b"]) {
            $0.commands.shell = true
        }
        #expect(line.text.hasSuffix("--- stdout\nb\n"))
        let none = try await place.run(TerminalTools.runCommand, ["argv": ["ls"]]) { $0.commands = .none }
        #expect(none.isError && none.text.contains("no program is"))
        let other = try await place.run(TerminalTools.runCommand, ["argv": ["env"]]) { $0.commands.allowed = ["ls"] }
        #expect(other.isError && other.text.contains("only ls"))
        #expect(try await place.run(TerminalTools.runCommand, ["argv": ["true"], "command": "true"]).isError)
        #expect(try await place.run(TerminalTools.runCommand, [:]).isError)
    }

    @Test("its time is the policy's, or less or more as far as that allows")
    func timeout() async throws {
        let place = try Workplace()
        let slow = try await place.run(TerminalTools.runCommand, ["argv": ["sleep", "50"], "timeout": 1])
        #expect(slow.isError && slow.text.hasPrefix("its time of 1.0 seconds was up"), "\(slow.text)")
        let greedy = try await place.run(TerminalTools.runCommand, ["argv": ["true"], "timeout": 601])
        #expect(greedy.isError && greedy.text.contains("at most"))
    }

    @Test("no key of a provider is in its environment, and the network is the policy's")
    func environment() async throws {
        setenv("OPENAI_API_KEY", "sk-canary-tools", 1)
        let place = try Workplace()
        let variables = try await place.run(TerminalTools.runCommand, ["argv": ["env"]]) {
            $0.commands.environment = ["EXTRA": "given"]
        }
        #expect(!variables.text.contains("canary") && variables.text.contains("EXTRA=given\n"))
        let program: JSONValue = [
            "argv": ["perl", "-MSocket", "-e", "print socket($s, AF_INET, SOCK_STREAM, 0) ? 'open' : 'shut'"]
        ]
        #expect(try await place.run(TerminalTools.runCommand, program).text.hasSuffix("shut"))
        let open = try await place.run(TerminalTools.runCommand, program) { $0.network.commands = true }
        #expect(open.text.hasSuffix("open"))
    }

    @Test("isolation that is required and missing refuses the command")
    func isolation() async throws {
        let place = try Workplace()
        let strong = try await place.run(TerminalTools.runCommand, ["argv": ["true"]]) {
            $0.isolation = IsolationPolicy(.namespaces, required: false)
        }
        #expect(strong.text.contains("isolation namespaces") || strong.text.contains("isolation landlock"))
    }
}
