import ArgumentParser

@main
struct AgentCorp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "agentcorp")
}
