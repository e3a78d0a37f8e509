internal import JSON
internal import Sandbox

/// Runs Git in an agent's folder so that nothing in the repository, or in the settings of the machine, decides what
/// else is run: no hooks, no pager, no editor, no filters, no helpers, no network.
struct Git: Sendable {
    private let context: ToolExecutionContext

    init(_ call: ToolCall) {
        context = call.context
    }

    /// How a command of Git ended.
    struct Ending: Sendable {
        let command: String
        let ending: CommandEnding

        /// Throws `ToolError` with Git's own words unless it succeeded.
        func check() throws {
            guard !ending.isSuccess else { return }
            let words = ending.errors.text.isEmpty ? ending.output.text : ending.errors.text
            let reason =
                switch ending.status {
                case _ where ending.isTimedOut: "took too long"
                case .exited(let code): "failed (exit code \(code))"
                case .signaled(let signal): "was ended by signal \(signal)"
                }
            throw ToolError("git \(command) \(reason): \(words.prefix(2000))")
        }

        func result(_ nothing: String) throws -> ToolResult {
            try check()
            return ToolResult(.string(ending.output.count == 0 ? nothing : ending.output.text))
        }
    }

    /// Options are not revisions.
    static func revision(_ text: String) throws -> String {
        guard !text.hasPrefix("-"), text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
            throw ToolError("\"\(text)\" is no revision")
        }
        return text
    }

    func run(_ arguments: String...) async throws -> Ending { try await run(arguments) }

    /// - Parameter variables: Besides those that keep Git to itself.
    func run(_ arguments: [String], variables: [String: String] = [:]) async throws -> Ending {
        let programs = try await programs()
        return try await start(arguments, settings: Self.settings + programs, variables)
    }

    func commit(_ message: String, key: String) async throws -> ToolResult {
        // Its author is who the repository says; the settings of the machine are not asked.
        let author = try await run("config", "--get", "user.email")
        let names =
            author.ending.isSuccess
            ? [:]
            : [
                "GIT_AUTHOR_NAME": "AgentCorp", "GIT_AUTHOR_EMAIL": "agentcorp@localhost",
                "GIT_COMMITTER_NAME": "AgentCorp", "GIT_COMMITTER_EMAIL": "agentcorp@localhost",
            ]
        // The call's key goes where `find` looks for it, and not into the commit.
        try await run(
            ["commit", "--no-verify", "--no-gpg-sign", "--quiet", "--cleanup=whitespace", "--message=\(message)"],
            variables: names.merging(["GIT_REFLOG_ACTION": "commit \(key)"]) { $1 }
        ).check()
        return try await run("log", "--max-count=1", "--format=committed %h: %s", "--shortstat").result("committed")
    }

    /// Whether the commit of a call has been made.
    func find(_ key: String) async throws -> ToolVerification {
        let found = try await run([
            "log", "--walk-reflogs", "--fixed-strings", "--grep-reflog=\(key)", "--max-count=1",
            "--format=committed %h: %s",
        ])
        // A repository without commits has no log either.
        guard found.ending.isSuccess else { return .unknown }
        return found.ending.output.count == 0
            ? .didNotHappen : .happened(ToolResult(.string(found.ending.output.text)))
    }

    private func start(
        _ arguments: [String], settings: [(String, String)], _ variables: [String: String] = [:]
    ) async throws -> Ending {
        var command = SandboxedCommand(["git", "--no-pager", "--literal-pathspecs"] + arguments, context)
        command.timeout = context.commands.timeout
        command.environment = Self.variables.merging(variables) { $1 }
        // As variables, since a name in them may hold anything.
        command.environment["GIT_CONFIG_COUNT"] = "\(settings.count)"
        for (index, (name, value)) in settings.enumerated() {
            command.environment["GIT_CONFIG_KEY_\(index)"] = name
            command.environment["GIT_CONFIG_VALUE_\(index)"] = value
        }
        let runnable = command
        let ending = try await ToolCall.telling {
            let folder = try context.jail()
            // The repository is the folder's, not one around it.
            var command = runnable
            command.environment["GIT_CEILING_DIRECTORIES"] = try folder.parent
            return try await command.run(in: folder)
        }
        return Ending(command: arguments[0], ending: ending)
    }

    /// The repository's own settings that name programs, switched off. Such a name is free, so they must be listed.
    private func programs() async throws -> [(String, String)] {
        let listed = try await start(
            [
                "config", "--null", "--name-only", "--get-regexp",
                #"^(filter|diff|merge)\..*\.(clean|smudge|process|required|textconv|command|driver)$"#,
            ], settings: Self.settings)
        guard listed.ending.status != .exited(1) else { return [] }
        try listed.check()
        guard listed.ending.output.omitted == 0 else { throw ToolError("the repository has too many settings for Git") }
        return listed.ending.output.text.split(separator: "\0").map { name in
            (String(name), name.hasSuffix(".required") ? "false" : "")
        }
    }

    private static let variables = [
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C.UTF-8",
    ]

    private static let settings = [
        ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("core.pager", "cat"), ("core.editor", "false"),
        ("core.sshCommand", "false"), ("core.askPass", "false"), ("core.attributesFile", "/dev/null"),
        ("core.logAllRefUpdates", "true"), ("core.quotePath", "false"), ("credential.helper", ""),
        ("diff.external", ""), ("diff.ignoreSubmodules", "dirty"), ("submodule.recurse", "false"),
        ("commit.gpgSign", "false"), ("log.showSignature", "false"), ("gpg.program", "false"),
        ("gc.auto", "0"), ("maintenance.auto", "false"), ("protocol.allow", "never"), ("safe.directory", "*"),
    ]
}
