import Foundation
import JSON
import MockServer
import Postgres
import Synchronization
import TestSupport
import Testing

/// Random agents with random tools, a model that errs, people who decide as they like, and workers that die.
/// `AGENTCORP_SOAK_SEED` repeats a run, `AGENTCORP_SOAK_KILLS` makes it longer.
@Suite(.checkedDatabase, .serialized)
struct AgentChaosTests {
    private static let seed =
        ProcessInfo.processInfo.environment["AGENTCORP_SOAK_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0 ... .max)
    private static let kills = ProcessInfo.processInfo.environment["AGENTCORP_SOAK_KILLS"].flatMap(Int.init) ?? 6
    private static let tasks = 16

    /// What the model has said, by whether the worker can have got all of it.
    private final class Ledger: Sendable {
        let whole = Mutex<[String: Int]>([:])
        let faults = Mutex((refused: 0, broken: 0))
    }

    private static func answer(_ request: MockRequest, _ ledger: Ledger) -> MockAnswer {
        guard case .array(let messages)? = request.json["messages"] else { return .hangUp }
        let prompt = messages.lazy.compactMap { $0["role"]?.string == "user" ? $0["content"]?.text : nil }.first ?? ""
        let digits = prompt.filter(\.isNumber)
        let number = UInt64(digits) ?? 0
        let answers = messages.count { $0["role"]?.string == "assistant" }
        // The same question has the same answer, but not the same luck.
        var script = SeededGenerator(seed: seed ^ number << 8 ^ UInt64(answers))
        var luck = SeededGenerator(seed: seed ^ UInt64(request.number) << 20)
        let turns = Int(number % 5)
        let isForced = request.json["tool_choice"]?.string == "none"
        var answer: MockAnswer
        if answers >= turns || isForced {
            answer = MockOpenAI.text("done after \(answers)")
        } else {
            let calls = (0..<Int.random(in: 1...3, using: &script)).map { index in
                let tool = ["look", "look", "put", "send", "none"].randomElement(using: &script)!
                return MockCall(
                    "desk__\(tool)", ["id": .string("\(number).\(answers).\(index)")], id: "call_\(answers)_\(index)")
            }
            answer = MockOpenAI.stream(MockOpenAI.chunks(text: "let me see", calls: calls))
        }
        switch Int.random(in: 0..<20, using: &luck) {
        case 0:
            ledger.faults.withLock { $0.refused += 1 }
            return MockOpenAI.error(500)
        case 1:
            ledger.faults.withLock { $0.refused += 1 }
            return MockOpenAI.error(429, headers: ["retry-after-ms": "100"])
        case 2:
            ledger.faults.withLock { $0.broken += 1 }
            return answer.cut(after: 2, then: .drop)
        case 3...8: answer = answer.inserting(.pause(.milliseconds(Int.random(in: 20...300, using: &luck))), at: 2)
        default: break
        }
        ledger.whole.withLock { $0["\(number).\(answers)", default: 0] += 1 }
        return answer
    }

    @Test("whatever happens to workers and models, each agent ends right", .timeLimit(.minutes(30)))
    func random() async throws {
        let ledger = Ledger()
        let model = try await MockServer.start { Self.answer($0, ledger) }
        var random = SeededGenerator(seed: Self.seed)
        try await TestDatabase.current.withPool { pool in
            let fleet = try AgentFleet(pool, model: model)
            try await fleet.putAgent()
            for _ in 0..<2 { try fleet.startWorker() }
            var tasks: [Int64] = []
            for number in 0..<Self.tasks { tasks.append(try await fleet.ask("\(1000 + number)")) }
            let list = tasks.map { "\($0)" }.joined(separator: ",")
            var kills = 0
            var nextKill = ContinuousClock.now + .seconds(2)
            let deadline = ContinuousClock.now + .seconds(240)
            let open =
                "select count(*) from agentcorp.tasks where id in (\(list)) and state not in ('completed', 'failed')"
            while try await fleet.rows(open) != ["0"] || kills < 2 {
                guard ContinuousClock.now < deadline else {
                    let states = try await fleet.rows("select id, state from agentcorp.tasks")
                    throw TestSupportError("seed \(Self.seed): \(states); \(fleet.workers.map(\.errors))")
                }
                if kills < Self.kills, ContinuousClock.now > nextKill {
                    try fleet.killOne(&random)
                    kills += 1
                    nextKill = .now + .milliseconds(Int.random(in: 300...1500, using: &random))
                }
                // People decide as they like.
                for line in try await fleet.rows(
                    "select id, array_to_string(decisions, ',') d from agentcorp.approval where decided_at is null")
                {
                    let fields = line.split(separator: "|").map(String.init)
                    let decision = fields[1].split(separator: ",").map(String.init).randomElement(using: &random)!
                    _ = try? await pool.query(
                        "select agentcorp.decide($1, $2, 'ann', 'because')", [Int64(fields[0])!, decision])
                }
                // What happens must happen at random moments; nothing is waited for.
                try await Task.sleep(for: .milliseconds(50))
            }
            fleet.killWorkers()
            let note = Comment("seed \(Self.seed)")
            #expect(
                try await fleet.rows(
                    "select id, state from agentcorp.tasks where id in (\(list)) and state <> 'completed'") == [], note)
            // Each answer was committed once, and nobody was asked for one that was there.
            let turns = try await fleet.rows(
                "select t.prompt || '.' || u.seq - 1 || '.' || b.turns_spent k from agentcorp.turn u join (select id, args ->> 'prompt' prompt from agentcorp.task) t on t.id = u.task_id join agentcorp.budget b on b.task_id = u.task_id"
            )
            let committed = turns.count
            let whole = ledger.whole.withLock { $0 }
            #expect(whole.count == committed, note)
            let lost = whole.values.reduce(0, +) - committed
            let (refused, broken) = ledger.faults.withLock { $0 }
            #expect(model.requests.count == committed + lost + refused + broken, note)
            // What is charged: answers, what broke off, and what was under way when a worker died.
            let charged = try await fleet.rows(
                "select sum(turns_spent), sum(turns_reserved), sum(tokens_reserved) from agentcorp.budget")[0]
            let spent = Int(charged.split(separator: "|")[0]) ?? 0
            #expect(charged.hasSuffix("|0|0"), note)
            #expect(
                spent >= committed + lost && spent <= committed + lost + broken + refused + kills * Self.tasks, note)
            #expect(try await fleet.rows("select count(*) from agentcorp.reservation") == ["0"], note)
            // What happens once happened once, but where a person has said so.
            let sends = Dictionary(grouping: fleet.calls.filter { $0.hasPrefix("send") && !$0.hasSuffix("done") }) {
                $0
            }
            let again =
                Int(
                    try await fleet.rows("select count(*) from agentcorp.approval where decision = 'again'")[0]) ?? 0
            #expect(sends.values.reduce(0) { $0 + $1.count - 1 } <= again, note)
            #expect(kills >= 2, note)
            print(
                "agent chaos: seed \(Self.seed), \(kills) kills, \(committed) turns, \(lost) answers lost, \(broken) broken, \(again) calls again"
            )
        }
    }
}
