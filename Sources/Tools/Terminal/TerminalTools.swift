internal import JSON
internal import Logging
internal import Sandbox

/// `terminal.*`: programs in the folder that an agent works in.
public enum TerminalTools {
    public static let all = [runCommand]

    static let runCommand = Tool(
        "terminal.run_command",
        description: """
            Run a program in the working folder and return its exit code and its output. Give argv, the program and \
            its arguments as an array; a line for a shell in `command` is refused unless this agent may use one. \
            There is no input, and usually no network; what the program leaves running is killed.
            """,
        // Nobody knows what a program does, and whether it may do that twice.
        effect: .once, input: RunCommandInput.self,
        // The policy's time is the one that counts, and ends in an orderly way.
        timeout: .seconds(86_500), outputLimit: 30_000
    ) { input, call in
        let command = try input.command(call.context)
        let ending = try await ToolCall.telling { try await command.run(in: try call.context.jail()) }
        call.logger.info(
            "ran a command",
            metadata: [
                "program": "\(command.arguments[0])", "isolation": "\(ending.isolation.rawValue)",
                "status": "\(ending.status)",
            ])
        return ToolResult(.string(ending.report(of: command)), isError: ending.isTimedOut || ending.isCrowded)
    }
}

private struct RunCommandInput: ToolInput {
    let argv: [String]?
    let command: String?
    let directory: String?
    let timeout: Int?

    static let schema = JSONSchema.object(
        [
            "argv": .array(of: .string(), "the program and its arguments", counts: 1...1000),
            "command": .string("a line for /bin/sh, instead of argv", lengths: 1...100_000),
            "directory": .string("where to run it, relative to the working folder"),
            "timeout": .integer("seconds after which it is ended", in: 1...86_400),
        ], required: [])

    func command(_ context: ToolExecutionContext) throws -> SandboxedCommand {
        let policy = context.commands
        var result = SandboxedCommand(try arguments(policy), context)
        result.directory = directory
        result.allowed = policy.allowed
        result.environment = policy.environment
        result.network = context.network.commands
        result.timeout = policy.timeout
        if let timeout {
            guard .seconds(timeout) <= policy.maximumTimeout else {
                throw ToolError("a command may take \(policy.maximumTimeout) at most, not \(timeout) seconds")
            }
            result.timeout = .seconds(timeout)
        }
        return result
    }

    private func arguments(_ policy: CommandPolicy) throws -> [String] {
        switch (argv, command) {
        case (let argv?, nil): return argv
        case (nil, let line?):
            guard policy.shell else {
                throw ToolError(
                    "this agent may not use a shell: give argv, an array of the program and its arguments, such as "
                        + "[\"ls\", \"-l\"], without pipes and redirections")
            }
            return ["/bin/sh", "-c", line]
        default: throw ToolError("give either argv or command")
        }
    }
}

extension SandboxedCommand {
    /// A command in the bounds that a context sets to all of them.
    init(_ arguments: [String], _ context: ToolExecutionContext) {
        self.init(arguments)
        readablePaths = context.commands.readablePaths
        isolation = context.isolation
        limits = context.commands.limits
    }
}

extension CommandEnding {
    /// All that there is to know of it, as text.
    func report(of command: SandboxedCommand) -> String {
        var heading =
            switch status {
            case .exited(let code): "exit code \(code)"
            case .signaled(let signal): "ended by signal \(signal)"
            }
        if isTimedOut { heading = "its time of \(command.timeout) was up: \(heading)" }
        if isCrowded { heading = "it had more than \(command.limits.processes) processes: \(heading)" }
        let milliseconds = duration / .milliseconds(1)
        var text = "\(heading) (after \(Int(milliseconds)) ms, isolation \(isolation.rawValue))"
        for (name, stream) in [("stdout", output), ("stderr", errors)] where stream.count > 0 {
            text += "\n--- \(name)\n\(stream.text)"
        }
        return text
    }
}
