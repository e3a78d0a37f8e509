import ArgumentParser
import Coordinator
import Postgres
import Queue

/// `agentcorp coordinator`: unblocks, promotes, fires schedules, rescues and counts.
struct CoordinatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Unblock, promote and rescue tasks and fire schedules, until told to stop.",
        discussion: """
            EXAMPLES
              agentcorp coordinator
              agentcorp coordinator --database postgresql://localhost/jobs --log-format json

            Every installation needs one. Several may run: one leads, and another takes over within seconds.
            """)

    @Option(
        help: ArgumentHelp(
            "How often workers say that they live; one that missed three beats is dead.", valueName: "time",
            visibility: .hidden))
    var beat = TimeSpan(argument: "5s")!

    @OptionGroup var logs: LogOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let address = try connection.resolve()
        let logger = logs.start()
        try await address.withPool(size: 5, logger: logger) { pool in
            try await Migrator(pool).check()
            var configuration = CoordinatorConfiguration()
            configuration.listener = address.listener
            configuration.beat = beat.duration
            try await ServiceRunner(logger: logger, grace: .seconds(10)).run([
                Coordinator(pool: pool, configuration: configuration, logger: logger)
            ])
        }
    }
}
