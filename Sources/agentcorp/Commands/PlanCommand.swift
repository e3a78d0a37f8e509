import ArgumentParser

/// `agentcorp plan`: plans as files, and those that are loaded.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Check, draw, load, list and remove plans, and look at what starts them.",
        discussion: """
            EXAMPLES
              agentcorp plan check release-notes.yaml
              agentcorp plan show release-notes.yaml
              agentcorp plan load release-notes.yaml
              agentcorp plan list
              agentcorp plan triggers
              agentcorp run release-notes --input tag=v2
            """,
        subcommands: [
            Check.self, Show.self, Load.self, List.self, Versions.self, Remove.self, PlanTriggersCommand.self,
            Schema.self,
        ],
        defaultSubcommand: List.self)
}
