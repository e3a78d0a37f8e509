import Glibc

/// Text from stdin.
enum TextInput {
    /// All of stdin, which must be UTF-8 and not empty. At most 16 MiB.
    static func standardInput() throws -> String {
        if isatty(STDIN_FILENO) == 1 { Terminal.errors.line("reading from the terminal; end with Ctrl-D") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= 16 << 20 else { throw CommandError(.badInput, "stdin is larger than 16 MiB.") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(.badInput, "stdin is no text in UTF-8.")
        }
        guard text.contains(where: { !$0.isWhitespace }) else { throw CommandError(.badInput, "stdin is empty.") }
        return text
    }
}
