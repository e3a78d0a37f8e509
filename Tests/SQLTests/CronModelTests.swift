import FoundationEssentials
import Postgres
import TestSupport
import Testing

@Suite(.migratedDatabase)
struct CronModelTests {
    /// `AGENTCORP_MODEL_SEED` runs one expression again.
    private static let seeds: ClosedRange<UInt64> =
        UInt64(ProcessInfo.processInfo.environment["AGENTCORP_MODEL_SEED"] ?? "").map { $0...$0 } ?? 1...6

    private static let year2024 = "timestamptz '2024-01-01 00:00Z'"

    private func offsets(_ sql: Session, _ zone: String) async throws -> [(from: Int, ahead: Int)] {
        try await sql.rows(
            """
            select q.m, q.ahead from (
                select i * 15 m, extract(epoch from agentcorp.zone_offset('\(zone)', t.moment))::int / 60 ahead,
                    lag(extract(epoch from agentcorp.zone_offset('\(zone)', t.moment))::int / 60) over (order by i) before
                from generate_series(0, 4 * 24 * 480) i cross join lateral (select \(Self.year2024) + i * interval '15 minutes' moment) t) q
            where q.before is distinct from q.ahead order by 1
            """
        ).map { row in
            let columns = row.split(separator: "|").compactMap { Int($0) }
            return (columns[0], columns[1])
        }
    }

    /// The first moments after one, as minutes from 2024.
    private func moments(_ sql: Session, _ cron: String, _ zone: String, after: Int, _ count: Int) async throws -> [Int]
    {
        try await sql.ints(
            """
            select extract(epoch from f.fire_at - \(Self.year2024))::bigint / 60
            from agentcorp.preview_schedule('\(cron)', '\(zone)', \(count), \(Self.year2024) + interval '\(after) minutes') f
            """)
    }

    @Test(
        "random expressions fire when a clock that is watched minute by minute says so",
        arguments: ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
    func random(zone: String) async throws {
        let sql = try await Session.open()
        let offsets = try await offsets(sql, zone)
        #expect(offsets.count == (zone == "Asia/Kolkata" ? 1 : 4))
        for seed in Self.seeds {
            let model = CronModel(seed: seed)
            let minutes = 1440..<1440 * 450
            let expected = model.fires(in: minutes, offsets: offsets)
            var random = SeededGenerator(seed: seed)
            // From just before and within each change of the clocks, and from anywhere.
            var starts = offsets.dropFirst().flatMap { [$0.from - 200, $0.from - 1, $0.from, $0.from + 20] }
            starts += (0..<4).map { _ in Int.random(in: minutes, using: &random) }
            for start in starts {
                let rest = expected.drop { $0 <= start }.prefix(20)
                do {
                    let moments = try await moments(sql, model.text, zone, after: start, 20).prefix(rest.count)
                    try #require(
                        Array(moments) == Array(rest), "AGENTCORP_MODEL_SEED=\(seed) \(model.text) after \(start)")
                } catch let error as PostgresError where error.message.contains("no month that field 4") {
                    #expect(expected.isEmpty, "AGENTCORP_MODEL_SEED=\(seed) \(model.text)")
                }
            }
        }
    }
}
