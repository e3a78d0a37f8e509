import Agents
import Coordinator
import Kinds
import Logging
import Orchestration
import Postgres
import Queue
import ServiceLifecycle
import Worker

/// Works on the tasks of agents and plans in this process while a command waits for them, where no other process does.
///
/// It claims whatever stands in its queues, also what others have put there. So of the built-in kinds, which do what they
/// are told with the rights of whoever started this, it has only those that the plan itself names.
struct LocalWorker {
    let address: DatabaseAddress
    let agents: AgentRuntime
    let queues: [String]
    var kinds: Set<String> = []
    var cipher: (any PayloadCipher)?

    /// Whether no other process works on tasks of that kind of the queue.
    ///
    /// Throws when one does, and options were given that only work done here would heed.
    static func isNeeded(
        _ queue: String, kind: String = "agent", _ manager: TaskManager, options: AgentOptions
    ) async throws -> Bool {
        let worker = try await manager.workers().first { worker in
            worker.state == "alive" && worker.queues.contains(queue) && worker.kinds.contains(kind)
        }
        if let worker, let option = options.given.first {
            throw CommandError(
                .badInput,
                "a worker serves queue \"\(queue)\" (process \(worker.pid) on \(worker.host)), and knows nothing of your \(option): "
                    + "give --queue with the name of a queue that no worker serves, or start the worker with \(option)."
            )
        }
        return worker == nil
    }

    /// Runs a worker and a coordinator as long as the body runs. What is not done by then is given back.
    func run<Result: Sendable>(
        _ pool: PostgresPool, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // The worker makes them, too, but the task may be put there before.
        let manager = TaskManager(pool)
        let known = Set(try await manager.queues().map(\.name))
        for queue in queues where !known.contains(queue) { try await manager.createQueue(queue) }
        var worker = WorkerConfiguration()
        worker.lanes = queues.map { .init($0, concurrency: 20) }
        worker.cipher = cipher
        worker.listener = address.listener
        worker.shutdownGrace = .zero
        worker.version = agentCorpVersion
        var coordinator = CoordinatorConfiguration()
        coordinator.listener = address.listener
        let handlers = HandlerRegistry()
        var builtin = BuiltinKinds.Options()
        builtin.kinds = kinds
        BuiltinKinds.register(in: handlers, options: builtin)
        agents.register(in: handlers)
        OrchestrationRuntime(agents: agents).register(in: handlers)
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
