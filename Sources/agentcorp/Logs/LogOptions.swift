import ArgumentParser
import Logging

/// The options of the commands that run for long.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log this and what is graver.", valueName: "level"))
    var logLevel = LogLevel.info

    @Option(help: ArgumentHelp("A line of words and key=value, or a JSON object, for each event.", valueName: "format"))
    var logFormat = LogFormat.text

    /// Sends all logs of the process to stderr; to be called once.
    func start() -> Logger {
        let (level, format) = (logLevel.level, logFormat)
        LoggingSystem.bootstrap { _ in LineLogHandler(format: format, logLevel: level) }
        return Logger(label: "agentcorp")
    }
}
