import Postgres
import Queue
import TestSupport
import Testing

@Suite(.migratedDatabase)
struct BatchChaosTests {
    @Test("batches call back once while workers and coordinators are killed", .timeLimit(.minutes(30)))
    func onceEach() async throws {
        let database = TestDatabase.current
        let seed = UInt64.random(in: 0 ... .max)
        let count = 60
        let fleet = try Fleet(dsn: database.dsn, workers: 2, coordinators: 2, seed: seed)
        defer { fleet.killAll() }
        try await database.withPool { pool in
            let manager = TaskManager(pool)
            let members: [JSONValue] = (0..<20).map { ["kind": "sleep", "args": ["ms": .integer($0 * 10)]] }
            for number in 0..<count {
                var batch = BatchRequest("batch \(number)", tasks: try JSONCoding.encode(members))
                batch.onComplete = PostgresJSON(#"{"kind": "noop", "tags": ["complete"]}"#)
                batch.onFailure = PostgresJSON(#"{"kind": "noop", "tags": ["failure"]}"#)
                batch.onSettled = PostgresJSON(#"{"kind": "noop", "tags": ["settled"]}"#)
                try await manager.createBatch(batch)
            }
            try await waitUntil("all batches to settle (seed \(seed))", timeout: .seconds(240)) {
                if fleet.kills < 12 { try fleet.harass() } else { fleet.calm() }
                return try await manager.batches(isOpen: true, limit: 1).isEmpty
            }
            fleet.calm()
            #expect(
                try await manager.batches(limit: 1000).filter { $0.state == .completed && $0.completed == 20 }.count
                    == count)
            let callbacks = try await pool.query(
                """
                select t.tags[1], count(*), count(distinct t.args #>> '{batch,id}') from agentcorp.task t where t.kind = 'noop' group by 1 order by 1
                """)
            let rows = try callbacks.rows.map { row throws in
                "\(try row.string(0)) \(try row.int64(1)) \(try row.int64(2))"
            }
            #expect(rows == ["complete \(count) \(count)", "settled \(count) \(count)"], "seed \(seed)")
            #expect(try await database.violations().isEmpty, "seed \(seed)")
            #expect(fleet.kills >= 3)
        }
    }
}
