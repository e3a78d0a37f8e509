internal import Glibc
internal import Postgres
internal import Queue
internal import Subprocess
internal import Worker

/// Executes tasks of kind `command`: one program, without a shell.
struct CommandHandler: Sendable {
    let environment: CommandEnvironment
    let grace: Duration

    func handle(_ context: TaskContext) async throws -> TaskResult {
        let arguments = try CommandArguments(context.task.args)
        // One query: nothing in the claim says whether the task has needed others, and starting a process costs
        // twenty times as much.
        let input = try CommandInput(context.task, needs: try await context.needs())
        return .completed(try await run(arguments, input: input.bytes, key: context.key, fire: context.task.fire))
    }

    func run(_ arguments: CommandArguments, input: [UInt8], key: AttemptKey, fire: ScheduledFire? = nil) async throws
        -> PostgresJSON
    {
        let process = CommandProcess(
            argv: arguments.argv, directory: arguments.directory,
            environment: environment.variables(for: key, of: fire, adding: arguments.environment), input: input,
            outputLimit: arguments.maximumOutput, grace: grace)
        let ending: CommandProcess.Ending
        do {
            ending = try await process.run()
        } catch let error as CommandProcess.OutputLimitExceeded {
            throw Self.tooMuch(arguments.argv[0], limit: error.limit)
        }
        try Self.check(ending, of: arguments)
        return try Self.output(ending.output, of: arguments)
    }

    private static func check(_ ending: CommandProcess.Ending, of arguments: CommandArguments) throws {
        let program = arguments.argv[0]
        var message: String
        var detail: [String: JSONValue] = ["stderr": .string(ending.errors), "exit_code": nil, "signal": nil]
        switch ending.status {
        case .exited(let code):
            guard !arguments.successCodes.contains(code) else { return }
            message = "\"\(program)\" exited with code \(code)"
            detail["exit_code"] = .integer(Int64(code))
        case .signaled(let signal):
            message = "\"\(program)\" was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
            detail["signal"] = .integer(Int64(signal))
        }
        if let last = ending.errors.split(whereSeparator: \.isNewline).last(where: { !$0.allSatisfy(\.isWhitespace) }) {
            message += ": \(last.prefix(200))"
        }
        throw TaskFailure(message, reason: "exit", detail: .object(detail))
    }

    /// Standard output as the task's output.
    static func output(_ bytes: [UInt8], of arguments: CommandArguments) throws -> PostgresJSON {
        if arguments.format != .text {
            if let json = PostgresJSON(storable: bytes) { return json }
            guard arguments.format == .auto else {
                let start = String(storable: bytes.prefix(100))
                throw PermanentFailure(
                    "the output of \"\(arguments.argv[0])\" is no JSON that PostgreSQL can hold; it begins with: \(start)",
                    reason: "output")
            }
        }
        return try JSONCoding.encode(
            String(storable: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]))
    }

    private static func tooMuch(_ program: String, limit: Int) -> PermanentFailure {
        PermanentFailure(
            "\"\(program)\" wrote more than \(limit) bytes of output; allow more with max_output, or let it write to a file, and print the file's name",
            reason: "output_limit", detail: ["limit": .integer(Int64(limit))])
    }
}
