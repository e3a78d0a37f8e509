import Glibc
import TestSupport

/// A coordinator and a worker on the test's database.
func withEngine(
    environment: [String: String] = [:], _ body: () async throws -> Void
) async throws {
    let processes = [
        try Agentcorp.start(["coordinator", "--log-level", "warning"]),
        try Agentcorp.start(["worker", "--log-level", "warning", "--shutdown-grace", "1s"], environment: environment),
    ]
    let result: Result<Void, any Error>
    do {
        try await waitUntil("a worker") {
            try await TestDatabase.current.psql("select count(*) from agentcorp.workers where state = 'alive'") == "1"
        }
        try await body()
        result = .success(())
    } catch {
        result = .failure(error)
    }
    for process in processes.reversed() {
        process.signal(SIGTERM)
        _ = try? await process.waitForExit(timeout: .seconds(15))
    }
    try result.get()
}
