import ArgumentParser
import Logging
import Providers

/// The options of the commands that run for long.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log this and what is graver.", valueName: "level"))
    var logLevel = LogLevel.info

    @Option(help: ArgumentHelp("A line of words and key=value, or a JSON object, for each event.", valueName: "format"))
    var logFormat = LogFormat.text

    /// Sends all logs of the process to stderr, without secrets; to be called once.
    func start(scrubber: SecretScrubber = .shapes) -> Logger {
        let (level, format) = (logLevel.level, logFormat)
        LoggingSystem.bootstrap { _ in
            ScrubbingLogHandler(LineLogHandler(format: format, logLevel: level), scrubber: scrubber)
        }
        return Logger(label: "agentcorp")
    }
}
