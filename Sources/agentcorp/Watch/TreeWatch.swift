import Queue

/// Follows a task and all below it until it ends.
struct TreeWatch: Sendable {
    let manager: TaskManager
    let root: Int64
    /// Where progress is shown.
    var terminal = Terminal.errors
    /// Whether a result that is a string is printed without quotes.
    var isRaw = false

    /// How long to look between two times; longer for trees that take long to read, and when nothing happens.
    private static let interval: ClosedRange<Duration> = .milliseconds(80) ... .seconds(1)

    /// Watches it to its end and prints what it returned.
    func printResult() async throws {
        try await untilEnd()
        ResultText.print(try await manager.output(of: root), isRaw: isRaw)
    }

    /// Watches it to its end.
    ///
    /// - Throws: ``CommandError`` when it did not complete, and when the user left.
    func untilEnd() async throws {
        guard let nodes = try await Interruption.race({ try await follow() }) else {
            // The terminal has echoed ^C.
            if Terminal.errors.isInteractive { Terminal.errors.line() }
            throw CommandError(
                .interrupted,
                """
                interrupted; task \(root) goes on without you.
                  watch it again:  agentcorp tasks watch \(root)
                  cancel it:       agentcorp tasks cancel \(root)
                """)
        }
        if let error = TreeFailure.message(of: nodes) { throw CommandError(.taskFailed, error) }
    }

    private func follow() async throws -> [TaskNode] {
        var display: any TreeDisplay = terminal.isInteractive ? LiveTree(terminal) : ChangeLog(terminal)
        var interval = Self.interval.lowerBound
        while true {
            let start = ContinuousClock.now
            let nodes = try await Patience.read { try await manager.tree(root) }
            let hasChanged = display.show(nodes)
            if nodes[0].state.isFinal { return nodes }
            let floor = max(Self.interval.lowerBound, (ContinuousClock.now - start) * 4)
            interval = min(Self.interval.upperBound, hasChanged ? floor : max(floor, interval * 1.2))
            try await Task.sleep(for: interval)
        }
    }
}
