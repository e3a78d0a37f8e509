import FoundationEssentials
import Logging
import Postgres
import Queue

/// Writes each log message as one line to stderr.
struct LineLogHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(format: LogFormat, logLevel: Logger.Level) {
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var data = metadata
        if let provided = metadataProvider?.get() { data.merge(provided) { $1 } }
        if let own = event.metadata { data.merge(own) { $1 } }
        if let error = event.error { data["error"] = "\(error)" }
        let pairs = data.sorted { Self.order($0.key, $1.key) }.map { ($0.key, "\($0.value)") }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        // One write for the whole line, so that lines of several threads do not mix.
        switch format {
        case .text: Terminal.errors.line(Self.text(time, event, pairs))
        case .json: Terminal.errors.line(Self.json(time, event, pairs))
        }
    }

    /// What identifies the subject comes first.
    private static func order(_ left: String, _ right: String) -> Bool {
        func rank(_ key: String) -> Int { ["worker", "task", "attempt", "kind"].firstIndex(of: key) ?? 9 }
        return (rank(left), left) < (rank(right), right)
    }

    private static func text(_ time: String, _ event: LogEvent, _ pairs: [(String, String)]) -> String {
        let style: Style =
            switch event.level {
            case .error, .critical: .red
            case .warning: .yellow
            default: .dim
            }
        let terminal = Terminal.errors
        var line = terminal.styled(.dim, time) + " " + terminal.styled(style, event.level.rawValue)
        line += " " + DisplayText.printable("\(event.message)")
        for (key, value) in pairs { line += " " + terminal.styled(.dim, key + "=") + quoted(value) }
        return line
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = !value.isEmpty && !value.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
        let text = DisplayText.printable(value)
        return isPlain && text == value ? text : (try? JSONCoding.encode(value).text) ?? text
    }

    private static func json(_ time: String, _ event: LogEvent, _ pairs: [(String, String)]) -> String {
        var members: [(String, String)] = [
            ("time", time), ("level", event.level.rawValue), ("message", "\(event.message)"),
        ]
        members += pairs.filter { pair in !["time", "level", "message"].contains(pair.0) }
        let parts = members.map { key, value in
            "\((try? JSONCoding.encode(key).text) ?? "\"\""):\((try? JSONCoding.encode(value).text) ?? "\"\"")"
        }
        return "{" + parts.joined(separator: ",") + "}"
    }
}
