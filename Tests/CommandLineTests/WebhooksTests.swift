import Glibc
import Postgres
import TestSupport
import Testing

@Suite struct WebhooksTests {
    /// Signed with `s3cret`.
    private static let request = """
        POST /hooks/pd HTTP/1.1\r
        Host: localhost\r
        Connection: close\r
        Content-Type: application/json\r
        Content-Length: 8\r
        X-GitHub-Delivery: d1\r
        X-Hub-Signature-256: sha256=c48dcba22b49a9371cdf607a41016238221e38c78d72e9eccb55c75bdc0f3ebc\r
        \r
        {"id":7}
        """

    private func load() async throws {
        _ = try await TestDatabase.current.psql(
            """
            select agentcorp.put_plan('incident',
                '{"on": [{"webhook": "pd", "secret": {"env": "PD_SECRET"}}, {"topic": "alerts.*"}, {"cron": "@daily"}], "tasks": {"a": {"kind": "x"}}}')
            """)
    }

    private func start() async throws -> (server: TestProcess, port: Int) {
        let server = try Agentcorp.start(
            ["webhooks", "--listen", "127.0.0.1:0"], environment: ["PD_SECRET": "s3cret"])
        var port: Int?
        try await waitUntil("the server to listen") {
            port = server.errors.split(separator: "port=").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
            return port != nil
        }
        return (server, try #require(port))
    }

    private func runs() async throws -> String {
        try await TestDatabase.current.psql("select count(*) from agentcorp.task where kind = 'plan'")
    }

    @Test(
        "a server that is killed between the request and its answer: the sender repeats, and there is one run",
        .migratedDatabase)
    func killed() async throws {
        try await load()
        let first = try await start()
        // Nothing can be started while this is locked.
        let lock = try await PostgresConnection.connect(PostgresConfiguration(dsn: TestDatabase.current.dsn))
        try await lock.script("begin; lock table agentcorp.plan_start in access exclusive mode")
        let client = try RawClient(port: first.port)
        client.send(Self.request)
        try await waitUntil("the request to be in the database") {
            try await TestDatabase.current.psql(
                """
                select count(*) from pg_locks where not granted and relation = 'agentcorp.plan_start'::regclass
                    and database = (select oid from pg_database where datname = current_database())
                """)
                == "1"
        }
        first.server.signal(SIGKILL)
        let nothing = await client.read()
        #expect(nothing == "")
        try await lock.script("commit")
        let second = try await start()
        for _ in 1...3 {
            let again = try RawClient(port: second.port)
            again.send(Self.request)
            let answer = await again.read()
            #expect(answer.hasPrefix("HTTP/1.1 202"))
        }
        #expect(try await runs() == "1")
        second.server.signal(SIGTERM)
        let result = try await second.server.waitForExit()
        #expect(result.status == 0, "\(result.errors)")
        #expect(!result.errors.contains("s3cret"))
    }

    @Test("triggers are listed, paused and resumed", .migratedDatabase)
    func triggers() async throws {
        try await load()
        let list = try await Agentcorp.run("plan", "triggers", "incident")
        #expect(
            list.output.contains("webhook") && list.output.contains("alerts.*") && list.output.contains("@daily"),
            "\(list)")
        let paused = try await Agentcorp.run("plan", "triggers", "incident", "--pause", "1")
        #expect(paused.output.contains("paused"))
        #expect(try await TestDatabase.current.psql("select enabled from agentcorp.subscriptions") == "f")
        let resumed = try await Agentcorp.run("plan", "triggers", "incident", "--resume", "1", "--json")
        #expect(
            !resumed.output.contains("paused_at\":\"") && resumed.output.contains("\"what\":\"alerts.*\""), "\(resumed)"
        )
        let unknown = try await Agentcorp.run("plan", "triggers", "incident", "--pause", "7")
        #expect(unknown.status == 5)
    }
}
