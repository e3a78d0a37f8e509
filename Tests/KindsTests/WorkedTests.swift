import Logging
import MockServer
import Postgres
import Queue
import TestSupport
import Testing
import Worker

@testable import Kinds

@Suite("the built-in kinds in a worker")
struct WorkedTests {
    private func withWorker(_ body: (PostgresPool, TaskManager) async throws -> Void) async throws {
        try await TestDatabase.current.withPool(size: 20) { pool in
            let registry = HandlerRegistry()
            BuiltinKinds.register(in: registry)
            #expect(registry.kinds == ["command", "http", "noop", "sleep"])
            var configuration = WorkerConfiguration()
            configuration.beat = .milliseconds(50)
            configuration.shutdownGrace = .seconds(2)
            let worker = Worker(pool: pool, handlers: registry, configuration: configuration, logger: .silent)
            try await withServices([worker]) { try await body(pool, TaskManager(pool)) }
        }
    }

    /// Waits for a task's end, and plays the coordinator meanwhile.
    private func end(of task: Int64, _ pool: PostgresPool) async throws -> JSONValue {
        let manager = TaskManager(pool)
        try await waitUntil("task \(task) to end") {
            _ = try await pool.query("select agentcorp.resolve_ends(0::smallint)")
            let state = try await manager.describe(task)["state"]?.string ?? ""
            return TaskState(rawValue: state)?.isFinal == true
        }
        return try await manager.describe(task)
    }

    @Test("a parent command sums what its children printed", .migratedDatabase)
    func tree() async throws {
        try await withWorker { pool, manager in
            let root = try await manager.enqueueTree(
                PostgresJSON(
                    #"""
                    {"kind": "command", "args": {"argv": ["python3", "-c",
                        "import json, sys; print(sum(c['output'] for c in json.load(sys.stdin)['children']))"]},
                     "subtasks": [
                        {"kind": "command", "args": {"argv": ["printf", "40"]}},
                        {"kind": "command", "args": {"argv": ["sh", "-c", "echo $((1 + 1))"]}},
                        {"kind": "command", "args": {"argv": ["echo", "8"]}}
                     ]}
                    """#))
            #expect(try await end(of: root, pool)["state"] == "completed")
            #expect(try await manager.output(of: root)?.text == "50")
        }
    }

    @Test("noop and sleep end without an output", .migratedDatabase)
    func quiet() async throws {
        try await withWorker { pool, manager in
            for (kind, args) in [("noop", #"{"anything": 1}"#), ("sleep", #"{"ms": 5}"#)] {
                let task = try await manager.enqueue(TaskRequest(kind, args: PostgresJSON(args)))
                #expect(try await end(of: task, pool)["state"] == "completed")
                #expect(try await manager.output(of: task) == nil)
            }
        }
    }

    @Test("a mistake in the arguments fails the first attempt for good", .migratedDatabase)
    func mistake() async throws {
        try await withWorker { pool, manager in
            let task = try await manager.enqueue(TaskRequest("sleep", args: PostgresJSON(#"{"secnds": 1}"#)))
            let end = try await end(of: task, pool)
            #expect(end["state"] == "failed" && end["attempt"] == 1)
            #expect(end["error"]?["message"] == #"sleep has no argument "secnds"; did you mean "seconds"?"#)
        }
    }

    @Test("a timeout ends a command with all its processes", .migratedDatabase)
    func timeout() async throws {
        let scratch = try Scratch()
        try await withWorker { pool, manager in
            var task = TaskRequest(
                "command",
                args: PostgresJSON(
                    #"{"argv": ["sh", "-c", "sleep 1000 & echo $$ $! > pids; wait"], "cwd": "\#(scratch.path)"}"#))
            task.timeout = .seconds(2)
            task.maxAttempts = 1
            let end = try await end(of: try await manager.enqueue(task), pool)
            #expect(end["state"] == "failed")
            #expect(end["error"]?["reason"] == "timeout")
            // Nothing is there when the machine was so busy that the shell did not come to it.
            for pid in (scratch.read("pids") ?? "").split(separator: " ") {
                try await waitUntil("the end of \(pid)") { !isAlive(String(pid)) }
            }
        }
    }

    @Test("a failed command keeps its exit code and its last words in the history", .migratedDatabase)
    func failure() async throws {
        try await withWorker { pool, manager in
            var task = TaskRequest("command", args: PostgresJSON(#"{"argv": ["sh", "-c", "echo oops >&2; exit 3"]}"#))
            task.maxAttempts = 1
            let end = try await end(of: try await manager.enqueue(task), pool)
            #expect(end["error"]?["message"] == #""sh" exited with code 3: oops"#)
            #expect(end["error"]?["detail"]?["exit_code"] == 3)
            #expect(end["error"]?["detail"]?["stderr"] == "oops\n")
        }
    }

    @Test("http waits as long as the server asks", .migratedDatabase)
    func retryAfter() async throws {
        let server = try await MockServer.start(.text("", status: 429, headers: ["Retry-After": "600"]))
        try await withWorker { pool, manager in
            let task = try await manager.enqueue(
                TaskRequest("http", args: PostgresJSON("{\"url\": \"http://127.0.0.1:\(server.port)/\"}")))
            try await waitUntil("the task to be put off") {
                try await manager.describe(task)["state"] == "scheduled"
            }
            let wait = try await pool.query(
                "select extract(epoch from run_at - agentcorp.clock())::float8 from agentcorp.scheduled where task_id = $1",
                [task])
            #expect((590...600).contains(try wait.rows[0].double(0)))
        }
    }
}
