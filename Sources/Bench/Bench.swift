internal import Postgres

/// Measures the engine beside the limit of the database: `agentcorp bench`.
public struct Bench: Sendable {
    /// What happens meanwhile.
    public enum Event: Sendable {
        /// What is being measured now.
        case progress(String)
        case section(Section)
    }

    let options: BenchOptions
    let report: @Sendable (Event) -> Void

    public init(_ options: BenchOptions, report: @escaping @Sendable (Event) -> Void) {
        self.options = options
        self.report = report
    }

    /// Runs the chosen cases, or the phase, in a database of its own. Throws `BenchError`, `QueueError` or `PostgresError`.
    public func run() async throws {
        try await BenchDatabase.with(options) { database in
            let coordinator = try await database.start(["coordinator"])
            do {
                if let phase = options.phase {
                    try await run(phase, database)
                } else {
                    for name in options.cases { try await run(name, database, coordinator) }
                }
                await coordinator.stop()
            } catch {
                await coordinator.stop()
                throw error
            }
        }
    }

    private func run(_ name: BenchOptions.Case, _ database: BenchDatabase, _ coordinator: BenchProcess) async throws {
        switch name {
        case .drain: try await drain(database)
        case .claimers: try await claimers(database)
        case .enqueue: try await enqueue(database)
        case .priorities: try await priorities(database)
        case .keys: try await keys(database)
        case .memory: try await memory(database, coordinator)
        case .start: try await start(database)
        case .latency: try await latency(database)
        case .chain: try await chain(database)
        case .fan: try await fan(database)
        }
    }

    private func run(_ phase: BenchOptions.Phase, _ database: BenchDatabase) async throws {
        switch phase {
        case .pinnedXmin: try await pinnedXmin(database)
        case .churn: try await churn(database)
        case .idle: try await idle(database)
        }
    }

    func section(_ title: String, _ figures: [Figure]) {
        report(.section(Section(title: title, figures: figures)))
    }

    private func drain(_ database: BenchDatabase) async throws {
        let tuned = ["--concurrency", "1000"]
        for batch in options.batches {
            var single: Rounds?
            for processes in [1, 2] {
                let title = "drain, \(processes) worker process\(processes == 1 ? "" : "es"), batches of \(batch)"
                let workers = [[String]](repeating: tuned + ["--max-batch", "\(batch)"], count: processes)
                let rounds = try await Drain(database: database, workers: workers, batch: batch, tasks: options.tasks)
                    .rounds { report(.progress("\(title): \($0)")) }
                var figures = rounds.figures(
                    rate: .ratioAtLeast(processes == 1 ? 0.75 : 0.7), serverCPU: .ratioAtMost(1.4),
                    clientCPU: .atMost(8))
                if let single {
                    figures.append(
                        Figure(
                            "rate beside one process", .perSecond, ours: rounds.ours.map(\.rate),
                            raw: single.ours.map(\.rate),
                            target: .ratioAtLeast(1.4)))
                }
                section(title, figures)
                single = single ?? rounds
                guard processes == 1, batch == options.batches.max() else { continue }
                let plain = try await Drain(database: database, workers: [[]], batch: batch, tasks: options.tasks)
                    .rounds { report(.progress("drain, out of the box: \($0)")) }
                section(
                    "drain, 1 worker process, out of the box",
                    plain.figures(rate: nil)
                        + [
                            Figure(
                                "rate beside the tuned one", .perSecond, ours: plain.ours.map(\.rate),
                                raw: rounds.ours.map(\.rate), target: .ratioAtLeast(0.9))
                        ])
            }
        }
    }
}
