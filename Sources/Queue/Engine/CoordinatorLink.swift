internal import Postgres

/// What a coordinator says to the database; one method to one SQL function.
public struct CoordinatorLink: Sendable {
    let database: any Database
    /// Identifies this coordinator process; random.
    public let holder: Int64

    public init(_ database: any Database, holder: Int64 = Int64.random(in: 1...Int64.max)) {
        self.database = database
        self.holder = holder
    }

    /// Takes or renews the leadership; the term, or nil when another process leads.
    public func lead(ttl: Duration) async throws -> Int64? {
        let result = try await database.call(
            "select agentcorp.lead('coordinator', $1, $2)", [holder, ttl], deadline: .seconds(5))
        return try result.rows[0].int64OrNil(0)
    }

    /// Gives the leadership up at once.
    public func resign() async throws {
        _ = try await database.call("select agentcorp.resign('coordinator', $1)", [holder], deadline: .seconds(5))
    }

    /// How long until there is something to do, as far as the tables tell.
    public func due(shard: Int16) async throws -> DueTimes {
        let row = try await database.call("select * from agentcorp.due($1)", [shard]).rows[0]
        func time(_ column: Int) throws -> Duration? { try row.int64OrNil(column).map { .milliseconds($0) } }
        return DueTimes(
            resolve: try time(0), promote: try time(1), admit: try time(2), fire: try time(3), expire: try time(4),
            hook: try time(5))
    }

    /// Applies ended needs to those who wait for them; returns how many ends were taken from the outbox.
    public func resolve(shard: Int16, limit: Int = 1000) async throws -> Int {
        let result = try await database.call(
            "select agentcorp.resolve_ends($1, $2)", [shard, Int32(clamping: limit)])
        return Int(try result.rows[0].int32(0))
    }

    /// Moves due tasks to ready; says how many, and when the next one is due.
    public func promote(shard: Int16, limit: Int = 1000) async throws -> (promoted: Int, nextDue: Duration?) {
        let result = try await database.call(
            "select * from agentcorp.promote($1, $2)", [shard, Int32(clamping: limit)])
        let row = result.rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1).map { .milliseconds($0) })
    }

    /// Moves tasks that may run now from queued to ready; says how many, and when there will be tokens for more.
    public func admit(shard: Int16) async throws -> (admitted: Int, nextDue: Duration?) {
        let result = try await database.call("select * from agentcorp.admit($1)", [shard])
        let row = result.rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1).map { .milliseconds($0) })
    }

    /// Frees slots that were left behind; returns how many.
    public func sweepSlots(shard: Int16) async throws -> Int {
        let result = try await database.call("select agentcorp.sweep_slots($1)", [shard])
        return Int(try result.rows[0].int32(0))
    }

    /// Charges model calls of attempts that have ended; returns how many.
    public func sweepReservations(shard: Int16) async throws -> Int {
        let result = try await database.call("select agentcorp.sweep_reservations($1)", [shard])
        return Int(try result.rows[0].int32(0))
    }

    /// Enqueues the tasks of due schedules; says how many schedules could not fire, and when the next is due.
    public func fireSchedules(shard: Int16) async throws -> (failed: Int, nextDue: Duration?) {
        let result = try await database.call("select failed, next_in_ms from agentcorp.fire_schedules($1)", [shard])
        let row = result.rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1).map { .milliseconds($0) })
    }

    /// Tells hooks what has become of tasks; says how much, how many hooks failed, and when to look again.
    public func followHooks(shard: Int16, limit: Int = 1000) async throws -> (told: Int, failed: Int, next: Duration?) {
        let result = try await database.call(
            "select * from agentcorp.follow_hooks($1, $2)", [shard, Int32(clamping: limit)])
        let row = result.rows[0]
        return (
            Int(try row.int32(0)), Int(try row.int32(1)), try row.int64OrNil(2).map { .milliseconds($0) }
        )
    }

    /// Declares workers dead that missed three beats, and gives their tasks to others.
    public func rescue(beat: Duration) async throws -> (workers: Int, tasks: Int) {
        let result = try await database.call("select * from agentcorp.rescue($1)", [beat])
        return (Int(try result.rows[0].int32(0)), Int(try result.rows[0].int32(1)))
    }

    /// Deletes blobs that no task uses; returns how many, 1000 at most. It looks at every blob of the shard.
    public func pruneBlobs(shard: Int16) async throws -> Int {
        let result = try await database.call("select agentcorp.prune_blobs($1, 1000)", [shard])
        return Int(try result.rows[0].int32(0))
    }

    /// Puts back to work what redrives have due; says how many tasks, and when the next is due.
    public func redrive() async throws -> (tasks: Int, nextDue: Duration?) {
        let row = try await database.call("select * from agentcorp.redrive_due()").rows[0]
        return (Int(try row.int32(0)), try row.int64OrNil(1).map { .milliseconds($0) })
    }

    /// Deletes a batch of ended trees that have been kept long enough.
    public func prune(shard: Int16, limit: Int = 1000) async throws -> (trees: Int, tasks: Int, more: Bool) {
        let result = try await database.call(
            "select * from agentcorp.prune($1, $2)", [shard, Int32(clamping: limit)], deadline: .seconds(600))
        let row = result.rows[0]
        return (Int(try row.int32(0)), Int(try row.int32(1)), try row.bool(2))
    }

    /// Adds the noted changes of depths to the counters; returns how many it folded.
    public func foldCounts(shard: Int16) async throws -> Int {
        let result = try await database.call("select agentcorp.fold_counts($1)", [shard])
        return Int(try result.rows[0].int32(0))
    }
}
