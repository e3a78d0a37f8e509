import Foundation
import JSON
import MockServer
import Postgres
import Queue
import TestSupport

/// Real workers whose agents ask a server of the test, and whose tools are a program that writes down its calls.
final class AgentFleet {
    let folder = "/tmp/agentcorp-fleet-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"
    let model: MockServer
    let pool: PostgresPool
    private(set) var workers: [TestProcess] = []
    private var coordinator: TestProcess?

    init(_ pool: PostgresPool, model: MockServer) throws {
        self.pool = pool
        self.model = model
        try FileManager.default.createDirectory(atPath: folder + "/agentcorp", withIntermediateDirectories: true)
        let server: JSONValue = [
            "servers": [
                "desk": [
                    "command": ["python3", "-c", .string(Self.program), .string(folder)],
                    "effects": ["look": "pure", "put": "idempotent", "send": "once"],
                ]
            ]
        ]
        try server.text.write(toFile: folder + "/agentcorp/mcp.json", atomically: true, encoding: .utf8)
        coordinator = try TestProcess.start(
            TestProcess.agentcorp, ["coordinator", "--beat", "200ms", "--log-level", "error"],
            environment: ["AGENTCORP_DATABASE": TestDatabase.current.dsn])
    }

    deinit {
        for worker in workers { worker.kill() }
        coordinator?.kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// - Parameter port: Where its model is; the server of the test if left out.
    @discardableResult
    func startWorker(
        _ arguments: [String] = ["--log-level", "error"], port: Int? = nil, environment: [String: String] = [:]
    ) throws -> TestProcess {
        let own = [
            "AGENTCORP_DATABASE": TestDatabase.current.dsn, "XDG_CONFIG_HOME": folder,
            "OPENAI_BASE_URL": "http://127.0.0.1:\(port ?? model.port)/v1",
            "OPENAI_API_KEY": "sk-canary-of-the-fleet-0123456789",
        ]
        let worker = try TestProcess.start(
            TestProcess.agentcorp, ["worker", "--beat", "200ms", "--concurrency", "20"] + arguments,
            environment: own.merging(environment) { $1 })
        workers.append(worker)
        return worker
    }

    /// Puts an agent named `a` into the pool, with what is not said by default.
    func putAgent(_ more: [String: JSONValue] = [:]) async throws {
        let config: [String: JSONValue] = [
            "name": "a", "model": ["openai/mock-model"], "tools": ["desk.look", "desk.put", "desk.send"],
        ]
        _ = try await pool.query(
            "select agentcorp.put_agent('a', $1)", [PostgresJSON(JSONValue.object(config.merging(more) { $1 }).bytes)])
    }

    /// Kills one that was started before, and starts another.
    func killOne(_ random: inout SeededGenerator) throws {
        workers.remove(at: Int.random(in: workers.indices, using: &random)).kill()
        try startWorker()
    }

    func killWorkers() {
        for worker in workers { worker.kill() }
        workers = []
    }

    func ask(_ prompt: String = "do it", budget: JSONValue = ["tokens": 1_000_000]) async throws -> Int64 {
        try await pool.query(
            "select agentcorp.ask('a', $1, more => $2)",
            [prompt, PostgresJSON(JSONValue.object(["budget": budget]).bytes)]
        ).rows[0].int64(0)
    }

    // MARK: tools

    /// Lets every tool that is called from now on hang until `release`.
    func hold() throws { try "".write(toFile: folder + "/hold", atomically: true, encoding: .utf8) }

    func release() throws { try FileManager.default.removeItem(atPath: folder + "/hold") }

    /// The tools that were called, in order; those that came to an end again with ` done`.
    var calls: [String] {
        ((try? String(contentsOfFile: folder + "/calls", encoding: .utf8)) ?? "")
            .split(separator: "\n").map(String.init)
    }

    private static let program = #"""
        import json, os, sys, threading, time
        folder = sys.argv[1]
        calls = open(folder + "/calls", "a", buffering=1)
        lock = threading.Lock()
        def answer(id, **more):
            with lock:
                sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": id, **more}) + "\n")
                sys.stdout.flush()
        def call(id, name, said):
            calls.write(said + "\n")
            while os.path.exists(folder + "/hold"):
                time.sleep(0.01)
            calls.write(said + " done\n")
            answer(id, result={"content": [{"type": "text", "text": name + " is done"}]})
        for line in sys.stdin:
            m = json.loads(line)
            id, method = m.get("id"), m.get("method")
            if id is None:
                continue
            if method == "initialize":
                answer(id, result={"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                   "serverInfo": {"name": "desk", "version": "1"}})
            elif method == "tools/list":
                answer(id, result={"tools": [
                    {"name": name, "description": name, "inputSchema": {"type": "object"},
                     "annotations": {"readOnlyHint": name == "look", "idempotentHint": name == "put"}}
                    for name in ("look", "put", "send")]})
            elif method == "tools/call":
                name = m["params"]["name"]
                said = (name + " " + m["params"].get("arguments", {}).get("id", "")).strip()
                threading.Thread(target=call, args=(id, name, said), daemon=True).start()
            else:
                answer(id, error={"code": -32601, "message": "what?"})
        """#

    // MARK: rows

    func rows(_ sql: String) async throws -> [String] { try await pool.lines(sql) }

    func wait(_ sql: String, _ expected: String) async throws {
        try await pool.waitForLine(sql, expected) {
            "; a worker said: \(workers.last?.errors ?? "")"
        }
    }

    func waitForEnd(of task: Int64, _ state: String = "completed") async throws {
        try await wait("select state from agentcorp.tasks where id = \(task)", state)
    }

    // MARK: moments

    /// Lets a statement wait in the server that is about to change a table, so that its worker can be killed there.
    ///
    /// - Parameter condition: Over `new`, the row.
    func stop(_ event: String, on table: String, when condition: String) async throws -> Stop {
        try await Stop(self, event, table, condition)
    }

    final class Stop {
        private let connection: PostgresConnection
        private let fleet: AgentFleet
        private let table: String

        init(_ fleet: AgentFleet, _ event: String, _ table: String, _ condition: String) async throws {
            self.fleet = fleet
            self.table = table
            connection = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
            try await connection.script(
                """
                select pg_advisory_lock(4711);
                create function public.stop() returns trigger language plpgsql as
                    'begin perform pg_advisory_xact_lock(4711); return new; end';
                create trigger stop before \(event) on agentcorp.\(table) for each row when (\(condition)) execute function public.stop();
                """)
        }

        /// Of this database: `pg_locks` shows those of all databases, and other tests stop theirs at the same time.
        private static let waiting = """
            pg_locks where locktype = 'advisory' and objid = 4711 and not granted
                and database = (select oid from pg_database where datname = current_database())
            """

        /// Returns when a statement has come there.
        func reached() async throws {
            try await fleet.wait("select count(*) > 0 as x from \(Self.waiting)", "true")
        }

        /// Ends what waits there, whose worker must be dead, as the server would when it noticed; and lets all others pass.
        func lift() async throws {
            try await connection.script(
                """
                select pg_terminate_backend(pid, 10000) from \(Self.waiting);
                select pg_advisory_unlock(4711);
                drop trigger stop on agentcorp.\(table);
                drop function public.stop();
                """)
        }
    }
}
