internal import JSON
internal import Queue

/// The arguments of a `command` task.
struct CommandArguments: Sendable {
    /// How standard output becomes the task's output.
    enum Format: String, CaseIterable, Sendable {
        /// JSON where it parses, else text.
        case auto
        /// JSON, or the task fails.
        case json
        /// Always text.
        case text
    }

    /// The program, looked up on PATH unless it has a slash, and its arguments.
    let argv: [String]
    let directory: String?
    let environment: [String: String]
    let format: Format
    let successCodes: Set<Int32>
    /// At most so many bytes of standard output.
    let maximumOutput: Int

    init(_ json: [UInt8]) throws {
        let arguments = try JSONFields(
            arguments: json, kind: "command", known: ["argv", "cwd", "env", "output", "success_codes", "max_output"])
        guard let argv = try arguments.strings("argv"), let program = argv.first, !program.isEmpty else {
            throw arguments.mistake("argv", "must be an array of strings that begins with a program")
        }
        self.argv = argv
        directory = try arguments.string("cwd")
        environment = try arguments.dictionary("env") ?? [:]
        for name in environment.keys.sorted() where name.isEmpty || name.contains("=") {
            throw arguments.mistake("env", "has a variable that cannot be called \"\(name)\"")
        }
        format = try arguments.word("output") ?? .auto
        var codes: Set<Int32> = []
        for code in try arguments.array("success_codes") ?? [0] {
            guard case .integer(let number) = code, (0...255).contains(number) else {
                throw arguments.mistake("success_codes", "must hold exit codes from 0 to 255")
            }
            codes.insert(Int32(number))
        }
        successCodes = codes
        maximumOutput = try arguments.integer("max_output", in: 1...outputCeiling) ?? outputLimit
    }
}
