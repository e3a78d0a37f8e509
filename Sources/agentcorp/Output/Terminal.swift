import FoundationEssentials
import Glibc

/// One of the two standard outputs: what it can show, and how to write to it.
struct Terminal: Sendable {
    let descriptor: Int32
    /// Whether somebody may be looking.
    let isTerminal: Bool
    /// A terminal on which the cursor can be moved.
    let isInteractive: Bool
    let usesColor: Bool
    /// Whether the locale can show more than ASCII.
    let usesUnicode: Bool

    static let output = Terminal(STDOUT_FILENO)
    static let errors = Terminal(STDERR_FILENO)

    private init(_ descriptor: Int32) {
        let environment = ProcessInfo.processInfo.environment
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        isInteractive = isTerminal && environment["TERM"].map { $0 != "dumb" && !$0.isEmpty } ?? false
        switch Self.colorChoice(CommandLine.arguments) {
        case .always: usesColor = true
        case .never: usesColor = false
        case .auto: usesColor = isInteractive && environment["NO_COLOR", default: ""].isEmpty
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        usesUnicode = locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    }

    /// Read from the arguments directly, because an error in them has its colours too.
    private static func colorChoice(_ arguments: [String]) -> ColorChoice {
        for (index, argument) in arguments.enumerated() {
            if argument.hasPrefix("--color=") { return ColorChoice(rawValue: String(argument.dropFirst(8))) ?? .auto }
            if argument == "--color", index + 1 < arguments.count {
                return ColorChoice(rawValue: arguments[index + 1]) ?? .auto
            }
        }
        return .auto
    }

    /// Columns and rows; without limit when nobody looks at it on a terminal.
    var size: (columns: Int, rows: Int) {
        var found = winsize()
        guard isInteractive else { return (.max, .max) }
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &found) == 0, found.ws_col > 0 else { return (80, 24) }
        return (Int(found.ws_col), max(2, Int(found.ws_row)))
    }

    /// The text with its colour, if colours are wanted.
    func styled(_ style: Style, _ text: String) -> String {
        usesColor && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes text as it is. A reader that went away ends the process silently, by SIGPIPE.
    func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes bytes as they are; a disk that is full ends the process with a message.
    func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, -1)
            } else if errno != EINTR {
                let reason = String(cString: strerror(errno))
                guard descriptor == STDOUT_FILENO, errno != EPIPE else { return }
                Self.errors.write("error: cannot write the output: \(reason)\n")
                exit(ExitStatus.unexpected.rawValue)
            }
        }
    }

    func line(_ text: String = "") { write(text + "\n") }

    /// Writes `label: text`, as for errors and warnings.
    func note(_ style: Style, _ label: String, _ text: String) {
        line("\(styled(style, label)): \(text)")
    }

    static func warn(_ text: String) { errors.note(.yellow, "warning", text) }
}
