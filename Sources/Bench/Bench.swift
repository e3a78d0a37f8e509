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
        case .plans: try await plans(database)
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

    /// The limit and the engine in turns, as many rounds as were asked for.
    func inTurns<Value>(
        _ title: String, raw: () async throws -> Value, ours: () async throws -> Value
    ) async throws -> (ours: [Value], raw: [Value]) {
        var values: (ours: [Value], raw: [Value]) = ([], [])
        for round in 1...options.rounds {
            report(.progress("\(title): round \(round) of \(options.rounds)"))
            values.raw.append(try await raw())
            values.ours.append(try await ours())
        }
        return values
    }
}
