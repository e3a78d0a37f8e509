import Foundation
import Postgres
import TestSupport
import Testing

/// The whole engine behind a transaction pooler: no session state, no named statements, no LISTEN.
@Suite(.migratedDatabase, .serialized, .enabled(if: PgBouncer.isInstalled))
struct PoolerTests {
    @Test("worker, coordinator and command line work through PgBouncer in transaction mode", .timeLimit(.minutes(30)))
    func everything() async throws {
        try await PgBouncer.use(poolSize: 4) { bouncer in
            let environment = ["AGENTCORP_DATABASE": bouncer.configuration.dsn]
            let coordinator = try TestProcess.start(
                TestProcess.agentcorp, ["coordinator", "--pooler", "--log-level", "warning"], environment: environment)
            let worker = try TestProcess.start(
                TestProcess.agentcorp, ["worker", "--pooler", "--log-level", "warning"], environment: environment)
            defer {
                coordinator.kill()
                worker.kill()
            }
            let tree = """
                {"kind": "command", "name": "sum", "args": {"argv": ["jq", "[.children[].output] | add"]}, "subtasks": [
                    {"kind": "command", "name": "one", "args": {"argv": ["echo", "1"]}},
                    {"kind": "command", "name": "two", "args": {"argv": ["echo", "2"]}, "needs": ["one"]},
                    {"kind": "command", "name": "late", "args": {"argv": ["echo", "4"]}, "run_at": "2020-01-01T00:00:00Z"}]}
                """
            let run = try await TestProcess.run(
                TestProcess.agentcorp, ["run", "-", "--pooler"], environment: environment, input: tree)
            #expect(run.status == 0, "\(run.errors)\n\(worker.errors)\n\(coordinator.errors)")
            #expect(run.output == "7\n")
            let list = try await TestProcess.run(
                TestProcess.agentcorp, ["tasks", "list", "--state", "completed", "--json", "--pooler"],
                environment: environment)
            #expect(list.status == 0 && list.output.contains("\"two\""))
            worker.signal(SIGTERM)
            coordinator.signal(SIGTERM)
            #expect(try await worker.waitForExit().status == 0)
            #expect(try await coordinator.waitForExit().status == 0)
        }
        let left = try await TestDatabase.current.psql(
            "select (select count(*) from agentcorp.claim), (select count(*) from agentcorp.worker where stopped_at is null)"
        )
        #expect(left == "0|0")
        #expect(try await TestDatabase.current.violations().isEmpty)
    }
}
