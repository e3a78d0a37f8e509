import ArgumentParser
import Logging

/// The options of the commands that run for long.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log this and what is graver: trace, debug, info, notice, warning or error.", valueName: "level"))
    var logLevel = LogLevel.info

    @Option(help: ArgumentHelp("text: `time level message key=value`; json: an object per line.", valueName: "format"))
    var logFormat = LogFormat.text

    /// Sends all logs of the process to stderr; to be called once.
    func start() -> Logger {
        let (level, format) = (logLevel.level, logFormat)
        LoggingSystem.bootstrap { _ in LineLogHandler(format: format, logLevel: level) }
        return Logger(label: "agentcorp")
    }
}
