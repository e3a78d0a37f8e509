import ArgumentParser
import FoundationEssentials
import Glibc
import Postgres

/// `agentcorp psql`: becomes psql on the same database.
struct PsqlCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "psql",
        abstract: "Open psql on the database.",
        discussion: """
            EXAMPLES
              agentcorp psql
              agentcorp psql -c 'select * from agentcorp.queues'
              agentcorp psql --database postgresql://localhost/jobs -- --help

            All arguments from the first that is not a connection option go to psql. Functions and views for your own \
            SQL are in the schema agentcorp.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("Arguments of psql.", valueName: "args"))
    var arguments: [String] = []

    func run() throws {
        // -h stays psql's: the host.
        if arguments.first == "--help" { throw CleanExit.helpRequest(self) }
        // By the environment, which, unlike the arguments, no other user sees: there may be a password in it.
        for (name, value) in try connection.resolve().configuration.environment() { setenv(name, value, 1) }
        let rest = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
        var words: [UnsafeMutablePointer<CChar>?] = (["psql"] + rest).map { strdup($0) }
        words.append(nil)
        execvp("psql", words)
        guard errno == ENOENT else {
            throw CommandError(.unexpected, "cannot start psql: \(String(cString: strerror(errno))).")
        }
        if let folder = ProcessInfo.processInfo.environment.nonEmpty("AGENTCORP_PG_BIN") {
            execv(folder + "/psql", words)
        }
        throw CommandError(.notFound, "psql is not on PATH. Install it (Debian: apt-get install postgresql-client).")
    }
}
