import TestSupport
import Testing

/// What the agents of a run say to each other.
@Suite(.checkedDatabase)
struct MessageTests {
    /// A run in which the agents `ann`, `bob` and `cat` are at work, in the tasks after its root.
    private struct Team {
        let sql: Session
        let run: Int
        let worker: Int
        var ann: Int { run + 1 }
        var bob: Int { run + 2 }
        var cat: Int { run + 3 }

        static func begin() async throws -> Team {
            let sql = try await Session.open()
            for agent in ["ann", "bob", "cat"] {
                try await sql.run("select agentcorp.put_agent('\(agent)', '{\"model\": \"m\"}')")
            }
            let run = try await sql.tree(
                #"{"kind":"r","subtasks":[{"kind":"agent","max_attempts":3},{"kind":"agent","max_attempts":3},{"kind":"agent","max_attempts":3}]}"#
            )
            let worker = try await sql.worker()
            #expect(try await sql.claim(worker, 5).count == 3)
            for (index, agent) in ["ann", "bob", "cat"].enumerated() {
                try await sql.run(
                    "select agentcorp.begin_run(\(run + 1 + index), 1, '\(agent)', 1, '[{\"text\": \"go\"}]')")
            }
            return Team(sql: sql, run: run, worker: worker)
        }

        @discardableResult
        func say(_ task: Int, _ key: String, to recipient: String, _ text: String, attempt: Int = 1) async throws -> Int
        {
            try await sql.int("select agentcorp.say(\(task), \(attempt), '\(key)', '\(recipient)', '\(text)')")
        }

        /// The texts that a call of a task gets, in order.
        func hear(_ task: Int, _ key: String, attempt: Int = 1) async throws -> [String] {
            try await sql.rows(
                """
                select m ->> 'text' from jsonb_array_elements(agentcorp.hear(\(task), \(attempt), '\(key)') -> 'messages')
                    with ordinality x(m, i) order by i
                """)
        }
    }

