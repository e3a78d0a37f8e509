import ArgumentParser
import FoundationEssentials
import Queue

/// `agentcorp archive`: ended trees as compressed JSON lines.
struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Export ended tasks as compressed JSON lines, and delete them if that is wanted.",
        discussion: """
            EXAMPLES
              agentcorp archive --to done.jsonl.gz --older-than 7d
              agentcorp archive --to /srv/archive/ --older-than 30d --delete
              zcat done.jsonl.gz | jq 'select(.state == "failed") | .kind'

            A tree is deleted only when the file that holds it is complete and on disk. Into a directory goes a file for \
            every 100,000 tasks or so, and what was interrupted goes on with --resume.
            """)

    @Option(help: ArgumentHelp("A file that does not exist yet, or a directory.", valueName: "path")) var to: String
    @Option(help: "Only trees whose root stood in this queue.") var queue: String?
    @Option(help: "Only trees whose root ended so: completed, failed, cancelled or skipped.") var outcome: String?
    @Option(help: ArgumentHelp("Only trees whose root ended so long ago, as 7d.", valueName: "time"))
    var olderThan: TimeSpan?
    @Flag(help: "Delete what has been exported.") var delete = false
    @Flag(help: "Go on after the last file of the newest export in the directory, with the same filters.")
    var resume = false
    @Option(help: ArgumentHelp("In a directory: begin another file after so many tasks.", valueName: "n"))
    var tasksPerFile = 100_000
    @Flag(help: "Do not ask.") var yes = false
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if tasksPerFile < 1 { throw ValidationError("--tasks-per-file is at least 1, not \(tasksPerFile).") }
        if to.isEmpty { throw ValidationError("--to is empty.") }
        if resume, olderThan != nil {
            throw ValidationError("--resume goes on with the moment of the earlier run; leave --older-than out.")
        }
    }

    func run() async throws {
        let earlier = resume ? ExportTarget.interrupted(in: to) : nil
        if resume, earlier == nil {
            throw CommandError(.notFound, "there is no export in \(to) to go on with. Leave --resume out.")
        }
        try await connection.withManager { manager in
            let until =
                if let earlier { earlier.until } else { try await manager.moment(olderThan?.duration ?? .zero) }
            if delete {
                try Confirmation.ask("Delete what has been exported to \(to) from the database?", isGiven: yes)
            }
            let export = TreeExport(
                manager: manager, target: try ExportTarget(to, until: until), until: until, queue: queue,
                outcome: outcome, deletes: delete, tasksPerFile: tasksPerFile
            ) { tasks in
                guard Terminal.errors.isInteractive else { return }
                Terminal.errors.write("\r\(Plural.tasks(tasks)) ")
            }
            let summary = try await export.run(after: earlier?.last ?? 0)
            if Terminal.errors.isInteractive { Terminal.errors.write("\r\u{1B}[K") }
            report(summary)
        }
    }

    private func report(_ summary: TreeExport.Summary) {
        guard !summary.files.isEmpty else { return Terminal.errors.line("nothing to export") }
        for file in summary.files { Terminal.output.line(file) }
        var line = "exported \(Plural.tasks(summary.tasks)) in \(trees(summary.trees))"
        if delete { line += ", deleted \(Plural.tasks(summary.deletedTasks))" }
        Terminal.errors.line(line)
        if delete, summary.deletedTrees < summary.trees {
            Terminal.warn(
                "\(trees(summary.trees - summary.deletedTrees)) stayed: retried meanwhile, in use, or needed by open tasks"
            )
        }
    }

    private func trees(_ count: Int) -> String { count == 1 ? "1 tree" : "\(Plural.grouped(count)) trees" }
}
