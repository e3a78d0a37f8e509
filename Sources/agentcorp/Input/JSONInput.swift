import Glibc
import Postgres

/// A JSON document from the command line: given as such, in a file, or on stdin.
enum JSONInput {
    /// Reads an option's value: JSON, `@file`, or `-` for stdin. `name` is the option, for messages.
    static func value(_ text: String, name: String) throws -> PostgresJSON {
        if text == "-" { return try checked(read("-", name), "stdin") }
        if text.hasPrefix("@") {
            let path = String(text.dropFirst())
            return try checked(read(path, name), path)
        }
        return try checked(Array(text.utf8), name)
    }

    /// Reads a file, or stdin for `-`.
    static func file(_ path: String) throws -> PostgresJSON {
        try checked(read(path, path), path == "-" ? "stdin" : path)
    }

    /// Refuses what is no JSON; `source` is what to call it.
    static func checked(_ bytes: [UInt8], _ source: String) throws -> PostgresJSON {
        do {
            try JSONSyntax.check(bytes)
        } catch {
            throw CommandError(.badInput, error.message(in: source))
        }
        return PostgresJSON(bytes)
    }

    /// Far above what the database takes, and far below what the memory does.
    private static let limit = 256 << 20

    /// The text of a file, `-` for stdin.
    static func text(_ path: String) throws -> String {
        guard let text = String(validating: try read(path, path), as: UTF8.self) else {
            throw CommandError(.badInput, "\(path) is no text in UTF-8.")
        }
        return text
    }

    /// All of a file, or of stdin for `-`; `name` is the option that named it.
    static func read(_ path: String, _ name: String, limit: Int = limit) throws -> [UInt8] {
        let isStdin = path == "-"
        if isStdin, isatty(STDIN_FILENO) == 1 {
            Terminal.errors.line("reading JSON from the terminal; end with Ctrl-D")
        }
        let descriptor = isStdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { if !isStdin { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw CommandError(.badInput, "\(isStdin ? "stdin" : path) is larger than \(limit >> 20) MiB.")
            }
        }
    }

    private static func unreadable(_ path: String) -> CommandError {
        CommandError(.badInput, "cannot read \(path == "-" ? "stdin" : path): \(String(cString: strerror(errno))).")
    }
}
