internal import Queue

/// The part of a task's policy that the worker enforces.
struct TaskPolicy: Decodable {
    let timeoutMilliseconds: Int64?

    enum CodingKeys: String, CodingKey {
        case timeoutMilliseconds = "timeout_ms"
    }

    /// How long a task may run; nil for ever.
    static func timeout(of task: ClaimedTask) -> Duration? {
        guard let policy = task.policy, let decoded = try? JSONCoding.decode(policy, as: TaskPolicy.self) else {
            return nil
        }
        return decoded.timeoutMilliseconds.map { .milliseconds($0) }
    }
}
