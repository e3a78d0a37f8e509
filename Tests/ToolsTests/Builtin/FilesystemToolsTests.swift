import FoundationEssentials
import JSON
import Testing

@testable import Tools

@Suite("filesys")
struct FilesystemToolsTests {
    @Test("without a folder to work in, no tool for files, commands or git works")
    func closed() async throws {
        let place = try Workplace()
        let all: [(Tool, JSONValue)] = [
            (FilesystemTools.readFile, ["file_path": "a"]),
            (FilesystemTools.writeFile, ["file_path": "a", "content": "x"]),
            (FilesystemTools.replaceInFile, ["file_path": "a", "old_text": "x", "new_text": "y"]),
            (FilesystemTools.deleteFile, ["file_path": "a"]), (FilesystemTools.fileSearch, ["query": "*"]),
            (FilesystemTools.grepSearch, ["query": "x"]), (TerminalTools.runCommand, ["argv": ["true"]]),
            (GitTools.status, [:]), (GitTools.diff, [:]), (GitTools.log, [:]), (GitTools.commit, ["message": "m"]),
        ]
        #expect(all.count == BuiltinTools.all.filter { !$0.name.hasPrefix("web") }.count)
        for (tool, arguments) in all {
            let result = try await place.run(tool, arguments) { $0.allowedBasePath = nil }
            #expect(result.isError && result.text.contains("allowed_base_path"), "\(tool.name): \(result.text)")
            let missing = try await place.run(tool, arguments) { $0.allowedBasePath = "\(place.path)/none" }
            #expect(missing.isError, "\(tool.name): \(missing.text)")
        }
    }

    @Test("a file is written, read as a whole or in part, and deleted")
    func files() async throws {
        let place = try Workplace()
        let made = try await place.run(
            FilesystemTools.writeFile, ["file_path": "a/b.txt", "content": "one\ntwo\nthree\n"])
        #expect(made == ("made a/b.txt: 14 bytes", false))
        #expect(try await place.run(FilesystemTools.readFile, ["file_path": "a/b.txt"]).text == "one\ntwo\nthree\n")
        let part = try await place.run(FilesystemTools.readFile, ["file_path": "a/b.txt", "offset": 2, "limit": 1])
        #expect(part.text == "two\n[line 2 of 3]")
        let beyond = try await place.run(FilesystemTools.readFile, ["file_path": "a/b.txt", "offset": 4])
        #expect(beyond.isError && beyond.text.contains("3 lines"))
        #expect(try await place.run(FilesystemTools.deleteFile, ["file_path": "a/b.txt"]).text == "deleted a/b.txt")
        #expect(!place.has("a/b.txt"))
        let again = try await place.run(FilesystemTools.deleteFile, ["file_path": "a/b.txt"])
        #expect(again.isError && again.text.contains("there is no"))
        #expect(try await place.run(FilesystemTools.deleteFile, ["file_path": "a"]).isError)
        let none = try await place.run(
            FilesystemTools.writeFile, ["file_path": "c/d", "content": "", "create_dirs": false])
        #expect(none.isError && !place.has("c"))
    }

    @Test("what is no text is not read, and what is too large neither")
    func noText() async throws {
        let place = try Workplace()
        place.write("binary", "a\0b")
        place.write("large", String(repeating: "x", count: FilesystemTools.fileLimit + 1))
        #expect(try await place.run(FilesystemTools.readFile, ["file_path": "binary"]).isError)
        let large = try await place.run(FilesystemTools.readFile, ["file_path": "large"])
        #expect(large.isError && large.text.contains("\(FilesystemTools.fileLimit + 1) bytes"))
    }

    @Test(
        "what would run outside of the sandbox later is not written",
        arguments: [".git/hooks/pre-commit", ".git", "sub/.git/config", "link/config", "sub/../.git/x", "new/.git/a/b"])
    func gitFolder(path: String) async throws {
        let place = try Workplace()
        place.write(".git/config", "[core]")
        place.write("sub/.git/config", "[core]")
        try FileManager.default.createSymbolicLink(atPath: "\(place.root)/link", withDestinationPath: ".git")
        let written = try await place.run(FilesystemTools.writeFile, ["file_path": .string(path), "content": "evil"])
        #expect(written.isError && written.text.contains(".git"), "\(written)")
        _ = try await place.run(FilesystemTools.deleteFile, ["file_path": ".git/config"])
        #expect(place.read(".git/config") == "[core]" && place.read("sub/.git/config") == "[core]")
    }

    @Test("a replacement says how many places it changed, and refuses to guess which was meant")
    func replace() async throws {
        let place = try Workplace()
        place.write("f", "a-b-a-b-a")
        func replace(_ more: [String: JSONValue]) async throws -> (text: String, isError: Bool) {
            let arguments: [String: JSONValue] = ["file_path": "f", "old_text": "a", "new_text": "XX"]
            return try await place.run(FilesystemTools.replaceInFile, .object(arguments.merging(more) { $1 }))
        }
        let ambiguous = try await replace([:])
        #expect(ambiguous.isError && ambiguous.text.contains("3 times"))
        let counted = try await replace(["count": 2])
        #expect(counted.isError && counted.text.contains("3 times"))
        let none = try await replace(["old_text": "missing"])
        #expect(none.isError && none.text.contains("does not hold"))
        #expect(place.read("f") == "a-b-a-b-a")
        #expect(try await replace(["old_text": "a-b-a-b"]).text == "replaced 1 place in f")
        #expect(place.read("f") == "XX-a")
        place.write("f", "aaa")
        #expect(try await replace(["all": true]).text == "replaced 3 places in f")
        #expect(place.read("f") == "XXXXXX")
        #expect(try await replace(["old_text": ""]).isError)
        // Bytes that are no text stay as they are.
        _ = FileManager.default.createFile(atPath: "\(place.root)/f", contents: Data([0xFF, 0x61, 0xFE]))
        #expect(try await replace(["count": -1]).isError == false)
        #expect(FileManager.default.contents(atPath: "\(place.root)/f") == Data([0xFF, 0x58, 0x58, 0xFE]))
    }

