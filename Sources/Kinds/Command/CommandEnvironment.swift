internal import FoundationEssentials
internal import Queue

/// The environment of a command: a few harmless variables of the worker, its own, and the identity of its task.
///
/// Nothing else of the worker's environment goes through: that holds the database's address and other people's keys.
struct CommandEnvironment: Sendable {
    private static let harmless: Set<String> = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"]

    private let inherited: [String: String]

    /// - Parameter more: Names that the operator of the worker lets through too.
    init(of worker: [String: String], more: [String] = []) {
        inherited = worker.filter { name, _ in
            Self.harmless.contains(name) || name.hasPrefix("LC_") || more.contains(name)
        }
    }

    func variables(for key: AttemptKey, of fire: ScheduledFire? = nil, adding own: [String: String]) -> [String: String]
    {
        var identity = [
            "AGENTCORP_TASK_ID": "\(key.task)",
            "AGENTCORP_ATTEMPT": "\(key.attempt)",
            "AGENTCORP_ATTEMPT_KEY": "\(key.task):\(key.attempt)",
            "AGENTCORP_IDEMPOTENCY_KEY": key.idempotencyKey,
        ]
        if let fire {
            identity["AGENTCORP_SCHEDULE"] = fire.schedule
            identity["AGENTCORP_FIRE_AT"] = fire.fireAt.formatted(Date.ISO8601FormatStyle())
        }
        return inherited.merging(own) { $1 }.merging(identity) { $1 }
    }
}

extension AttemptKey {
    /// The same for every attempt of the task: what a service needs to see that it has had the request before.
    var idempotencyKey: String { "agentcorp-\(task)" }
}
