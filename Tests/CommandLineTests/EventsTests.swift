import Glibc
import TestSupport
import Testing

@Suite struct EventsTests {
    @Test("events are emitted once per key, listed, and refused with advice", .migratedDatabase)
    func emit() async throws {
        let first = try await Agentcorp.run("events", "emit", "orders.paid", "--key", "42", "--data", #"{"total": 30}"#)
        #expect(first.status == 0)
        #expect(first.output == "1\n")
        let second = try await Agentcorp.run(
            "events", "emit", "orders.paid", "--key", "42", "--data", "-", "--json", input: "[1]")
        #expect(second.output == "{\"id\": 1}\n")
        _ = try await Agentcorp.run("events", "emit", "users.made")
        let list = try await Agentcorp.run("events")
        let lines = list.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[2].contains("orders.paid") && lines[2].contains("42") && lines[2].contains(#"{"total":30}"#))
        let json = try await Agentcorp.run("events", "list", "--topic", "orders.*", "--json")
        #expect(json.output.contains(#""data":{"total":30}"#))
        #expect(!json.output.contains("users"))
        for (arguments, word) in [
            (["emit", "no topic"], "topic"), (["emit", "t", "--data", "{"], "--data"),
            (["list", "--topic", "a.**.b"], "pattern"),
            (["tail", "--topic", "a*"], "pattern"), (["tail", "--last", "-1"], "last"),
        ] {
            let result = try await Agentcorp.run(["events"] + arguments)
            #expect(result.status == 2, "\(arguments)")
            #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }

    @Test("tail prints what is there and what comes, and ends cleanly with Ctrl-C", .migratedDatabase)
    func tail() async throws {
        let database = TestDatabase.current
        try await database.psql(
            #"select agentcorp.emit_event('a.x'), agentcorp.emit_event('a.y', '1', E'k\x1b[31m'), agentcorp.emit_event('b')"#
        )
        let text = try Agentcorp.start(["events", "tail", "--topic", "a.*", "--last", "1"])
        let json = try Agentcorp.start(["events", "tail", "--json"])
        try await waitUntil("the last event") { text.output.contains("a.y") }
        // `json` shows nothing until it has begun.
        try await waitUntil("the first line") {
            try await database.psql("select agentcorp.emit_event('a.z')")
            return json.output.contains("a.z")
        }
        try await database.psql("select agentcorp.emit_event('b.z'), agentcorp.emit_event('a.end', '\"line\\n\"', 'k')")
        try await waitUntil("the end") { text.output.contains("a.end") && json.output.contains("a.end") }
        for process in [text, json] { process.signal(SIGINT) }
        let (ended, object) = (try await text.waitForExit(), try await json.waitForExit())
        #expect(ended.status == 0)
        #expect(object.status == 0)
        #expect(ended.errors.isEmpty)
        let lines = ended.output.split(separator: "\n")
        #expect(lines[0].contains("  2  a.y  ") && lines[0].hasSuffix("  1"))
        #expect(!ended.output.contains("\u{1B}") && !ended.output.contains("b.z"))
        #expect(ended.output.components(of: "a.end") == 1)
        #expect(object.output.contains(#""key":"k""#) && object.output.contains("b.z"))
        #expect(object.output.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    }

    @Test("subscriptions are made, listed, and removed; waits are listed", .migratedDatabase)
    func subscriptions() async throws {
        let empty = try await Agentcorp.run("events", "subscriptions")
        #expect(empty.errors.contains("no subscriptions"))
        let made = try await Agentcorp.run(
            "events", "subscribe", "audit", "orders.#", "log", "--args", #"{"level": "info"}"#, "--priority", "9",
            "--tag", "t")
        #expect(made.status == 0)
        #expect(made.errors.contains("log"), "no worker handles it")
        try await TestDatabase.current.psql("select agentcorp.emit_event('orders.paid')")
        #expect(
            try await TestDatabase.current.psql("select kind, priority, tags, args ->> 'level' from agentcorp.tasks")
                == "log|9|{t}|info")
        let list = try await Agentcorp.run("events", "subscriptions")
        #expect(list.output.contains("orders.**") && list.output.contains("enabled"))
        let unknown = try await Agentcorp.run("events", "subscribe", "s", "t", "log", "--queue", "defualt")
        #expect(unknown.status == 5)
        #expect(unknown.errors.contains("default"))
        #expect(try await Agentcorp.run("events", "unsubscribe", "audit").status == 0)
        let gone = try await Agentcorp.run("events", "unsubscribe", "audit")
        #expect(gone.status == 5)
        #expect(gone.errors.contains("audit"))
        let worker = try await TestDatabase.current.psql(
            "select worker from agentcorp.register_worker('h', 1, '1', '{default}', '{a}', 1)")
        try await TestDatabase.current.psql(
            """
            select * from agentcorp.claim(\(worker));
            select agentcorp.await_event(1, 1, 'e', 'parcels.packed', '7', '1 hour');
            select agentcorp.finish(1, 1, \(worker), 'suspended');
            """)
        let card = try await Agentcorp.run("tasks", "show", "1")
        #expect(card.output.contains("waits for parcels.packed 7, until 2"))
        let waits = try await Agentcorp.run("events", "waits")
        #expect(waits.output.contains("parcels.packed") && waits.output.contains("waiting"))
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