    @Test("a message reaches the agent it is for, once; one to all reaches everybody else")
    func delivery() async throws {
        let team = try await Team.begin()
        #expect(try await team.say(team.ann, "k1", to: "bob", "for bob") == 1)
        #expect(try await team.say(team.ann, "k2", to: "all", "for all") == 2)
        #expect(try await team.hear(team.ann, "a1") == [])
        #expect(try await team.hear(team.bob, "b1") == ["for bob", "for all"])
        #expect(try await team.hear(team.bob, "b2") == [])
        #expect(try await team.hear(team.cat, "c1") == ["for all"])
        #expect(
            try await team.sql.rows(
                "select seq, sender, recipient, array_to_string(readers, ',') from agentcorp.agent_messages where run_id = \(team.run) order by seq"
            ) == ["1|ann|bob|bob", "2|ann|all|bob,cat"])
    }

    @Test("a call that is made again sends nothing again and is given what it was given, whatever came since")
    func repeated() async throws {
        let team = try await Team.begin()
        #expect(try await team.say(team.ann, "k", to: "bob", "one") == 1)
        #expect(try await team.say(team.ann, "k", to: "bob", "one") == 1)
        #expect(try await team.hear(team.bob, "b1") == ["one"])
        #expect(try await team.say(team.cat, "k2", to: "bob", "two") == 2)
        // The worker is lost before the result is recorded; the next attempt makes the same call.
        try await team.sql.run(
            "update agentcorp.worker set beat_at = beat_at - interval '1 hour' where id = \(team.worker)")
        let other = try await team.sql.worker()
        try await team.sql.run("select * from agentcorp.rescue()")
        #expect(try await team.sql.claim(other, 5).count == 3)
        try await team.sql.refuses("select agentcorp.hear(\(team.bob), 1, 'b1')", "AC002")
        try await team.sql.refuses("select agentcorp.say(\(team.bob), 1, 'x', 'all', 'x')", "AC002")
        #expect(try await team.hear(team.bob, "b1", attempt: 2) == ["one"])
        #expect(try await team.hear(team.bob, "b2", attempt: 2) == ["two"])
        #expect(try await team.say(team.ann, "k", to: "bob", "one", attempt: 2) == 1)
        #expect(try await team.sql.int("select sent from agentcorp.mailbox") == 2)
    }

    @Test("of many who send and read at once nobody loses a message or gets one twice")
    func races() async throws {
        let team = try await Team.begin()
        let heard = try await withThrowingTaskGroup(of: [String].self) { tasks in
            for i in 1...20 {
                tasks.addTask {
                    let sql = try await Session.open()
                    _ = try await sql.value("select agentcorp.say(\(team.ann), 1, 's\(i)', 'bob', 'm\(i)')")
                    return try await sql.rows(
                        "select m ->> 'text' from jsonb_array_elements(agentcorp.hear(\(team.bob), 1, 'r\(i)') -> 'messages') m"
                    )
                }
            }
            return try await tasks.reduce([]) { $0 + $1 }
        }
        #expect(Set(heard).count == heard.count)
        #expect(heard.count + (try await team.hear(team.bob, "last")).count == 20)
        #expect(
            try await team.sql.rows("select count(distinct seq), max(seq) from agentcorp.agent_message") == ["20|20"])
    }

    @Test("what an agent says after it has read something from outside is tainted")
    func taint() async throws {
        let team = try await Team.begin()
        try await team.say(team.ann, "k1", to: "bob", "clean")
        #expect(try await team.sql.value("select agentcorp.hear(\(team.bob), 1, 'b1') ->> 'tainted'") == "false")
        try await team.sql.run("update agentcorp.agent_run set tainted = true where agent = 'ann'")
        try await team.say(team.ann, "k2", to: "bob", "dirty")
        #expect(try await team.sql.value("select agentcorp.hear(\(team.bob), 1, 'b2') ->> 'tainted'") == "true")
    }

    @Test("somebody outside can say something to a run, by any of its tasks, until it has ended")
    func fromOutside() async throws {
        let team = try await Team.begin()
        let sql = team.sql
        #expect(try await sql.int("select agentcorp.send_message(\(team.cat), 'ann', 'hurry', topic => 'time')") == 1)
        #expect(
            try await sql.value("select agentcorp.hear(\(team.ann), 1, 'a') #>> '{messages,0,topic}'") == "time")
        #expect(
            try await sql.rows(
                "select topic, key from agentcorp.event where topic = 'agent.message'") == [
                    "agent.message|\(team.run)/1"
                ])
        try await sql.refuses(
            "select agentcorp.send_message(\(team.run), 'anne', 'x')", "AC001", "unknown agent \"anne\"", hint: "ann")
        try await sql.refuses("select agentcorp.send_message(\(team.run), 'ann', '')", "AC008")
        try await sql.refuses(
            "select agentcorp.send_message(\(team.run), 'ann', repeat('x', 40000))", "AC008", hint: "memory")
        try await sql.refuses("select agentcorp.send_message(\(team.run), 'ann', 'x', topic => '')", "AC007")
        try await sql.refuses("select agentcorp.send_message(\(team.run + 99), 'ann', 'x')", "AC001")
        try await sql.run("select agentcorp.cancel(\(team.run))")
        try await sql.run("select agentcorp.resolve_ends(0::smallint)")
        try await sql.refuses("select agentcorp.send_message(\(team.run), 'ann', 'x')", "AC009", "has ended")
    }

    @Test("a tenant can neither write into another's run nor read what is said there")
    func tenants() async throws {
        let sql = try await Session.open()
        try await sql.run("select agentcorp.put_agent('ann', '{\"model\": \"m\"}')")
        try await sql.withRole("in role agentcorp_enqueuer, agentcorp_reader") { acme in
            try await sql.withRole("in role agentcorp_enqueuer, agentcorp_reader") { zeta in
                try await sql.run(
                    "select agentcorp.set_tenant('\(acme)', 'acme'), agentcorp.set_tenant('\(zeta)', 'zeta')")
                try await sql.run("select agentcorp.enable_tenant_isolation()")
                try await sql.run("set role \(acme)")
                let run = try await sql.enqueue()
                try await sql.run("select agentcorp.send_message(\(run), 'all', 'ours')")
                #expect(try await sql.rows("select body from agentcorp.agent_messages") == ["ours"])
                try await sql.run("reset role; set role \(zeta)")
                try await sql.refuses("select agentcorp.send_message(\(run), 'all', 'theirs')", "AC001")
                #expect(try await sql.rows("select body from agentcorp.agent_messages") == [])
                #expect(try await sql.rows("select sent from agentcorp.mailbox") == [])
                try await sql.run("reset role")
            }
        }
    }
}
