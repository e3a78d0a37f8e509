import ArgumentParser
import Orchestration
import Queue

/// `agentcorp plan triggers`: when plans start by themselves.
struct PlanTriggersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "triggers",
        abstract: "List what starts plans by itself, and pause or resume one of a plan.",
        discussion: """
            EXAMPLES
              agentcorp plan triggers
              agentcorp plan triggers incident
              agentcorp plan triggers incident --pause 0
              agentcorp plan triggers incident --resume 0

            A trigger is an element of "on" in the document of a plan; they are numbered from 0.
            """)

    @Argument(help: "A plan; without, those of all plans.") var name: String?
    @Option(help: ArgumentHelp("Pause this trigger of the plan.", valueName: "number")) var pause: Int?
    @Option(help: ArgumentHelp("Resume this trigger of the plan.", valueName: "number")) var resume: Int?
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var listing: ListingOptions

    func validate() throws {
        if name == nil, pause != nil || resume != nil {
            throw ValidationError("--pause and --resume need the name of a plan.")
        }
    }

    func run() async throws {
        let triggers = try await connection.withManager { manager in
            let orchestrator = Orchestrator(manager)
            if let name, let pause { try await orchestrator.pauseTrigger(pause, of: name) }
            if let name, let resume { try await orchestrator.pauseTrigger(resume, of: name, false) }
            let triggers = try await orchestrator.triggers(of: name)
            if let name, triggers.isEmpty, try await orchestrator.plan(name) == nil {
                throw CommandError(.notFound, "unknown plan \"\(name)\". See: agentcorp plan list")
            }
            return triggers
        }
        try listing.print(
            triggers,
            [
                .init("PLAN", isFlexible: true), .init("N", isRight: true), .init("KIND"),
                .init("WHAT", isFlexible: true), .init("STATE"), .init("NEXT"), .init("ERROR", isFlexible: true),
            ], whenEmpty: name.map { "plan \($0) does not start by itself" } ?? "no plan starts by itself"
        ) { trigger in
            [
                .init(trigger.plan), .init("\(trigger.number)"), .init(trigger.kind.rawValue),
                .init(trigger.what, .cyan),
                trigger.pausedAt == nil ? .init("active", .green) : .init("paused", .yellow),
                .init(trigger.nextFireAt.map { TimeText.relative($0) }), .init(trigger.error, .red),
            ]
        }
    }
}
