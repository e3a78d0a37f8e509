internal import Postgres
internal import Queue
internal import Worker

extension Bench {
    /// From just before a task is enqueued until it starts: one task at a time, and clients at half their speed.
    func latency(_ database: BenchDatabase) async throws {
        let idle = try await latencies(database, "latency, one task at a time") {
            try await $0(1, 300, .oneAtATime)
        }
        section(idle.title, try idle.figures(p50: .ratioAtMost(1.5), p99: .ratioAtMost(2), reached: 2.1))
        for clients in database.options.connections ?? [4] {
            let count = min(database.options.tasks, 4000) / clients
            let title = "latency at half load, \(clients) client\(clients == 1 ? "" : "s")"
            let busy = try await latencies(database, title) { measure in
                let unpaced = try await measure(clients, max(count / 2, 1), .unpaced).enqueueRate
                return try await measure(clients, max(count, 1), .every(.seconds(2 * Double(clients) / unpaced)))
            }
            section(busy.title, try busy.figures() + [busy.rate])
        }
    }

    /// Measures both legs in turns. `body` gets what measures: so many clients, so many tasks each, and how fast.
    private func latencies(
        _ database: BenchDatabase, _ title: String,
        _ body: ((Int, Int, LatencyPace) async throws -> TaskTimes) async throws -> TaskTimes
    ) async throws -> LatencyRounds {
        let (ours, raw) = try await inTurns(title) {
            try await body {
                try await LatencyLeg(database: database, clients: $0, count: $1, pace: $2).raw()
            }
        } ours: {
            try await body {
                try await LatencyLeg(database: database, clients: $0, count: $1, pace: $2).ours()
            }
        }
        return LatencyRounds(title: title, ours: ours, raw: raw)
    }
}

/// The rounds of one load.
private struct LatencyRounds {
    let title: String
    let ours: [TaskTimes]
    let raw: [TaskTimes]

    func figures(p50: Target? = nil, p99: Target? = nil, reached: Double? = nil) throws -> [Figure] {
        let (ours, raw) = (try ours.map { try $0.latencies() }, try raw.map { try $0.latencies() })
        return [("p50", 0.5, p50), ("p95", 0.95, nil), ("p99", 0.99, p99)].map { name, share, target in
            Figure(
                "enqueue to start, \(name)", .milliseconds, ours: ours.map { $0.quantile(share) },
                raw: raw.map { $0.quantile(share) }, target: target, reached: reached)
        }
    }

    /// How fast the clients enqueued: each leg at half of what it could.
    var rate: Figure {
        Figure("enqueued meanwhile", .perSecond, ours: ours.map(\.enqueueRate), raw: raw.map(\.enqueueRate))
    }
}
