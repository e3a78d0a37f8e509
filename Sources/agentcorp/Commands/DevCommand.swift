import Agents
import ArgumentParser
import Coordinator
import EmbeddedPostgres
import FoundationEssentials
import Glibc
import Logging
import Postgres
import Queue
import Worker

/// `agentcorp dev`: everything in one process, on a private PostgreSQL.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Start a private PostgreSQL, a coordinator and a worker in one process.",
        discussion: """
            EXAMPLES
              agentcorp dev
              agentcorp dev --reset              forget all tasks first
              agentcorp dev --data ./data        keep the data elsewhere

            While it runs, other commands find its database by themselves. Ctrl-C stops it; the data stays.
            """)

    @Option(
        help: ArgumentHelp("Where to keep the data; by default under ~/.local/share/agentcorp.", valueName: "directory")
    )
    var data: String?

    @Flag(help: "Remove all data first.") var reset = false
    @Flag(help: "Do not ask before data is removed.") var yes = false
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var logs: LogOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let binaries =
            try environment.nonEmpty("AGENTCORP_PG_BIN") ?? ConfigurationFile.read(environment: environment).binaries
        let directory =
            try data
            ?? EmbeddedPostgresConfiguration.defaultDataDirectory(environment: environment, binaries: binaries)
        if let running = EmbeddedPostgres.attach(dataDirectory: directory) { throw alreadyRuns(running, directory) }
        if reset, FileManager.default.fileExists(atPath: directory) {
            try Confirmation.ask("Remove all tasks and their history in \(directory)?", isGiven: yes)
            try await EmbeddedPostgres.reset(dataDirectory: directory)
        }
        // libpq's environment must not lead away from the private server.
        for variable in ["PGHOSTADDR", "PGSERVICE", "PGOPTIONS"] { unsetenv(variable) }
        let agents = try worker.agents.runtime(logger: logs.logger())
        let logger = logs.start(scrubber: agents.scrubber)
        let server = try await EmbeddedPostgres.start(
            EmbeddedPostgresConfiguration(dataDirectory: directory, binaries: binaries), logger: logger)
        guard server.isOwned else { throw alreadyRuns(server, directory) }
        do {
            try await work(on: server, directory, agents, logger)
            await server.stop()
        } catch {
            await server.stop()
            throw error
        }
    }

    private func work(
        on server: EmbeddedPostgres, _ directory: String, _ agents: AgentRuntime, _ logger: Logger
    ) async throws {
        let address = DatabaseAddress(dsn: server.dsn, origin: "`agentcorp dev`", directDSN: nil, isPooled: false)
        let workerConfiguration = try worker.configuration(for: address)
        var coordinatorConfiguration = CoordinatorConfiguration()
        coordinatorConfiguration.listener = address.listener
        coordinatorConfiguration.beat = workerConfiguration.beat
        try await address.withPool(size: workerConfiguration.lanes.count + 11, logger: logger) { pool in
            try await Migrator(pool).up()
            let handlers = worker.handlers(agents)
            welcome(server, directory, handlers.kinds)
            try await ServiceRunner(logger: logger, grace: workerConfiguration.shutdownGrace).run(
                agents.services + [
                    Coordinator(pool: pool, configuration: coordinatorConfiguration, logger: logger),
                    Worker(pool: pool, handlers: handlers, configuration: workerConfiguration, logger: logger),
                ])
        }
    }

    private func welcome(_ server: EmbeddedPostgres, _ directory: String, _ kinds: [String]) {
        let terminal = Terminal.output
        func field(_ name: String, _ value: String) -> String {
            "  \(terminal.styled(.dim, DisplayText.pad(name, to: 9)))\(value)\n"
        }
        let isDefault = data == nil
        terminal.write(
            terminal.styled(.bold, "agentcorp \(agentCorpVersion)") + " is ready\n"
                + field("data", directory) + field("database", server.dsn)
                + field("queues", worker.queues.defaultValueDescription) + field("kinds", kinds.joined(separator: ", "))
                + "\nIn another terminal:\n"
                + (isDefault ? "" : "  export AGENTCORP_DATABASE=\"\(server.dsn)\"\n")
                    + """
                      agentcorp enqueue command --args '{"argv": ["date"]}' --wait
                      agentcorp tasks list
                      agentcorp psql

                    Ctrl-C stops it; the data stays.


                    """)
    }

    private func alreadyRuns(_ server: EmbeddedPostgres, _ directory: String) -> CommandError {
        CommandError(
            .conflict,
            """
            an `agentcorp dev` runs already on \(directory). Use it from here, as in `agentcorp tasks list\
            \(data == nil ? "" : " --database \"\(server.dsn)\"")`, or stop it first.
            """)
    }
}
