import Queue

/// Follows a task and all below it until it ends.
struct TreeWatch: Sendable {
    let manager: TaskManager
    let root: Int64
    /// Where progress is shown.
    var terminal = Terminal.errors
    /// Whether a result that is a string is printed without quotes.
    var isRaw = false

    /// Watches it to its end and prints what it returned.
    func printResult() async throws {
        try await untilEnd()
        ResultText.print(try await manager.output(of: root), isRaw: isRaw)
    }

    /// Watches it to its end.
    ///
    /// - Throws: ``CommandError`` when it did not complete, and when the user left.
    func untilEnd() async throws {
        let display: any WatchDisplay<TaskNode> = terminal.isInteractive ? LiveTree(terminal) : ChangeLog(terminal)
        let nodes = try await WatchLoop.run(
            display, state: \.state,
            farewell: """
                interrupted; task \(root) goes on without you.
                  watch it again:  agentcorp tasks watch \(root)
                  cancel it:       agentcorp tasks cancel \(root)
                """
        ) { try await manager.tree(root) }
        if let error = TreeFailure.message(of: nodes) { throw CommandError(.taskFailed, error) }
    }
}
