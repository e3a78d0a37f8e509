import FoundationEssentials
import JSON
import TestSupport
import Testing

@testable import Tools

@Suite("git")
struct GitToolsTests {
    private func repository() async throws -> Workplace {
        let place = try Workplace()
        for arguments in [
            ["init", "--quiet", "--initial-branch=main"], ["config", "user.email", "person@example.com"],
            ["config", "user.name", "A Person"],
        ] {
            let result = try await TestProcess.run("git", ["-C", place.root] + arguments)
            #expect(result.status == 0, "\(result.errors)")
        }
        place.write("a.txt", "one\n")
        return place
    }

    @Test("changes are shown, committed and listed")
    func work() async throws {
        let place = try await repository()
        #expect(try await place.run(GitTools.status, [:]).text.contains("?? a.txt"))
        let first = try await place.run(GitTools.commit, ["message": "First\n\nWith more", "all": true])
        #expect(!first.isError && first.text.contains(": First"), "\(first)")
        place.write("a.txt", "two\n")
        place.write("b.txt", "new\n")
        #expect(try await place.run(GitTools.diff, [:]).text.contains("-one\n+two\n"))
        #expect(try await place.run(GitTools.diff, ["staged": true]).text == "no changes")
        #expect(try await place.run(GitTools.commit, ["message": "Second", "paths": ["a.txt"]]).isError == false)
        #expect(try await place.run(GitTools.status, [:]).text == "## main\n?? b.txt\n")
        let log = try await place.run(GitTools.log, [:]).text.split(separator: "\n")
        #expect(log.count == 2 && log[0].hasSuffix("A Person: Second"))
        #expect(try await place.run(GitTools.log, ["paths": ["b.txt"]]).text == "no commits")
        #expect(try await place.run(GitTools.diff, ["base": "HEAD~1"]).text.contains("+two"))
        let nothing = try await place.run(GitTools.commit, ["message": "Nothing"])
        #expect(nothing.isError && nothing.text.contains("git commit failed (exit code 1)"))
    }

    @Test("an interrupted commit is found by the key of its call")
    func verify() async throws {
        let place = try await repository()
        let key = "0f8fad5b-d9cb-469f-a165-70867728950e"
        let call = place.call(["message": "Once", "all": true], key: key)
        #expect(try await GitTools.commit.verify!(call) == .unknown)
        #expect(try await place.run(GitTools.commit, call.arguments, key: key).isError == false)
        guard case .happened = try await GitTools.commit.verify!(call) else {
            Issue.record("the commit was not found")
            return
        }
        let other = place.call(call.arguments, key: "7c9e6679-7425-40de-944b-e07fc1f90ae7")
        #expect(try await GitTools.commit.verify!(other) == .didNotHappen)
    }

    @Test("nothing that the repository names is run")
    func injection() async throws {
        let place = try await repository()
        let evil = "sh -c 'echo ran >> \(place.root)/ran; cat'"
        for hook in [
            "pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "post-index-change",
            "reference-transaction",
        ] {
            place.write(".git/hooks/\(hook)", "#!/bin/sh\necho \(hook) >> \(place.root)/ran\n")
            _ = try await TestProcess.run("chmod", ["+x", "\(place.root)/.git/hooks/\(hook)"])
        }
        for (name, value) in [
            ("core.fsmonitor", evil), ("core.pager", evil), ("core.editor", evil), ("diff.external", evil),
            ("filter.evil.clean", evil), ("filter.evil.smudge", evil), ("filter.evil.required", "true"),
            ("filter.odd = name.clean", evil), ("diff.evil.textconv", evil), ("diff.evil.command", evil),
            ("merge.evil.driver", evil), ("commit.gpgSign", "true"), ("gpg.program", evil),
            ("log.showSignature", "true"), ("alias.status", "!\(evil)"), ("core.hooksPath", ".git/hooks"),
            ("credential.helper", "!\(evil)"), ("core.sshCommand", evil),
        ] {
            let set = try await TestProcess.run("git", ["-C", place.root, "config", name, value])
            #expect(set.status == 0, "\(name): \(set.errors)")
        }
        place.write(".gitattributes", "*.txt filter=evil diff=evil merge=evil\n*.md filter=odd\n")
        place.write("b.md", "text\n")
        let results = [
            try await place.run(GitTools.status, [:]),
            try await place.run(GitTools.commit, ["message": "m", "all": true]),
            try await place.run(GitTools.log, [:]),
        ]
        for result in results { #expect(!result.isError, "\(result)") }
        place.write("a.txt", "two\n")
        #expect(try await place.run(GitTools.diff, [:]).text.contains("+two"))
        #expect(!place.has("ran"), "\(place.read("ran") ?? "")")
    }

    @Test("options in the place of revisions and paths do nothing")
    func options() async throws {
        let place = try await repository()
        _ = try await place.run(GitTools.commit, ["message": "m", "all": true])
        #expect(try await place.run(GitTools.diff, ["base": "--output=made"]).isError)
        #expect(try await place.run(GitTools.log, ["revision": "--output=made"]).isError)
        _ = try await place.run(GitTools.diff, ["paths": ["--output=made"]])
        _ = try await place.run(GitTools.commit, ["message": "--amend", "paths": ["--all"]])
        #expect(!place.has("made"))
        let outside = try await place.run(GitTools.diff, ["paths": ["../secret"]])
        #expect(!outside.text.contains("the secret"))
    }

    @Test("a repository around the folder is not the folder's")
    func around() async throws {
        let place = try Workplace()
        _ = try await TestProcess.run("git", ["-C", place.path, "init", "--quiet"])
        let status = try await place.run(GitTools.status, [:])
        #expect(status.isError && status.text.contains("not a git repository"))
    }
}
