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

    /// Watches it to its end.
    ///
    /// - Throws: ``CommandError`` when it did not complete, and when the user left.
    func untilEnd() async throws {
        let isLive = terminal.isInteractive
        let display: any WatchDisplay<RunNode> = isLive ? LiveRun(terminal) : RunLog(terminal)
        let siblings = isShown ? isLive ? LiveRun.siblings : RunLog.siblings : 0
        let now = ownQueue.map { "waits for a worker" + ($0 == "default" ? "" : " of queue \($0)") }
        let serve = ownQueue.map {
            "\n  go on:           agentcorp worker" + ($0 == "default" ? "" : " --queues \($0)")
        }
        let nodes = try await WatchLoop.run(
            isShown ? display : nil, state: \.state,
            farewell: """
                interrupted; run \(run) \(now ?? "goes on as long as a worker has it").\(serve ?? "")
                  watch it again:  agentcorp runs watch \(run)
                  cancel it:       agentcorp runs cancel \(run)
                """
        ) { try await manager.run(run, siblings: siblings) }
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
}
