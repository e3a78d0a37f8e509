internal import Postgres

/// When the attempts in the database ended, by the server's clock. Those that one call reported have one moment.
struct FinishTimes {
    private let moments: [(time: Double, count: Int)]
    /// All attempts.
    let count: Int

    init(_ connection: PostgresConnection) async throws {
        let result = try await connection.query(
            "select extract(epoch from finished_at)::float8, count(*) from agentcorp.attempt where outcome = 1 group by 1 order by 1"
        )
        moments = try result.rows.map { row throws in (try row.double(0), Int(try row.int64(1))) }
        count = moments.reduce(0) { $0 + $1.count }
    }

    /// Tasks per second from the moment in which `first` had ended to that in which `last` had.
    func rate(from first: Int, to last: Int) -> Double {
        let (start, end) = (reached(first), reached(last))
        return Double(end.count - start.count) / (end.time - start.time)
    }

    /// The first moment at which so many had ended, and how many that really were.
    private func reached(_ number: Int) -> (time: Double, count: Int) {
        var sum = 0
        for moment in moments {
            sum += moment.count
            if sum >= number { return (moment.time, sum) }
        }
        return (.nan, sum)
    }
}
