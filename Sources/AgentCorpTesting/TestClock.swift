public import FoundationEssentials
internal import Postgres
internal import Queue

/// The clock of a test's database. It runs on by itself, and jumps when it is told to: for every session, at once.
///
/// Move it while nothing runs: to a worker that lives, an hour has passed without a heartbeat.
public struct TestClock: Sendable {
    let pool: PostgresPool

    /// Puts the clock of the engine under the test's control.
    func install() async throws {
        try await pool.withConnection { connection in
            try await connection.script(
                """
                create schema agentcorp_testing;
                create table agentcorp_testing.clock (shift interval not null);
                insert into agentcorp_testing.clock values ('0');
                grant usage on schema agentcorp_testing to public;
                grant select on agentcorp_testing.clock to public;
                create or replace function agentcorp.clock() returns timestamptz language sql volatile parallel safe as
                    'select clock_timestamp() + (select c.shift from agentcorp_testing.clock c)';
                """)
        }
    }

    /// What the engine takes for now.
    public func now() async throws -> Date {
        let row = try await pool.query("select agentcorp.clock()").rows[0]
        return Date(timeIntervalSince1970: Double(try row.timestamp(0).microseconds) / 1_000_000)
    }

    /// Lets time pass: what is scheduled for it becomes due.
    public func advance(by duration: Duration) async throws {
        _ = try await pool.query("update agentcorp_testing.clock set shift = shift + $1", [duration])
    }

    /// Jumps to a moment.
    public func set(to moment: Date) async throws {
        _ = try await pool.query(
            "update agentcorp_testing.clock set shift = $1 - clock_timestamp()", [PostgresTimestamp(moment)])
    }
}
