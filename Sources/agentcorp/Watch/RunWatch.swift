import Queue

/// Follows a run until it ends.
struct RunWatch: Sendable {
    let manager: TaskManager
    let run: Int64
    /// Where progress is shown.
    var terminal = Terminal.errors
    /// Whether it is shown at all.
    var isShown = true
    /// The queue of the run, where nobody but this process serves it.
    var ownQueue: String?

    /// How long to look between two times; longer for runs that take long to read, and when nothing happens.
    private static let interval: ClosedRange<Duration> = .milliseconds(100) ... .seconds(1)

    /// Watches it to its end.
    ///
    /// - Throws: ``CommandError`` when it did not complete, and when the user left.
    func untilEnd() async throws {
        guard let nodes = try await Interruption.race({ try await follow() }) else {
            // The terminal has echoed ^C.
            if Terminal.errors.isInteractive { Terminal.errors.line() }
            let now = ownQueue.map { "waits for a worker" + ($0 == "default" ? "" : " of queue \($0)") }
            let serve = ownQueue.map {
                "\n  go on:           agentcorp worker" + ($0 == "default" ? "" : " --queues \($0)")
            }
            throw CommandError(
                .interrupted,
                """
                interrupted; run \(run) \(now ?? "goes on as long as a worker has it").\(serve ?? "")
                  watch it again:  agentcorp runs watch \(run)
                  cancel it:       agentcorp runs cancel \(run)
                """)
        }
        if let error = Self.failure(of: nodes) { throw CommandError(.taskFailed, error) }
    }

    /// Why it did not complete, in words; nil when it did.
    static func failure(of nodes: [RunNode]) -> String? {
        let run = nodes[0]
        guard run.state != .completed else { return nil }
        let verb = run.state == .failed ? "failed" : "was \(run.state.rawValue)"
        let error = run.error.map { ": \(DisplayText.printable($0))" } ?? ""
        return """
            run \(run.id) \(verb)\(error)
              why:      agentcorp tasks why \(run.id)
              go on:    agentcorp runs retry \(run.id)
            """
    }

    private func follow() async throws -> [RunNode] {
        var display: any RunDisplay = terminal.isInteractive ? LiveRun(terminal) : RunLog(terminal)
        var interval = Self.interval.lowerBound
        while true {
            let start = ContinuousClock.now
            let siblings = isShown ? display.siblings : 0
            let nodes = try await Patience.read { try await manager.run(run, siblings: siblings) }
            let hasChanged = isShown && display.show(nodes)
            if nodes[0].state.isFinal { return nodes }
            let floor = max(Self.interval.lowerBound, (ContinuousClock.now - start) * 4)
            interval = max(floor, hasChanged ? floor : min(Self.interval.upperBound, interval * 1.2))
            try await Task.sleep(for: interval)
        }
    }
}