    @Test("whether an interrupted replacement took place is seen in the file, where it can be")
    func verify() async throws {
        let place = try Workplace()
        func state(_ old: String, _ new: String) async throws -> ToolVerification {
            try await FilesystemTools.replaceInFile.verify!(
                place.call(["file_path": "f", "old_text": .string(old), "new_text": .string(new)]))
        }
        place.write("f", "before")
        #expect(try await state("before", "after") == .didNotHappen)
        #expect(try await state("after", "before") == .happened(ToolResult("replaced in f")))
        #expect(try await state("before", "be") == .unknown)
    }

    @Test("files are found by glob, without Git's own, and it is said when there are more")
    func search() async throws {
        let place = try Workplace()
        for name in ["a.js", "src/b.ts", "src/deep/c.js", "src/d.swift", ".git/e.js"] { place.write(name, "") }
        try FileManager.default.createSymbolicLink(atPath: "\(place.root)/loop", withDestinationPath: ".")
        try FileManager.default.createSymbolicLink(atPath: "\(place.root)/out", withDestinationPath: "..")
        func find(_ arguments: JSONValue) async throws -> [String] {
            try await place.run(FilesystemTools.fileSearch, arguments).text.split(separator: "\n").map(String.init)
        }
        #expect(try await find(["query": "**/*.{js,ts}"]) == ["3 files", "a.js", "src/b.ts", "src/deep/c.js"])
        #expect(
            try await find(["query": "src/**", "exclude_pattern": "**/deep/**"]).dropFirst() == [
                "src/b.ts", "src/d.swift",
            ])
        let some = try await find(["query": "*", "max_results": 2])
        #expect(some == ["2 files (the first 2 files; there are more)", "a.js", "src/b.ts"])
        #expect(try await find(["query": "*", "max_results": 4]).first == "4 files")
        #expect(try await find(["query": "secret"]) == ["no file matches \"secret\""])
        #expect(try await place.run(FilesystemTools.fileSearch, ["query": "../*"]).isError)
    }

    @Test("lines are found by text and by expression, with capitals or without")
    func grep() async throws {
        let place = try Workplace()
        place.write("a.txt", "first line\nSecond Line, line\n\nÜBER uns\n")
        place.write("b/c.md", "another line without end")
        place.write("binary", "line\0line")
        func grep(_ arguments: JSONValue) async throws -> String {
            try await place.run(FilesystemTools.grepSearch, arguments).text
        }
        #expect(
            try await grep(["query": "LINE"]) == """
                3 matching lines in 2 files (1 file not text)
                a.txt:1: first line
                a.txt:2: Second Line, line
                b/c.md:1: another line without end
                """)
        #expect(
            try await grep(["query": "Line", "case_sensitive": true, "include_pattern": "*.txt"]).hasSuffix(
                "a.txt:2: Second Line, line"))
        #expect(try await grep(["query": "über", "include_pattern": "*.txt"]).hasSuffix("a.txt:4: ÜBER uns"))
        #expect(
            try await grep(["query": "^s\\w+ line", "is_regexp": true, "exclude_pattern": "binary"]).hasSuffix(
                "a.txt:2: Second Line, line"))
        #expect(
            try await grep(["query": "line", "max_results": 2]).hasPrefix("2 matching lines in 1 file (there are more")
        )
        #expect(
            try await grep(["query": "line", "max_results": 3, "exclude_pattern": "binary"]).hasPrefix(
                "3 matching lines in 2 files\n"))
        #expect(try await grep(["query": "absent"]).hasPrefix("no line matches"))
        let broken = try await place.run(FilesystemTools.grepSearch, ["query": "(", "is_regexp": true])
        #expect(broken.isError)
    }

    @Test("an expression that would run for ever is given up, and a long line is shown around its match")
    func bombs() async throws {
        let place = try Workplace()
        place.write("a", String(repeating: "a", count: 5000) + "!")
        let start = ContinuousClock.now
        let bomb = try await place.run(FilesystemTools.grepSearch, ["query": "^(a|a?)+$", "is_regexp": true])
        #expect(ContinuousClock.now - start < .seconds(300))
        #expect(bomb.isError || bomb.text.hasPrefix("no line"), "\(bomb.text.prefix(200))")
        place.write("a", String(repeating: "x", count: 100_000) + "needle" + String(repeating: "y", count: 100_000))
        let long = try await place.run(FilesystemTools.grepSearch, ["query": "needle"])
        #expect(long.text.contains("needle") && long.text.count < 500)
    }
}
