import ArgumentParser

/// `agentcorp plan`: plans as files, and those that are loaded.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Look at what starts plans.",
        discussion: """
            EXAMPLES
              agentcorp plan triggers
            """,
        subcommands: [PlanTriggersCommand.self])
}
