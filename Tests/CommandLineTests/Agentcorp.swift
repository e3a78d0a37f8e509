import TestSupport

/// Runs `agentcorp` as a process, in an environment that names no database.
enum Agentcorp {
    /// Starts a command on the database of the test.
    static func start(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws
        -> TestProcess
    {
        try launch(
            [TestProcess.agentcorp] + arguments, input,
            environment.merging(["AGENTCORP_DATABASE": TestDatabase.current.dsn]) { given, _ in given })
    }

    /// Runs a command on the database of the test, to its end.
    static func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws
        -> TestProcess.Result
    {
        try await start(arguments, input: input, environment: environment).waitForExit()
    }

    static func run(_ arguments: String..., input: String = "", environment: [String: String] = [:]) async throws
        -> TestProcess.Result
    {
        try await run(arguments, input: input, environment: environment)
    }

    /// Runs a command as it is typed, on the database of the test.
    static func runInShell(_ command: String) async throws -> TestProcess.Result {
        try await launch(
            ["sh", "-c", "exec \(TestProcess.agentcorp) \(command)"], "",
            ["AGENTCORP_DATABASE": TestDatabase.current.dsn]
        ).waitForExit()
    }

    /// Starts a command that has no database, unless the environment or the directory names one.
    static func startAlone(_ arguments: [String], environment: [String: String] = [:], scratch: Scratch? = nil) throws
        -> TestProcess
    {
        try launch([TestProcess.agentcorp] + arguments, "", environment, scratch)
    }

    /// Runs a command that has no database, unless the environment or the directory names one.
    static func runAlone(_ arguments: String..., environment: [String: String] = [:], scratch: Scratch? = nil)
        async throws
        -> TestProcess.Result
    {
        try await startAlone(arguments, environment: environment, scratch: scratch).waitForExit()
    }

    /// Runs a command on a terminal of its own, 100 columns wide, and returns all that it wrote there.
    static func runOnTerminal(_ command: String, environment: [String: String] = [:]) async throws -> TestProcess.Result
    {
        let environment = ["AGENTCORP_DATABASE": TestDatabase.current.dsn, "SHELL": "/bin/sh"].merging(environment) {
            $1
        }
        return try await launch(
            ["script", "-qec", "stty cols 100 rows 30; exec \(TestProcess.agentcorp) \(command)", "/dev/null"], "",
            environment
        ).waitForExit()
    }

    /// Starts a program in an environment that does not depend on whoever runs the tests.
    private static func launch(
        _ command: [String], _ input: String, _ environment: [String: String], _ scratch: Scratch? = nil
    ) throws -> TestProcess {
        let home = scratch?.path ?? "/nonexistent"
        let own = [
            "XDG_CONFIG_HOME": home + "/config", "XDG_DATA_HOME": home + "/data", "HOME": home, "LANG": "C.UTF-8",
            "TERM": "xterm",
        ].merging(environment) { $1 }
        let foreign = [
            "AGENTCORP_DATABASE", "AGENTCORP_DIRECT_DATABASE", "AGENTCORP_POOLER", "AGENTCORP_PG_BIN", "PGHOST",
            "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGOPTIONS", "LC_ALL", "LC_CTYPE", "NO_COLOR",
        ].filter { own[$0] == nil }
        return try TestProcess.start("env", foreign.flatMap { ["-u", $0] } + command, environment: own, input: input)
    }
}
