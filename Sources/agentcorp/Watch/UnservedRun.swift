import Queue

/// The warning about a run that waits in a queue which nobody serves.
enum UnservedRun {
    static func warn(_ id: Int64, _ manager: TaskManager) async throws {
        guard let run = try await manager.runs(before: id + 1, limit: 1).first, run.id == id, !run.state.isFinal else {
            return
        }
        let isServed = try await manager.workers().contains { worker in
            worker.state == "alive" && worker.queues.contains(run.queue) && worker.kinds.contains("plan")
        }
        guard !isServed else { return }
        Terminal.warn(
            """
            no live worker handles kind "plan" on queue "\(run.queue)": run \(id) waits until one does. \
            Start one: agentcorp worker\(run.queue == "default" ? "" : " --queues \(run.queue)")
            """)
    }
}
