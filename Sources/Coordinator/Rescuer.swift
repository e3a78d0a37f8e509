internal import Logging
internal import Queue

/// Gives the tasks of dead workers to others.
struct Rescuer: Duty {
    let name = "rescuer"
    let link: CoordinatorLink
    let beat: Duration
    let logger: Logger

    func perform() async throws -> Duration {
        let (workers, tasks) = try await link.rescue(beat: beat)
        if workers > 0 || tasks > 0 {
            logger.warning(
                "rescued the tasks of dead workers", metadata: ["workers": "\(workers)", "tasks": "\(tasks)"])
        }
        return beat
    }
}
