import FoundationEssentials
import Postgres
import Queue
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct ScheduleManagerTests {
    @Test("all options of a schedule arrive, and its records come back")
    func options() async throws {
        try await TestDatabase.current.withPool { pool in
            let manager = TaskManager(pool)
            try await manager.createQueue("io")
            var schedule = ScheduleRequest(
                "sync", cron: "every 90s", kind: "fetch", args: PostgresJSON(#"{"url": "x"}"#))
            schedule.timeZone = "Europe/Berlin"
            schedule.catchUp = .latest
            schedule.overlap = .cancelRunning
            schedule.jitter = .seconds(30)
            schedule.queue = "io"
            schedule.priority = 2
            schedule.maxAttempts = 3
            schedule.timeout = .milliseconds(1500)
            schedule.backoff = "linear 5s..1m"
            schedule.tags = ["a"]
            schedule.description = "keeps up"
            schedule.concurrencyKey = "c"
            schedule.orderedKey = "o"
            schedule.tenant = "t"
            let next = try await manager.setSchedule(schedule)
            #expect(next > Date() && next < Date() + 100)
            #expect(try await manager.setSchedule(schedule) == next)
            let record = try #require(try await manager.schedules().first)
            #expect(record.nextFireAt == next)
            #expect(record.cron == "every 90s" && record.timeZone == "Europe/Berlin")
            #expect(record.catchUp == "latest" && record.overlap == "cancel_running" && record.jitterSeconds == 30)
            #expect(record.description == "keeps up" && record.lastState == nil && record.fired == 0)
            #expect(
                record.task == [
                    "kind": "fetch", "args": ["url": "x"], "queue": "io", "priority": 2, "max_attempts": 3,
                    "timeout": "1500 ms", "backoff": "linear 5s..1m", "tags": ["a"],
                    "concurrency_key": "c", "ordered_key": "o", "tenant": "t",
                ])
            let fires = try await manager.nextFires(of: "sync", count: 2)
            #expect(fires.map(\.fireAt) == [next, next + 90])
            let preview = try await manager.previewSchedule(cron: "0 9 * * *", timeZone: "Asia/Kolkata", count: 1)
            #expect(preview[0].localTime.hasSuffix("T09:00:00"))

            try await manager.pauseSchedule("sync")
            #expect(try await manager.schedules()[0].nextFireAt == nil)
            #expect(try await manager.resumeSchedule("sync") == next)
            let task = try await manager.runSchedule("sync")
            #expect(try await manager.describe(task)["policy"]?["timeout_ms"] == 1500)
            try await manager.removeSchedule("sync")
            #expect(try await manager.schedules().isEmpty)
            let error = await #expect(throws: QueueError.self) { try await manager.runSchedule("sync") }
            #expect(error?.code == .unknownTask)
        }
    }

    @Test("a claimed task tells for which moment of which schedule it is")
    func fire() async throws {
        try await TestDatabase.current.withPool { pool in
            let manager = TaskManager(pool)
            try await manager.setSchedule(ScheduleRequest("a/b.c", cron: "every 1s", kind: "noop"))
            let link = CoordinatorLink(pool)
            try await waitUntil("a fire") {
                _ = try await link.fireSchedules(shard: 0)
                return try await manager.schedules()[0].lastTaskID != nil
            }
            try await manager.enqueue(TaskRequest("noop"))
            let rows = try await pool.query("select id, policy from agentcorp.task order by id").rows
            func claimed(_ policy: [UInt8]?) -> ClaimedTask {
                ClaimedTask(
                    claimID: 1, id: 1, parentID: nil, rootID: 1, attempt: 1, priority: 4, shard: 0, kind: "noop",
                    args: [],
                    policy: policy)
            }
            let fire = try #require(claimed(try rows[0].bytes(1)).fire)
            #expect(fire.schedule == "a/b.c")
            #expect(fire.fireAt == (try await manager.schedules()[0].lastFireAt))
            #expect(claimed(try rows.last?.bytesOrNil(1)).fire == nil)
            #expect(claimed(Array(#"{"unique_key": "schedule:mine"}"#.utf8)).fire == nil)
        }
    }
}
