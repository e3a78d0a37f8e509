import Agents
import Coordinator
import Logging
import Postgres
import Queue
import ServiceLifecycle
import Worker

/// Works on agents' tasks in this process while a command waits for them, where no other process does.
struct LocalWorker {
    let address: DatabaseAddress
    let agents: AgentRuntime
    let queue: String

    /// Whether some process works on agents' tasks of the queue.
    static func isNeeded(_ queue: String, _ manager: TaskManager) async throws -> Bool {
        try await !manager.workers().contains { worker in
            worker.state == "alive" && worker.queues.contains(queue) && worker.kinds.contains("agent")
        }
    }

    /// Runs a worker and a coordinator as long as the body runs. What is not done by then is given back.
    func run<Result: Sendable>(
        _ pool: PostgresPool, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        var worker = WorkerConfiguration()
        worker.lanes = [.init(queue, concurrency: 20)]
        worker.listener = address.listener
        worker.shutdownGrace = .zero
        worker.version = agentCorpVersion
        var coordinator = CoordinatorConfiguration()
        coordinator.listener = address.listener
        let handlers = HandlerRegistry()
        agents.register(in: handlers)
        let logger = Logger.silent
        let services: [any Service] =
            agents.services + [
                Coordinator(pool: pool, configuration: coordinator, logger: logger),
                Worker(pool: pool, handlers: handlers, configuration: worker, logger: logger),
            ]
        let group = ServiceGroup(
            configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                do {
                    let result = try await body()
                    await group.triggerGracefulShutdown()
                    return result
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            var found: Result?
            // The services end after the body; if they end before, that is an error of theirs.
            for try await result in tasks { found = found ?? result }
            guard let found else { throw CommandError(.unexpected, "the worker ended before its task.") }
            return found
        }
    }
}
