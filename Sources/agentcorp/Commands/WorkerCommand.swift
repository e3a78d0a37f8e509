import Agents
import ArgumentParser
import Postgres
import Queue
import Worker

/// `agentcorp worker`: claims tasks and runs them.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Claim tasks and run them, until told to stop.",
        discussion: """
            EXAMPLES
              agentcorp worker
              agentcorp worker --queues default,io:4 --concurrency 50
              agentcorp worker --log-format json 2>worker.log

            SIGTERM or Ctrl-C stops gracefully: nothing more is claimed, what has not started is given back, what \
            runs may end within --shutdown-grace and is then cancelled and given back. A second signal leaves at once.
            """)

    @OptionGroup var worker: WorkerOptions
    @OptionGroup var logs: LogOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let address = try connection.resolve()
        let agents = try worker.agents.runtime(logger: logs.logger())
        let logger = logs.start(scrubber: agents.scrubber)
        let configuration = try worker.configuration(for: address)
        try await address.withPool(size: configuration.lanes.count + 6, logger: logger) { pool in
            try await Migrator(pool).check()
            try await ServiceRunner(logger: logger, grace: configuration.shutdownGrace).run(
                agents.services + [
                    Worker(
                        pool: pool, handlers: worker.handlers(agents), configuration: configuration, logger: logger)
                ])
        }
    }
}
