import ArgumentParser
import Postgres
import Queue

extension SchedulesCommand {
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make or change a schedule, and show when it fires next.",
            discussion: """
                EXAMPLES
                  agentcorp schedules set backup "30 2 * * *" command --args '{"argv": ["backup"]}'
                  agentcorp schedules set report "0 9 * * MON-FRI" report --time-zone Europe/Berlin --catch-up latest
                  agentcorp schedules set poll "every 90s" http --args @request.json --overlap skip --jitter 10s

                The expression has five fields: minute, hour, day of month, month, day of week; or is @hourly, @daily, \
                @weekly, @monthly or @yearly; or an interval such as "every 15m". All options are set anew; a schedule \
                that is set as it is stays as it is.
                """)

        @Argument(help: "The schedule.") var name: String
        @Argument(help: "When it fires.") var cron: String
        @Argument(help: "The kind: which handler executes its tasks.") var kind: String

        @Option(help: ArgumentHelp("What the handler gets: a JSON object, @FILE, or - for stdin.", valueName: "json"))
        var args = "{}"

        @Option(help: ArgumentHelp("Whose clocks the expression means, as Europe/Berlin.", valueName: "name"))
        var timeZone = "UTC"

        @Option(
            help: ArgumentHelp(
                "What happens to moments that were missed: none, the latest or all of them fire.", valueName: "rule"))
        var catchUp = ScheduleRequest.CatchUp.none

        @Option(
            help: ArgumentHelp(
                "What happens while the last task is open: skip the new one, queue it, or cancel_running.",
                valueName: "rule"))
        var overlap = ScheduleRequest.Overlap.skip

        @Option(help: ArgumentHelp("Spread the starts over so much time, as 5m.", valueName: "time"))
        var jitter: TimeSpan?

        @OptionGroup var options: TaskOptions

        @Option(help: ArgumentHelp("What it is for.", valueName: "text"))
        var description: String?

        @OptionGroup var encryption: EncryptionOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            var request = ScheduleRequest(
                name, cron: cron, kind: kind, args: try JSONInput.value(args, name: "--args"))
            request.timeZone = timeZone
            request.catchUp = catchUp
            request.overlap = overlap
            request.jitter = jitter?.duration ?? .zero
            request.queue = options.queue
            request.priority = options.priority
            request.maxAttempts = options.maxAttempts
            request.timeout = options.timeout?.duration
            request.backoff = options.backoff
            request.tags = options.tag
            request.description = description
            let wanted = request
            try await connection.withManager(cipher: try encryption.cipher()) { manager in
                let next = try await manager.setSchedule(wanted)
                try await UnhandledKinds.warn(of: [kind], manager)
                Terminal.output.line("\(name) fires \(FireRows.when(next))")
            }
        }
    }
}
