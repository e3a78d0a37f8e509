import ArgumentParser
import Migrations
import Postgres
import Queue

/// `agentcorp migrate`: brings the schema up and takes it down.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create, update or remove the database schema.",
        discussion: """
            EXAMPLES
              agentcorp migrate up
              agentcorp migrate status
              agentcorp migrate print >schema.sql       for those who apply it by other means
            """,
        subcommands: [Up.self, Down.self, Status.self, Print.self])

    /// How the commands that change the schema deal with locks of others.
    struct Patience: ParsableArguments {
        @Option(help: ArgumentHelp("How long to go on trying while others hold locks.", valueName: "time"))
        var patience = TimeSpan(argument: "10m")!

        func migrator(_ pool: PostgresPool) -> Migrator {
            Migrator(pool, patience: patience.duration) { Terminal.errors.line("waiting: \($0)") }
        }
    }

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply the migrations that are missing; safe to run again, and by several at once.",
            discussion: """
                EXAMPLES
                  agentcorp migrate up
                  agentcorp migrate up --database postgresql://localhost/jobs

                Workers may go on meanwhile. A migration that cannot have a lock at once steps back and tries again.
                """)

        @Option(help: ArgumentHelp("Stop at this version; by default the newest.", valueName: "version"))
        var to = Migrator.target
        @OptionGroup var patience: Patience
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try MigrateCommand.check(to) }

        func run() async throws {
            let applied = try await connection.resolve().withPool { pool in
                try await patience.migrator(pool).up(to: to)
            }
            for migration in applied { Terminal.output.line("applied \(migration.version) \(migration.name)") }
            if applied.isEmpty { Terminal.output.line("nothing to do: the schema is up to date") }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take migrations back; the data in the tables that they made is lost.",
            discussion: """
                EXAMPLES
                  agentcorp migrate down --to 0       removes all that AgentCorp has made
                """)

        @Option(help: ArgumentHelp("The version to go back to; 0 removes everything.", valueName: "version"))
        var to: Int
        @Flag(help: "Do not ask.") var yes = false
        @OptionGroup var patience: Patience
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws { try MigrateCommand.check(to) }

        func run() async throws {
            let address = try connection.resolve()
            try await address.withPool { pool in
                let applied = try await Migrator(pool).status().version
                guard applied > to else {
                    return Terminal.output.line("nothing to do: the schema is at version \(applied)")
                }
                try Confirmation.ask(
                    "Take the schema in \(address.configuration) from version \(applied) to \(to)? Data is lost.",
                    isGiven: yes)
                for migration in try await patience.migrator(pool).down(to: to) {
                    Terminal.output.line("reverted \(migration.version) \(migration.name)")
                }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the migrations; the exit code is 4 when the schema does not fit this program.",
            discussion: """
                EXAMPLES
                  agentcorp migrate status
                  agentcorp migrate status --json | jq '.[] | select(.applied_at == null)'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            try await connection.resolve().withPool { pool in
                let status = try await Migrator(pool).status()
                try listing.print(
                    status.steps, [.init("VERSION", isRight: true), .init("NAME"), .init("STATE"), .init("APPLIED")],
                    whenEmpty: "no migrations"
                ) { step in
                    [
                        .init(step.version), .init(step.name),
                        .init(step.state.rawValue, style(of: step.state)), .init(step.appliedAt, .dim),
                    ]
                }
                try await Migrator(pool).check()
            }
        }

        private func style(of state: SchemaStatus.State) -> Style {
            switch state {
            case .applied: .green
            case .pending, .unknown: .yellow
            case .changed: .red
            }
        }
    }

    struct Print: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the whole schema as one SQL script; needs no database.",
            discussion: "EXAMPLES\n  agentcorp migrate print | psql -d jobs -v ON_ERROR_STOP=1")

        @OptionGroup var output: OutputOptions

        func run() { Terminal.output.write(Migrator.script()) }
    }

    private static func check(_ version: Int) throws {
        guard (0...Migrator.target).contains(version) else {
            throw ValidationError("--to is a version from 0 to \(Migrator.target), not \(version).")
        }
    }
}
