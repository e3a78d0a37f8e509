import Glibc
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RoleTests {
    /// Makes a login that has one role only, for each of the roles.
    private func withLogins(_ body: ((String) -> [String: String]) async throws -> Void) async throws {
        let database = TestDatabase.current
        let roles = ["enqueuer", "worker", "coordinator", "reader"]
        for role in roles {
            try await database.psql("create role \(database.name)_\(role) login in role agentcorp_\(role)")
        }
        let result: Result<Void, any Error>
        do {
            try await body { ["AGENTCORP_DATABASE": database.dsn(user: "\(database.name)_\($0)")] }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for role in roles { try await database.psql("drop role \(database.name)_\(role)") }
        try result.get()
    }

    @Test("each process and each command needs no more than its role: enqueue, coordinate, work, look")
    func processes() async throws {
        try await withLogins { login in
            let processes = [
                try Agentcorp.start(["coordinator", "--log-level", "warning"], environment: login("coordinator")),
                try Agentcorp.start(
                    ["worker", "--log-level", "warning", "--shutdown-grace", "1s"], environment: login("worker")),
            ]
            defer { for process in processes { process.kill() } }
            // The coordinator promotes the first and then unblocks the second.
            for arguments in [["--in", "1s"], ["--needs", "1"], []] {
                let added = try await Agentcorp.run(["enqueue", "noop"] + arguments, environment: login("enqueuer"))
                #expect(added.status == 0, "\(added.errors)")
            }
            try await waitUntil("the tasks to end") {
                try await TestDatabase.current.psql("select count(*) from agentcorp.tasks where state = 'completed'")
                    == "3"
            }
            for command in [
                ["tasks", "list"], ["tasks", "show", "1"], ["tasks", "tree", "1"], ["queues"], ["workers", "--all"],
                ["history"],
                ["limits"], ["schedules", "list"],
            ] {
                let result = try await Agentcorp.run(command, environment: login("reader"))
                #expect(result.status == 0, "\(command): \(result.errors)")
            }
            for command in [["enqueue", "noop"], ["queues", "pause", "default"], ["tasks", "cancel", "1"]] {
                let result = try await Agentcorp.run(command, environment: login("reader"))
                #expect(
                    result.status != 0 && result.errors.contains("permission denied"), "\(command): \(result.errors)")
            }
            for process in processes.reversed() {
                process.signal(SIGTERM)
                let result = try await process.waitForExit(timeout: .seconds(20))
                #expect(result.status == 0 && !result.errors.contains("permission denied"), "\(result.errors)")
            }
        }
    }
}
