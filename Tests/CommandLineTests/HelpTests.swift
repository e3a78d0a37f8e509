import TestSupport
import Testing

@Suite struct HelpTests {
    static let commands: [[String]] = [
        [], ["dev"], ["worker"], ["coordinator"], ["enqueue"], ["run"], ["plan"], ["plan", "check"],
        ["plan", "show"], ["plan", "schema"], ["plan", "load"], ["plan", "list"],
        ["plan", "versions"], ["plan", "remove"], ["runs"], ["runs", "list"], ["runs", "show"], ["runs", "watch"],
        ["runs", "cancel"], ["runs", "retry"], ["runs", "fork"], ["runs", "diff"], ["eval"], ["eval", "run"],
        ["eval", "list"],
        ["eval", "show"], ["eval", "compare"], ["eval", "remove"], ["tasks", "why"], ["tasks"], ["tasks", "list"],
        ["tasks", "show"],
        ["tasks", "tree"], ["tasks", "watch"], ["tasks", "cancel"], ["tasks", "retry"], ["tasks", "output"],
        ["tasks", "steps"], ["tasks", "fork"], ["batches"], ["batches", "list"], ["batches", "show"],
        ["batches", "create"], ["batches", "add"], ["batches", "seal"], ["queues"],
        ["queues", "list"], ["queues", "create"], ["queues", "pause"], ["queues", "resume"], ["schedules"],
        ["schedules", "list"], ["schedules", "set"], ["schedules", "remove"], ["schedules", "pause"],
        ["schedules", "resume"], ["schedules", "run"], ["schedules", "next"], ["workers"], ["history"],
        ["failures"], ["failures", "list"], ["failures", "groups"], ["failures", "show"], ["failures", "retry"],
        ["failures", "redrive"], ["failures", "redrives"], ["failures", "stop"], ["failures", "discard"],
        ["retention"], ["retention", "list"], ["retention", "set"], ["retention", "remove"], ["retention", "run"],
        ["archive"],
        ["migrate"], ["migrate", "up"], ["migrate", "down"], ["migrate", "status"], ["migrate", "print"], ["psql"],
        ["completions"], ["webhooks"], ["plan", "triggers"], ["events"], ["events", "emit"], ["events", "list"],
        ["events", "tail"], ["events", "waits"],
        ["events", "subscribe"], ["events", "unsubscribe"], ["events", "subscriptions"],
        ["hooks"], ["hooks", "list"], ["hooks", "add"], ["hooks", "remove"], ["hooks", "pause"], ["hooks", "resume"],
        ["keys"], ["keys", "generate"], ["keys", "list"], ["keys", "rotate"],
        ["agents"], ["agents", "list"], ["agents", "show"], ["agents", "diff"], ["agents", "check"],
        ["agents", "load"],
        ["agents", "pick"], ["agents", "remove"], ["agents", "decompose"], ["ask"], ["chat"], ["sessions"],
        ["sessions", "list"], ["sessions", "show"], ["sessions", "clear"], ["sessions", "fork"],
        ["sessions", "remove"], ["messages"], ["messages", "list"], ["messages", "send"],
        ["approvals"], ["approvals", "list"], ["approvals", "show"], ["approvals", "decide"],
        ["approvals", "rules"], ["approvals", "rules", "list"], ["approvals", "rules", "add"],
        ["approvals", "rules", "remove"], ["mcp"], ["mcp", "list"], ["mcp", "tools"],
        ["mcp", "call"],
        ["budgets"], ["budgets", "list"], ["budgets", "set"], ["budgets", "remove"], ["costs"],
        ["limits", "providers"],
        ["limits", "providers", "set"], ["limits", "providers", "cool"], ["limits", "providers", "remove"],
        ["memory"], ["memory", "list"], ["memory", "get"], ["memory", "set"], ["memory", "append"],
        ["memory", "delete"],
        ["memory", "declare"], ["memory", "search"], ["memory", "history"], ["memory", "watch"],
    ]

    @Test("every command explains itself with examples", arguments: commands)
    func help(command: [String]) async throws {
        let result = try await Agentcorp.startAlone(command + ["--help"]).waitForExit()
        #expect(result.status == 0)
        #expect(result.output.contains("EXAMPLES"))
        #expect(result.output.contains("USAGE: agentcorp"))
        #expect(result.errors.isEmpty)
    }

    @Test("the version goes to stdout")
    func version() async throws {
        let result = try await Agentcorp.runAlone("--version")
        #expect(result.status == 0)
        #expect(result.output == "0.1.0\n")
    }

    @Test(
        "a mistyped command is answered with the nearest one",
        arguments: [
            (["taks"], "`agentcorp tasks`"), (["tasks", "shwo", "5"], "`agentcorp tasks show`"),
            (["enque", "x"], "`agentcorp enqueue`"),
        ])
    func unknownCommand(words: [String], guess: String) async throws {
        let result = try await Agentcorp.startAlone(words).waitForExit()
        #expect(result.status == 2)
        #expect(result.errors.contains("unknown command"))
        #expect(result.errors.contains("Did you mean \(guess)?"))
        #expect(result.output.isEmpty)
    }

    @Test("a mistyped option is answered with the nearest one")
    func unknownOption() async throws {
        let result = try await Agentcorp.runAlone("tasks", "list", "--stat", "failed")
        #expect(result.status == 2)
        #expect(result.errors.hasPrefix("error: unknown option '--stat'. Did you mean '--state'?"))
    }

    @Test("each shell gets a completion script", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let result = try await Agentcorp.runAlone("completions", shell)
        #expect(result.status == 0)
        #expect(result.output.contains("coordinator"))
    }
}
