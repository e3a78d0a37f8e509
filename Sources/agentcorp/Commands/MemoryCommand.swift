import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

/// `agentcorp memory`: looks into the memories of runs, agents, users and everybody, and writes there.
struct MemoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Read, write, search and watch what agents remember.",
        discussion: """
            EXAMPLES
              agentcorp memory list --scope agent --owner researcher
              agentcorp memory set plan '{"next": "read"}' --scope run --owner 42
              agentcorp memory search 'aqueduct or bridge' --scope agent --owner researcher
              agentcorp memory watch --scope global

            A memory is that of a run (its owner is a task of it), of an agent, of a user, or global, which has no owner.
            """,
        subcommands: [
            List.self, Get.self, Set.self, Append.self, Delete.self, Declare.self, Search.self, History.self,
            Watch.self,
        ])

    /// Which memory.
    struct Place: ParsableArguments {
        @Option(help: ArgumentHelp("run, agent, user or global.", valueName: "scope"))
        var scope = Memory.Scope.global

        @Option(help: ArgumentHelp("A task of the run, the agent, or the user.", valueName: "name"))
        var owner: String?

        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if (scope == .global) != (owner == nil) {
                throw ValidationError(
                    owner == nil
                        ? "Say with --owner whose memory it is." : "Global memory has no owner: say the --scope.")
            }
        }

        /// Lends the memory.
        func withMemory<Result>(_ body: (Memory) async throws -> Result) async throws -> Result {
            try await connection.resolve().withPool { pool in
                try await Migrator(pool).check()
                return try await body(Memory(pool, scope, of: owner))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys with their values.",
            discussion: """
                EXAMPLES
                  agentcorp memory list
                  agentcorp memory list --scope agent --owner researcher --prefix notes/ --json
                """)

        @Option(help: "Only keys that begin so.") var prefix = ""
        @Option(help: ArgumentHelp("Only keys after this one.", valueName: "key")) var after = ""
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 100
        @OptionGroup var place: Place
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let entries = try await place.withMemory {
                try await $0.list(prefix: prefix, after: after, limit: limit)
            }
            try listing.print(
                entries,
                [
                    .init("KEY", isFlexible: true), .init("VERSION", isRight: true), .init("RULE"),
                    .init("WRITTEN"), .init("BY", isRight: true), .init("VALUE", isFlexible: true),
                ], whenEmpty: "nothing is remembered there"
            ) { entry in
                [
                    .init(entry.key, .cyan), .init(entry.version), .init(entry.merge.rawValue, .dim),
                    .init(TimeText.relative(entry.writtenAt), .dim), .init(entry.author.map { "\($0)" }, .dim),
                    .init(entry.value?.text ?? "\(entry.bytes) bytes", entry.value == nil ? .dim : .plain),
                ]
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the value of a key as JSON.",
            discussion: """
                EXAMPLES
                  agentcorp memory get plan --scope run --owner 42
                  agentcorp memory get plan --scope run --owner 42 --json | jq .version
                """)

        @Argument(help: "The key.") var key: String
        @Flag(help: "Print all about it: value, version, rule, author.") var json = false
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let entry = try await place.withMemory({ try await $0.get(key) }) else {
                throw CommandError(.notFound, "there is nothing under \"\(key)\".")
            }
            Terminal.output.line(json ? try JSONCoding.encode(entry).text : entry.value?.text ?? "null")
        }
    }

    struct Search: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find keys by words in key and value, the best first.",
            discussion: """
                EXAMPLES
                  agentcorp memory search 'aqueduct or bridge' --scope agent --owner researcher
                  agentcorp memory search '"day trip" -paris' --language english --json

                Words must all occur; "phrases" as they stand; or; -without.
                """)

        @Argument(help: "The words.") var query: String
        @Option(help: ArgumentHelp("Find word stems of this language, as english.", valueName: "name"))
        var language = "simple"
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 20
        @OptionGroup var place: Place
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let matches = try await place.withMemory {
                try await $0.search(query, limit: limit, language: language)
            }
            try listing.print(
                matches,
                [.init("KEY", isFlexible: true), .init("RANK", isRight: true), .init("WHERE", isFlexible: true)],
                whenEmpty: "nothing was found"
            ) { match in
                [.init(match.key, .cyan), .init("\((match.rank * 100).rounded() / 100)", .dim), .init(match.excerpt)]
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what was written to a key, the latest first.",
            discussion: """
                EXAMPLES
                  agentcorp memory history plan --scope run --owner 42
                  agentcorp memory history visits --before 100 --json
                """)

        @Argument(help: "The key.") var key: String
        @Option(help: ArgumentHelp("Only earlier versions.", valueName: "version")) var before: Int?
        @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit = 50
        @OptionGroup var place: Place
        @OptionGroup var listing: ListingOptions

        func validate() throws { try ValueCheck.limit(limit) }

        func run() async throws {
            let versions = try await place.withMemory {
                try await $0.history(key, before: before, limit: limit)
            }
            try listing.print(
                versions,
                [
                    .init("VERSION", isRight: true), .init("WRITTEN"), .init("BY", isRight: true),
                    .init("CHANGE", isFlexible: true),
                ], whenEmpty: "nothing was ever written to \"\(key)\""
            ) { version in
                [
                    .init(version.version), .init(TimeText.relative(version.writtenAt), .dim),
                    .init(version.author.map { "\($0)" }, .dim),
                    version.isDeleted ? .init("deleted", .red) : .init(version.change?.text ?? "null"),
                ]
            }
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print keys as they are written, until Ctrl-C.",
            discussion: """
                EXAMPLES
                  agentcorp memory watch --scope run --owner 42
                  agentcorp memory watch visits --json

                A key that is written often is shown as it is now; what was between is in its history.
                """)

        @Argument(help: "Only this key.") var key: String?
        @Flag(help: "Print each change as a line of JSON.") var json = false
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await place.withMemory { memory in
                _ = try await Interruption.race { try await follow(memory) }
            }
        }

        private func follow(_ memory: Memory) async throws {
            var changes = try await memory.watch(key).makeAsyncIterator()
            while let change = try await Patience.read({ try await changes.next() }) {
                let terminal = Terminal.output
                guard !json else {
                    terminal.line(try JSONCoding.encode(change).text)
                    continue
                }
                terminal.line(
                    [
                        terminal.styled(.cyan, DisplayText.printable(change.key)), "\(change.version)",
                        change.isDeleted
                            ? terminal.styled(.red, "deleted") : DisplayText.printable(change.value?.text ?? "-"),
                    ].joined(separator: "  "))
            }
        }
    }
}
