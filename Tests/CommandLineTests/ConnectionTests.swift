import Glibc
import TestSupport
import Testing

@Suite struct ConnectionTests {
    @Test("without a database, the message says what to do", .migratedDatabase)
    func nothingNamed() async throws {
        let result = try await Agentcorp.runAlone("tasks", "list")
        #expect(result.status == 3)
        #expect(result.errors.contains("agentcorp dev"))
        #expect(result.errors.contains("AGENTCORP_DATABASE"))
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test("the flag wins over AGENTCORP_DATABASE, that over PG*, and that over the file", .migratedDatabase)
    func precedence() async throws {
        let dsn = TestDatabase.current.dsn
        let nowhere = "host=/nonexistent dbname=nowhere"
        try await Scratch.use { scratch in
            func run(flag: String? = nil, variable: String? = nil, host: String? = nil, file: String) async throws
                -> TestProcess.Result
            {
                _ = try scratch.write("config/agentcorp/config", "# a comment\n\n database =  \(file)\n")
                let given = ["AGENTCORP_DATABASE": variable, "PGHOST": host].compactMapValues { $0 }
                return try await Agentcorp.startAlone(
                    ["queues", "list"] + (flag.map { ["--database", $0] } ?? []), environment: given, scratch: scratch
                ).waitForExit()
            }
            #expect(try await run(flag: dsn, variable: nowhere, host: "/nonexistent", file: nowhere).status == 0)
            #expect(try await run(variable: dsn, host: "/nonexistent", file: nowhere).status == 0)
            let libpq = try await run(host: "/nonexistent", file: dsn)
            #expect(libpq.status == 3)
            #expect(libpq.errors.contains("(from PGHOST)"))
            #expect(try await run(file: dsn).status == 0)
            let file = try await run(file: nowhere)
            #expect(file.status == 3)
            #expect(file.errors.contains("(from \(scratch.path)/config/agentcorp/config)"))
        }
    }

    @Test(
        "a mistake in the configuration file is named with its line", .migratedDatabase,
        arguments: [
            ("databse = x", "Did you mean `database`?"), ("database", "is not `key = value`"),
            ("pooler = maybe", "Use yes or no"),
        ])
    func badFile(line: String, complaint: String) async throws {
        try await Scratch.use { scratch in
            let path = try scratch.write("config/agentcorp/config", "# first\n\(line)\n")
            let result = try await Agentcorp.runAlone("queues", scratch: scratch)
            #expect(result.status == 2)
            #expect(result.errors.contains("\(path), line 2"))
            #expect(result.errors.contains(complaint))
        }
    }

    @Test("a server that cannot be reached is named without its password", .migratedDatabase)
    func unreachable() async throws {
        let result = try await Agentcorp.runAlone(
            "tasks", "list", "--database", "postgresql://me:sesame@127.0.0.1:1/jobs?connect_timeout=2")
        #expect(result.status == 3)
        #expect(result.errors.contains("cannot connect to"))
        #expect(result.errors.contains("port=1"))
        #expect(result.errors.contains("(from --database)"))
        #expect(!result.errors.contains("sesame"))
        #expect(result.output.isEmpty)
    }

    @Test("a database that does not exist is named", .migratedDatabase)
    func unknownDatabase() async throws {
        let result = try await Agentcorp.run("tasks", "list", "--database", TestDatabase.current.dsn + " dbname=nix")
        #expect(result.status == 3)
        #expect(result.errors.contains("\"nix\""))
    }

    @Test("a server that takes no writes is refused", .migratedDatabase)
    func readOnly() async throws {
        let result = try await Agentcorp.run(
            "enqueue", "noop", environment: ["PGOPTIONS": "-c default_transaction_read_only=on"])
        #expect(result.status == 4)
        #expect(result.errors.contains("takes no writes"))
        #expect(result.errors.contains("target_session_attrs=read-write"))
    }

    @Test("behind a pooler, unnamed statements do the same", .migratedDatabase)
    func pooler() async throws {
        let result = try await Agentcorp.run("queues", "list", "--json", "--pooler")
        #expect(result.status == 0)
        #expect(result.output.contains("\"name\":\"default\""))
    }

    @Test("psql gets the connection through its environment, and its own arguments", .migratedDatabase)
    func psql() async throws {
        let result = try await Agentcorp.run("psql", "-X", "-A", "-t", "-c", "select current_database()")
        #expect(result.status == 0)
        #expect(result.output == TestDatabase.current.name + "\n")
        let help = try await Agentcorp.run("psql", "--", "--version")
        #expect(help.output.hasPrefix("psql "))
    }

    @Test("a reader that stops reading ends the command silently", .migratedDatabase)
    func brokenPipe() async throws {
        let result = try await TestProcess.run("bash", ["-c", "\(TestProcess.agentcorp) migrate print | head -1"])
        #expect(result.output == "begin;\n")
        #expect(result.errors.isEmpty)
    }
}
