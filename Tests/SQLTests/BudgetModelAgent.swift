import TestSupport
import Testing

/// One of many agents: calls models, is billed at most what it reserved, and crashes now and then.
struct BudgetModelAgent {
    struct Outcome {
        /// What its calls cost, with those that crashed as they were estimated.
        var cents = 0
        var turns = 0
        var refused = 0
        var crashed = 0
    }

    let number: Int
    let seed: UInt64

    func run(calls: Int) async throws -> Outcome {
        var random = SeededGenerator(seed: seed &* 1000 &+ UInt64(number))
        var outcome = Outcome()
        let sql = try await Session.open()
        let worker = try await sql.worker()
        guard let task = try await sql.claim(worker, queue: "q\(number)").first else {
            throw TestSupportError("agent \(number) got no task")
        }
        var attempt = 1
        for call in 1...calls {
            let cents = Int.random(in: 0...40, using: &random)
            let answer = try await sql.reserve(
                task, call, usd: "\(cents) * 0.01", tokens: Int.random(in: 0...300, using: &random), attempt: attempt,
                model: "m\(Int.random(in: 0...3, using: &random))")
            guard answer == "granted" else {
                outcome.refused += 1
                continue
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                #expect(try await sql.unreserve(task, call))
                continue
            case 1:
                // The worker dies; the task is claimed anew, and the next reservation, or the sweeper, charges this one.
                outcome.crashed += 1
                outcome.cents += cents
                try await sql.finish(task, worker, "'snoozed', delay => '0'", attempt: attempt)
                attempt += 1
                repeat {
                    try await sql.run("select agentcorp.promote(0::smallint)")
                } while try await sql.claim(
                    worker, queue: "q\(number)"
                ).isEmpty
            default:
                let bill = Int.random(in: 0...cents, using: &random)
                #expect(
                    try await sql.settle(
                        task, call, usd: "\(bill) * 0.01", tokens: "\(Int.random(in: 0...100, using: &random))"))
                outcome.cents += bill
            }
            outcome.turns += 1
        }
        return outcome
    }
}
