import Agents
import FoundationEssentials
import JSON
import Logging
import Postgres
import Queue

/// Talking to agents from a terminal: somebody works on what is asked, and it is shown.
struct AgentTalk: Sendable {
    let manager: TaskManager
    /// Whether words are shown as they come.
    let isStreaming: Bool

    /// Connects, and works on the queue in this process where no other does.
    static func with<Result: Sendable>(
        _ connection: ConnectionOptions, _ agents: AgentOptions, queue: String, isStreaming: Bool,
        _ body: @escaping @Sendable (AgentTalk) async throws -> Result
    ) async throws -> Result {
        let address = try connection.resolve()
        let runtime = try agents.runtime()
        return try await address.withPool(size: 14) { pool in
            try await Migrator(pool).check()
            let talk = AgentTalk(manager: TaskManager(pool), isStreaming: isStreaming)
            guard try await LocalWorker.isNeeded(queue, talk.manager, options: agents) else {
                return try await body(talk)
            }
            Terminal.errors.line(
                Terminal.errors.styled(
                    .dim, "no worker for agents on queue \(queue): working on it here"))
            return try await LocalWorker(address: address, agents: runtime, queues: [queue]).run(pool) {
                try await body(talk)
            }
        }
    }

    /// Follows a task to its end, and says what it took; nil when the user left.
    func follow(_ task: Int64) async throws -> AgentWatch.End? {
        let began = ContinuousClock.now
        let watch = AgentWatch(manager: manager, task: task, isStreaming: isStreaming)
        do {
            guard let end = try await Interruption.race({ try await watch.untilEnd() }) else {
                // After what the terminal shows of Ctrl-C, and maybe half a sentence.
                if isStreaming { Terminal.errors.line() }
                return nil
            }
            if let progress = end.progress {
                Terminal.errors.line(
                    Terminal.errors.styled(
                        .dim,
                        AgentTimeline.total(progress) + ", "
                            + TimeText.duration(ContinuousClock.now - began) + ", task \(task)"))
            }
            return end
        } catch let failure as TaskFailure {
            throw CommandError(
                .taskFailed,
                "task \(task) failed: \(failure.message)\n  look at it:  agentcorp tasks show \(task)")
        }
    }

    static func interrupted(_ task: Int64) -> CommandError {
        CommandError(
            .interrupted,
            """
            interrupted; task \(task) goes on as soon as a worker has it.
              watch it:   agentcorp ask --task \(task)
              cancel it:  agentcorp tasks cancel \(task)
            """)
    }
}
