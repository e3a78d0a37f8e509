import FoundationEssentials
import Glibc
import TestSupport

/// Runs `agentcorp` as a process, in an environment that names no database.
enum Agentcorp {
    /// Nothing here comes from whoever runs the tests.
    static func environment(_ scratch: Scratch? = nil, _ more: [String: String] = [:]) -> [String: String] {
        let home = scratch?.path ?? "/nonexistent"
        var environment = [
            "XDG_CONFIG_HOME": home + "/config", "XDG_DATA_HOME": home + "/data", "HOME": home, "LANG": "C.UTF-8",
            "LC_ALL": "", "TERM": "xterm", "NO_COLOR": "",
        ]
        for name in [
            "AGENTCORP_DATABASE", "AGENTCORP_DIRECT_DATABASE", "AGENTCORP_POOLER", "AGENTCORP_PG_BIN", "PGHOST",
            "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE",
        ] {
            environment[name] = ""
        }
        return environment.merging(more) { $1 }
    }

    /// Runs a command on the database of the test, to its end.
    static func run(_ arguments: String..., input: String = "", environment: [String: String] = [:]) async throws
        -> TestProcess.Result
    {
        try await TestProcess.run(
            TestProcess.agentcorp, arguments,
            environment: self.environment(
                nil, ["AGENTCORP_DATABASE": TestDatabase.current.dsn].merging(environment) { $1 }),
            input: input)
    }

    /// Runs a command that has no database, unless the environment names one.
    static func runAlone(_ arguments: String..., environment: [String: String] = [:], scratch: Scratch? = nil)
        async throws
        -> TestProcess.Result
    {
        try await TestProcess.run(
            TestProcess.agentcorp, arguments, environment: self.environment(scratch, environment))
    }

    /// Starts a command on the database of the test.
    static func start(_ arguments: String..., input: String = "") throws -> TestProcess {
        try TestProcess.start(
            TestProcess.agentcorp, arguments,
            environment: environment(nil, ["AGENTCORP_DATABASE": TestDatabase.current.dsn]), input: input)
    }

    /// Runs a command on a terminal of its own, 100 columns wide, and returns all that it wrote there.
    static func runOnTerminal(_ command: String, environment: [String: String] = [:]) async throws -> TestProcess.Result
    {
        try await TestProcess.run(
            "script", ["-qec", "stty cols 100 rows 30; exec \(TestProcess.agentcorp) \(command)", "/dev/null"],
            environment: self.environment(
                nil, ["AGENTCORP_DATABASE": TestDatabase.current.dsn].merging(environment) { $1 }))
    }
}

/// A coordinator and a worker on the test's database.
func withEngine(_ body: () async throws -> Void) async throws {
    let processes = [
        try Agentcorp.start("coordinator", "--log-level", "warning"),
        try Agentcorp.start("worker", "--log-level", "warning", "--shutdown-grace", "1s"),
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

/// A short private directory for one test.
struct Scratch: Sendable {
    let path = "/tmp/agentcorp-cli-\(getpid())-\(UInt32.random(in: 0..<1_000_000))"

    static func use(_ body: (Scratch) async throws -> Void) async throws {
        let scratch = Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch.path) }
        try await body(scratch)
    }

    /// Writes a file and returns its path.
    func write(_ name: String, _ text: String) throws -> String {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return "\(path)/\(name)"
    }
}
