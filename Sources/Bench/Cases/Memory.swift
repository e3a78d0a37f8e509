internal import Postgres

extension Bench {
    /// A million tasks: what worker and coordinator need meanwhile, and how fast people see something afterwards.
    func memory(_ database: BenchDatabase, _ coordinator: BenchProcess) async throws {
        let million = 1_000_000
        let drain = Drain(database: database, workers: [[]], batch: 1000, tasks: million)
        report(.progress("memory: adding a million tasks"))
        try await drain.fill()
        report(.progress("memory: draining a million tasks"))
        let leg = try await drain.ours()
        guard let worker = leg.memory, let peak = ProcessMeter.peakMemory(of: coordinator.pid) else {
            throw BenchError("this system does not say how much memory a process has used")
        }
        section(
            "memory, 1,000,000 tasks drained by one plain worker",
            [
                Figure("worker's peak memory", .mebibytes, ours: [worker], target: .atMost(150)),
                Figure("coordinator's peak memory", .mebibytes, ours: [peak / 1_048_576], target: .atMost(60)),
                Figure("rate", .perSecond, ours: [leg.rate]),
            ])

        try await database.settle(["agentcorp.task", "agentcorp.attempt"])
        let some = try await database.meter.connection.query("select (min(id) + max(id)) / 2 from agentcorp.task").rows[
            0
        ]
        .int64(0)
        let commands = [["tasks", "list", "--state", "failed"], ["queues", "list"], ["tasks", "show", "\(some)"]]
        var times = [[Double]](repeating: [], count: commands.count)
        for turn in 1...10 {
            report(.progress("memory: looking at a million tasks, \(turn) of 10"))
            for (index, command) in commands.enumerated() { times[index].append(try await database.time(command)) }
        }
        section(
            "listings, 1,000,000 finished tasks, whole commands",
            zip(["tasks list --state failed", "queues list", "tasks show ID"], times).map {
                Figure($0, .milliseconds, ours: $1, target: .atMost(50))
            })
        try await database.reset()
    }
}
