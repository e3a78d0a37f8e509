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
        let handler = handler(scrubber)
        LoggingSystem.bootstrap { _ in handler }
        return Logger(label: "agentcorp")
    }

    /// Logs to stderr like all others, for what is made before `start`, when the keys are not known yet.
    func logger() -> Logger {
        Logger(label: "agentcorp") { _ in handler(.shapes) }
    }

    private func handler(_ scrubber: SecretScrubber) -> ScrubbingLogHandler {
        ScrubbingLogHandler(LineLogHandler(format: logFormat, logLevel: logLevel.level), scrubber: scrubber)
    }
}
