import ArgumentParser
import Orchestration
import Plans
import Queue

extension PlanCommand {
    struct Load: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Make documents the current versions of their plans: all of them, or none when something is wrong.",
            discussion: """
                EXAMPLES
                  agentcorp plan load release-notes.yaml
                  agentcorp plan load plans/*.json --json

                They are checked first, also against the agents that are loaded, and all that is wrong is told at once. Runs \
                that are under way keep their versions. The same document is the same version.
                """)

        @Argument(help: "Files, JSON or YAML; or - for stdin.", completion: .file())
        var files: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let sources = try files.map { try RunSource.document($0) }
            let loaded = try await connection.withManager { manager in
                try await PlanDesk(manager).load(sources)
            }
            try listing.print(
                loaded, [.init("PLAN"), .init("VERSION", isRight: true), .init("CHANGE")], whenEmpty: "no plans"
            ) { [.init($0.name), .init($0.version), .init($0.change, $0.change == "unchanged" ? .dim : .green)] }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the plans that are loaded.",
            discussion: """
                EXAMPLES
                  agentcorp plan list
                  agentcorp plan list --json | jq -r '.[].name'
                """)

        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let plans = try await connection.withManager { try await Orchestrator($0).plans() }
            try listing.print(
                plans,
                [
                    .init("PLAN", isFlexible: true), .init("VERSION", isRight: true), .init("TASKS", isRight: true),
                    .init("LOADED"), .init("DESCRIPTION", isFlexible: true),
                ], whenEmpty: "no plans; load some with: agentcorp plan load FILE..."
            ) { plan in
                [
                    .init(plan.name), .init(plan.version), .init(plan.tasks),
                    .init(TimeText.relative(plan.createdAt), .dim), .init(plan.description, .dim),
                ]
            }
        }
    }

    struct Versions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the versions of a plan.",
            discussion: """
                EXAMPLES
                  agentcorp plan versions release-notes
                """)

        @Argument(help: "The name of the plan.") var name: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let versions = try await connection.withManager { try await Orchestrator($0).versions(of: name) }
            guard !versions.isEmpty else {
                throw CommandError(.notFound, "there is no plan \"\(name)\". See: agentcorp plan list")
            }
            try listing.print(
                versions, [.init("VERSION", isRight: true), .init("LOADED"), .init("SHA-256"), .init("")],
                whenEmpty: "no versions"
            ) { version in
                [
                    .init(version.version), .init(TimeText.relative(version.createdAt), .dim),
                    .init(String(version.sha256.prefix(12)), .dim), .init(version.isCurrent ? "current" : "", .green),
                ]
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take plans out of use; the runs that have begun go on.",
            discussion: """
                EXAMPLES
                  agentcorp plan remove release-notes
                """)

        @Argument(help: "Names of plans.") var names: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.withManager { manager in
                for name in names {
                    try await Orchestrator(manager).remove(name)
                    Terminal.output.line("removed plan \(name)")
                }
            }
        }
    }
}
