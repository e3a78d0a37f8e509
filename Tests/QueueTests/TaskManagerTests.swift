import FoundationEssentials
import Postgres
import Queue
import TestSupport
import Testing

@Suite
struct TaskManagerTests {
    private func withManager(_ body: (PostgresPool, TaskManager) async throws -> Void) async throws {
        try await TestDatabase.current.withPool { try await body($0, TaskManager($0)) }
    }

    @Test("all options of a request arrive", .migratedDatabase)
    func options() async throws {
        try await withManager { _, manager in
            try await manager.createQueue("io")
            var request = TaskRequest("fetch", args: PostgresJSON(#"{"url": "x"}"#))
            request.queue = "io"
            request.priority = 2
            request.maxAttempts = 3
            request.timeout = .seconds(90)
            request.backoff = "linear 5s..1m"
            request.tags = ["a", "b"]
            request.name = "the fetch"
            let id = try await manager.enqueue(request)
            let task = try #require(try await manager.tasks().first { $0.id == id })
            #expect(task.queue == "io")
            #expect(task.priority == 2)
            #expect(task.maxAttempts == 3)
            #expect(task.tags == ["a", "b"])
            #expect(task.name == "the fetch")
            #expect(task.state == .ready)
            let all = try await manager.describe(id)
            #expect(all["policy"]?["timeout_ms"] == 90_000)
            #expect(all["policy"]?["backoff"]?["strategy"] == "linear")
            #expect(all["args"]?["url"] == "x")
        }
    }

    @Test("an enqueue in the caller's transaction comes and goes with it", .migratedDatabase)
    func transaction() async throws {
        struct Undo: Error {}
        try await withManager { pool, manager in
            let undone: Void? = try? await pool.transaction { connection in
                try await TaskManager(connection).enqueue(TaskRequest("noop"))
                throw Undo()
            }
            #expect(undone == nil)
            let tasks = try await manager.tasks()
            #expect(tasks.isEmpty)
        }
    }

    @Test("a bulk load adds tasks that can be claimed like others", .migratedDatabase)
    func bulk() async throws {
        try await withManager { pool, manager in
            let args = (0..<500).map { PostgresJSON(#"{"n": \#($0)}"#) }
            let ids = try await manager.enqueueBulk("noop", args: args, priority: 1)
            #expect(ids == ids.sorted())
            #expect(try await manager.queues().first?.ready == 500)
            let claimed = try await pool.query(
                "select c.task_id, c.args from agentcorp.register_worker('t', 1, '0', '{default}', '{}', 1) w, agentcorp.claim(w.worker, max_tasks => 500) c order by 1"
            )
            #expect(try claimed.rows.map { row throws in try row.int64(0) } == ids)
            #expect(String(decoding: try claimed.rows[7].bytes(1), as: UTF8.self) == #"{"n": 7}"#)
        }
    }

    @Test("a refused call names what is wrong and what to do", .migratedDatabase)
    func refusal() async throws {
        try await withManager { _, manager in
            var request = TaskRequest("noop")
            request.queue = "defualt"
            let unknown = await #expect(throws: QueueError.self) { try await manager.enqueue(request) }
            #expect(unknown?.code == .unknownQueue)
            #expect(unknown?.hint.contains(#"did you mean "default"?"#) == true)
            #expect(await #expect(throws: QueueError.self) { try await manager.cancel(99) }?.code == .unknownTask)
            let cycle = await #expect(throws: QueueError.self) {
                try await manager.enqueueTree(
                    PostgresJSON(
                        #"{"kind":"a","subtasks":[{"kind":"b","name":"b","needs":["c"]},{"kind":"c","name":"c","needs":["b"]}]}"#
                    ))
            }
            #expect(cycle?.code == .cycle)
            #expect(cycle?.message.contains(#""b" needs "c" needs "b""#) == true)
        }
    }

    @Test("a sequential task runs its subtasks one after the other", .migratedDatabase)
    func sequential() async throws {
        try await withManager { _, manager in
            let root = try await manager.executeTaskSequentially(
                "in turn", subtasks: [["kind": "a"], ["kind": "b"], ["kind": "c"]])
            #expect(try await manager.tree(root).map(\.state) == [.blocked, .ready, .blocked, .blocked])
            #expect(try await manager.tree(root).first?.title == "in turn")
        }
    }

    @Test("a tree can be cancelled and retried as a whole", .migratedDatabase)
    func cancelAndRetry() async throws {
        try await withManager { _, manager in
            let root = try await manager.addComplexTask(
                "both", subtasks: PostgresJSON(#"[{"kind":"a"},{"kind":"b"}]"#))
            #expect(try await manager.cancel(root, reason: "changed my mind") == 3)
            #expect(try await manager.tree(root).allSatisfy { $0.state == .cancelled })
            #expect(try await manager.cancel(root) == 0)
            #expect(try await manager.retry(root) == 3)
            #expect(try await manager.tree(root).map(\.state) == [.blocked, .ready, .ready])
        }
    }

    @Test("listing pages through tasks by id, and a wrong state is refused with a suggestion", .migratedDatabase)
    func paging() async throws {
        try await withManager { _, manager in
            for _ in 0..<5 { try await manager.enqueue(TaskRequest("noop")) }
            var filter = TaskFilter()
            filter.limit = 2
            filter.state = "ready"
            let first = try await manager.tasks(filter).map(\.id)
            filter.before = first.last
            let second = try await manager.tasks(filter).map(\.id)
            #expect(first.count == 2 && second.count == 2 && first.last! > second.first!)
            filter.state = "redy"
            #expect(
                await #expect(throws: QueueError.self) { try await manager.tasks(filter) }?.hint.contains("ready")
                    == true)
        }
    }

    @Test("dates survive the way to the database and back", .migratedDatabase)
    func dates() async throws {
        try await withManager { _, manager in
            var request = TaskRequest("noop")
            let moment = try #require(
                try JSONCoding.decode(Array(#"["2031-02-03T04:05:06.789Z"]"#.utf8), as: [Date].self).first)
            request.runAt = moment
            let id = try await manager.enqueue(request)
            let runAt = try #require(try await manager.tasks().first { $0.id == id }?.runAt)
            #expect(abs(runAt.timeIntervalSince(moment)) < 0.001)
        }
    }
}
