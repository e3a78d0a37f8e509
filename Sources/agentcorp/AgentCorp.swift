import ArgumentParser
import Glibc

/// The command line: settings and wiring; rules live in the database, work in the modules below.
@main
struct AgentCorp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agentcorp",
        abstract: "Durable trees of tasks on PostgreSQL.",
        discussion: """
            EXAMPLES
              agentcorp dev                                     start everything on a private PostgreSQL
              agentcorp enqueue command --args '{"argv": ["date"]}' --wait
              agentcorp run plan.yaml --input topic=queues      run a plan, watch it, print its result
              agentcorp tasks list --state failed

            Without --database, AGENTCORP_DATABASE, PGHOST and the like, or a configuration file, commands talk to \
            the server of `agentcorp dev`. Exit codes: 0 success, 1 the task failed, 2 bad input, 3 cannot connect, \
            4 schema mismatch, 5 not found, 6 conflict, 70 other, 130 interrupted.
            """,
        version: agentCorpVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Processes",
                subcommands: [DevCommand.self, WorkerCommand.self, CoordinatorCommand.self, WebhooksCommand.self]),
            CommandGroup(
                name: "Work",
                subcommands: [
                    EnqueueCommand.self, RunCommand.self, PlanCommand.self, RunsCommand.self, TasksCommand.self,
                    BatchesCommand.self, QueuesCommand.self,
                    SchedulesCommand.self,
                    WorkersCommand.self, LimitsCommand.self, HistoryCommand.self,
                    EventsCommand.self, HooksCommand.self, FailuresCommand.self,
                ]),
            CommandGroup(
                name: "Agents",
                subcommands: [
                    AskCommand.self, ChatCommand.self, SessionsCommand.self, MessagesCommand.self,
                    ApprovalsCommand.self,
                    AgentsCommand.self, MCPCommand.self, MemoryCommand.self, BudgetsCommand.self, CostsCommand.self,
                    EvalCommand.self,
                ]),
            CommandGroup(
                name: "Database",
                subcommands: [
                    MigrateCommand.self, DoctorCommand.self, RetentionCommand.self, ArchiveCommand.self,
                    KeysCommand.self, PsqlCommand.self, BenchCommand.self,
                ]),
            CommandGroup(name: "Shell", subcommands: [CompletionsCommand.self]),
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Glibc.exit(Failure.report(error).rawValue)
        }
    }
}
