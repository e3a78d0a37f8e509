internal import JSON
internal import Sandbox

/// `git.*`: the repository in the folder that an agent works in.
public enum GitTools {
    public static let all = [status, diff, log, commit]

    static let status = Tool(
        "git.status", description: "The branch and the changed files of the repository in the working folder.",
        // Looking changes nothing; not even the index is refreshed on disk.
        effect: .pure, input: NoInput.self
    ) { _, call in
        try await Git(call).run("status", "--short", "--branch", "--ignore-submodules=dirty").result("nothing")
    }

    static let diff = Tool(
        "git.diff", description: "The changes of the repository in the working folder, as a patch.",
        effect: .pure, input: GitDiffInput.self
    ) { input, call in
        var arguments = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty"]
        if input.staged == true { arguments.append("--cached") }
        if let base = input.base { arguments.append(try Git.revision(base)) }
        return try await Git(call).run(arguments + ["--"] + (input.paths ?? [])).result("no changes")
    }

    static let log = Tool(
        "git.log", description: "The latest commits of the repository in the working folder, a line for each.",
        effect: .pure, input: GitLogInput.self
    ) { input, call in
        var arguments = ["log", "--no-color", "--no-decorate", "--date=iso-strict", "--format=%h %ad %an: %s"]
        arguments.append("--max-count=\(input.maximumCount ?? 20)")
        if let revision = input.revision { arguments.append(try Git.revision(revision)) }
        return try await Git(call).run(arguments + ["--"] + (input.paths ?? [])).result("no commits")
    }

    static let commit = Tool(
        "git.commit",
        description: """
            Commit changes of the repository in the working folder: those of `paths`, with `all` every change and new \
            file, else what is staged.
            """,
        // A second run makes a second commit.
        effect: .once, input: GitCommitInput.self,
        verify: { _, call in try await Git(call).find(call.key) }
    ) { input, call in
        let git = Git(call)
        if let paths = input.paths {
            guard input.all != true else { throw ToolError("give either paths or all") }
            try await git.run(["add", "--"] + paths).check()
        } else if input.all == true {
            try await git.run("add", "--all").check()
        }
        return try await git.commit(input.message, key: call.key)
    }
}

private struct GitDiffInput: ToolInput {
    let staged: Bool?
    let base: String?
    let paths: [String]?

    static let schema = JSONSchema.object(
        [
            "staged": .boolean("whether to show what is staged, instead of what is not; false unless given"),
            "base": .string("a commit to compare with, such as HEAD~3 or main", lengths: 1...200),
            "paths": .array(of: .string(), "only of these files and folders", counts: 1...1000),
        ], required: [])
}

private struct GitLogInput: ToolInput {
    let maximumCount: Int?
    let revision: String?
    let paths: [String]?

    enum CodingKeys: String, CodingKey {
        case maximumCount = "max_count"
        case revision, paths
    }

    static let schema = JSONSchema.object(
        [
            "max_count": .integer("how many commits; 20 unless given", in: 1...500),
            "revision": .string("where to begin, or a range such as main..HEAD", lengths: 1...200),
            "paths": .array(of: .string(), "only those that changed these files and folders", counts: 1...1000),
        ], required: [])
}

private struct GitCommitInput: ToolInput {
    let message: String
    let paths: [String]?
    let all: Bool?

    static let schema = JSONSchema.object(
        [
            "message": .string("what the commit does: a line, and more after an empty one", lengths: 1...10_000),
            "paths": .array(of: .string(), "the files and folders whose changes to commit", counts: 1...1000),
            "all": .boolean("whether to commit every change and every new file; false unless given"),
        ], required: ["message"])
}
