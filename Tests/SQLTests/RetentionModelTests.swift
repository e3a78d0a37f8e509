import Postgres
import TestSupport
import Testing

/// Random work with a pruner that takes whatever it may at once.
@Suite(.checkedDatabase)
struct RetentionModelTests {
    /// Somebody who adds, works, cancels and retries at random.
    struct Actor {
        let sql: Session
        let worker: Int
        var random: SeededGenerator

        init(seed: UInt64) async throws {
            sql = try await Session.open()
            worker = try await sql.worker()
            random = SeededGenerator(seed: seed)
        }

        /// Does one thing; what is refused is refused.
        mutating func act() async throws {
            do {
                try await step()
            } catch let error as PostgresError {
                // Unknown (pruned), cycle, key taken, wrong state; two batches that met.
                guard ["AC001", "AC003", "AC004", "AC009", "40P01"].contains(error.sqlState) else { throw error }
            }
        }

        private mutating func anyTask() async throws -> Int {
            let newest = try await sql.int("select coalesce(max(id), 1) from agentcorp.task")
            return Int.random(in: max(1, newest - 30)...newest, using: &random)
        }

        private mutating func step() async throws {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try await sql.enqueue("'a', unique_key => 'k\(Int.random(in: 0..<4, using: &random))'")
            case 1: try await sql.enqueue("'a', needs => array[\(try await anyTask())]::bigint[]")
            case 2:
                try await sql.tree(
                    #"{"kind":"r","subtasks":[{"kind":"a","name":"a"},{"kind":"b","needs":["a"],"subtasks":[{"kind":"c"}]}]}"#
                )
            case 3: try await sql.run("select agentcorp.add_subtask(\(try await anyTask()), 'x')")
            case 4: try await sql.run("select agentcorp.cancel(\(try await anyTask()))")
            case 5, 6: try await sql.run("select agentcorp.retry(\(try await anyTask()))")
            case 7: try await sql.run("select agentcorp.add_dependency(\(try await anyTask()), \(try await anyTask()))")
            case 8: try await sql.settle()
            case 9: try await sql.run("select agentcorp.retry_many('{\"limit\": 3}')")
            default:
                for task in try await sql.claim(worker, Int.random(in: 1...4, using: &random)) {
                    let outcome = ["completed", "completed", "failed", "skipped"].randomElement(using: &random)!
                    try await sql.finish(task, worker, "'\(outcome)', retry => false")
                }
            }
        }
    }

    @Test("pruning takes whole ended trees only, and never what an open task needs", arguments: [1, 2, 3, 4])
    func whole(seed: UInt64) async throws {
        var actor = try await Actor(seed: seed)
        let sql = actor.sql
        try await sql.run(
            "select agentcorp.set_retention('0', outcome => o) from unnest('{completed,failed,cancelled,skipped}'::text[]) o"
        )
        let standing = """
            select t.id, t.root_id, s.state in ('completed', 'failed', 'cancelled', 'skipped') ended from agentcorp.task t
            cross join lateral agentcorp.states(0::smallint, array[t.id]) s
            """
        var pruned = 0
        for round in 1...25 {
            for _ in 1...6 { try await actor.act() }
            try await sql.run("drop table if exists before; create temp table before as \(standing)")
            try await sql.run(
                "drop table if exists needs; create temp table needs as select d.needs_id id from agentcorp.dependency d join before b on b.id = d.task_id and not b.ended"
            )
            try await sql.run("update agentcorp.sweep set reached = 0")
            pruned += try await sql.int("select tasks from agentcorp.prune(0::smallint)")
            let gone = "(select b.* from before b where not exists (select from agentcorp.task t where t.id = b.id)) g"
            #expect(
                try await sql.int("select count(*) from \(gone) where not g.ended") == 0, "seed \(seed), round \(round)"
            )
            #expect(
                try await sql.int("select count(*) from \(gone) join agentcorp.task t on t.root_id = g.root_id") == 0,
                "seed \(seed), round \(round): part of a tree is gone")
            #expect(
                try await sql.int("select count(*) from \(gone) join needs n on n.id = g.id") == 0,
                "seed \(seed), round \(round): an open task has lost its need")
            #expect(try await TestDatabase.current.violations().isEmpty, "seed \(seed), round \(round)")
        }
        #expect(pruned > 10)
    }

    @Test(
        "retries, cancels, new needs and new holders of keys beside a pruner leave nothing behind", arguments: [1, 2])
    func together(seed: UInt64) async throws {
        let sql = try await Session.open()
        for outcome in ["completed", "failed", "cancelled", "skipped"] {
            try await sql.run("select agentcorp.set_retention('0', outcome => '\(outcome)')")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                group.addTask {
                    var actor = try await Actor(seed: seed * 100 + UInt64(number))
                    for _ in 1...80 { try await actor.act() }
                }
            }
            group.addTask {
                let pruner = try await Session.open()
                for _ in 1...80 {
                    // Never refused, never in a deadlock.
                    try await pruner.run("select agentcorp.prune(0::smallint, 20)")
                    try await pruner.run("update agentcorp.sweep set reached = 0")
                }
            }
            try await group.waitForAll()
        }
    }
}
