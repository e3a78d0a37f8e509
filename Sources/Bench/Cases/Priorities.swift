extension Bench {
    /// The drain with ten priorities in the queue, which all end in turn.
    func priorities(_ database: BenchDatabase) async throws {
        let batch = options.batches.max() ?? 1000
        let worker = ["--concurrency", "1000", "--max-batch", "\(batch)"]
        let plain = Drain(database: database, workers: [worker], batch: batch, tasks: options.tasks)
        var mixed = plain
        mixed.priorities = 10
        var rounds = Rounds()
        var single: [Leg] = []
        for round in 1...options.rounds {
            report(.progress("priorities: round \(round) of \(options.rounds)"))
            try await mixed.fillRaw()
            rounds.raw.append(try await mixed.raw())
            try await mixed.fill()
            rounds.ours.append(try await mixed.ours())
            try await plain.fill()
            single.append(try await plain.ours())
        }
        section(
            "priorities, ten of them in turns, 1 worker process, batches of \(batch)",
            rounds.figures(rate: .ratioAtLeast(0.75), serverCPU: .ratioAtMost(1.4), clientCPU: .atMost(8)) + [
                Figure(
                    "rate beside one priority", .perSecond, ours: rounds.ours.map(\.rate), raw: single.map(\.rate))
            ])
    }
}
