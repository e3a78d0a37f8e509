import Postgres
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct RunRetryTests {
    @Test("what failed in a run runs again with what was cancelled for it; what completed is not run again")
    func flow() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(
            worker,
            #"[{"name":"a","kind":"x"},{"name":"b","kind":"x","needs":["a"]},{"name":"c","kind":"x"},{"name":"h","kind":"x","needs":["a"],"join":"settled"}]"#
        )
        let claimed = try await sql.claim(worker, 9)
        try await sql.finish(claimed[0], worker, "'failed', retry => false")
        try await sql.finish(claimed[1], worker, "'completed', output => '\"c\"'")
        try await sql.settle()
        #expect(try await sql.claim(worker, 9) == [try await sql.id("h")])
        try await sql.finish(try await sql.id("h"), worker)
        try await sql.settle()
        #expect(try await sql.claim(worker, 9) == [root])
        try await sql.finish(root, worker, "'failed', retry => false")
        #expect(
            try await sql.states(root) == ["p failed", "a failed", "b cancelled", "c completed", "h completed"])

        // Of any of its tasks it is the whole run that goes on.
        #expect(try await sql.int("select agentcorp.retry_run(\(try await sql.id("b")))") == 3)
        #expect(try await sql.states(root) == ["p ready", "a ready", "b blocked", "c completed", "h completed"])
        #expect(try await sql.claim(worker, 9) == [root, try await sql.id("a")])
        // The plan looks at its tasks and waits again, by its own rule.
        try await sql.suspend(worker, root)
        #expect(try await sql.state(root) == "waiting")
        try await sql.finish(try await sql.id("a"), worker, "'failed', retry => false")
        try await sql.settle()
        // A failure is still for the plan to judge.
        #expect(try await sql.claim(worker, 9) == [root])
        try await sql.finish(root, worker, "'failed', retry => false")
        #expect(try await sql.int("select agentcorp.retry_run(\(root))") == 3)
        for task in try await sql.claim(worker, 9).filter({ $0 != root }) { try await sql.finish(task, worker) }
        try await sql.suspend(worker, root)
        #expect(try await sql.claim(worker, 9) == [try await sql.id("b")])
        try await sql.finish(try await sql.id("b"), worker)
        try await sql.settle()
        #expect(try await sql.claim(worker, 9) == [root])
        try await sql.finish(root, worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
        #expect(try await sql.attempt(of: try await sql.id("c")) == 2, "it ran once")
        #expect(try await sql.value("select agentcorp.output_of(\(try await sql.id("c"))) #>> '{}'") == "c")
        try await sql.refuses("select agentcorp.retry_run(\(root))", "AC009", "has completed")
        try await sql.refuses("select agentcorp.retry_run(999999)", "AC001", "unknown run 999999")
    }

    @Test("of a fan-out only the items that failed run again, and it waits for all of them as before")
    func fanOut() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(
            worker, #"[{"name":"e","kind":"each"},{"name":"z","kind":"x","needs":["e"]}]"#)
        let each = try await sql.id("e")
        #expect(try await sql.claim(worker) == [each])
        try await sql.expand(
            worker, each,
            #"[{"name":"[0]","kind":"x"},{"name":"[1]","kind":"x"},{"name":"[2]","kind":"x","needs":["[1]"]}]"#,
            join: "all")
        let items = try await sql.claim(worker, 9)
        try await sql.finish(items[0], worker)
        try await sql.finish(items[1], worker, "'failed', retry => false")
        try await sql.settle()
        #expect(
            try await sql.states(root)
                == ["p ready", "e cancelled", "[0] completed", "[1] failed", "[2] cancelled", "z cancelled"])
        #expect(try await sql.claim(worker, 9) == [root])
        try await sql.finish(root, worker, "'failed', retry => false")

        #expect(try await sql.int("select agentcorp.retry_run(\(root))") == 5)
        let again = try await sql.claim(worker, 9)
        #expect(again == [root, each, items[1]])
        try await sql.suspend(worker, root)
        try await sql.suspend(worker, each, join: "all")
        try await sql.finish(items[1], worker)
        try await sql.settle()
        #expect(
            try await sql.states(root)
                == ["p waiting", "e waiting", "[0] completed", "[1] completed", "[2] ready", "z blocked"])
        try await sql.drain(worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
        #expect(try await sql.attempt(of: items[0]) == 2, "it ran once")
    }

    @Test("a loop whose round failed goes on with that round; earlier ones stay")
    func loop() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(worker, #"[{"name":"l","kind":"repeat"}]"#)
        let loop = try await sql.id("l")
        #expect(try await sql.claim(worker) == [loop])
        try await sql.expand(worker, loop, ##"[{"name":"#1","kind":"x"}]"##)
        try await sql.finish(try await sql.claim(worker)[0], worker)
        try await sql.settle()
        #expect(try await sql.claim(worker) == [loop])
        try await sql.expand(worker, loop, ##"[{"name":"#2","kind":"plan"}]"##)
        let round = try await sql.id("#2")
        #expect(try await sql.claim(worker) == [round])
        try await sql.expand(
            worker, round, #"[{"name":"code","kind":"x"},{"name":"check","kind":"x","needs":["code"]}]"#)
        try await sql.finish(try await sql.claim(worker)[0], worker)
        try await sql.finish(try await sql.claim(worker)[0], worker, "'failed', retry => false")
        for container in [round, loop, root] {
            try await sql.settle()
            #expect(try await sql.claim(worker) == [container])
            try await sql.finish(container, worker, "'failed', retry => false")
        }
        #expect(
            try await sql.states(root)
                == ["p failed", "l failed", "#1 completed", "#2 failed", "code completed", "check failed"])
        #expect(try await sql.int("select agentcorp.retry_run(\(root))") == 4)
        let claimed = try await sql.claim(worker, 9)
        #expect(claimed == [root, loop, round, try await sql.id("check")])
        for container in claimed.prefix(3) { try await sql.suspend(worker, container) }
        try await sql.finish(claimed[3], worker)
        for container in [round, loop, root] {
            try await sql.settle()
            #expect(try await sql.claim(worker) == [container])
            try await sql.finish(container, worker)
        }
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
    }

    @Test("a failure that a handler has taken over stays with the handler")
    func handler() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(
            worker,
            #"[{"name":"a","kind":"x","on_error":"skip"},{"name":"h","kind":"x","needs":["a"],"join":"settled"},{"name":"z","kind":"x","needs":["h"]}]"#
        )
        try await sql.finish(try await sql.claim(worker)[0], worker, "'failed', retry => false")
        try await sql.settle()
        try await sql.finish(try await sql.claim(worker)[0], worker)
        try await sql.settle()
        try await sql.finish(try await sql.claim(worker)[0], worker, "'failed', retry => false")
        try await sql.settle()
        #expect(try await sql.claim(worker) == [root])
        try await sql.finish(root, worker, "'failed', retry => false")
        #expect(try await sql.int("select agentcorp.retry_run(\(root))") == 2)
        #expect(try await sql.states(root) == ["p ready", "a failed", "h completed", "z ready"])
    }

    @Test("a cancelled run goes on where it was")
    func cancelled() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let root = try await sql.startRun(
            worker,
            #"[{"name":"a","kind":"x"},{"name":"b","kind":"x","needs":["a"]},{"name":"c","kind":"x","needs":["b"]}]"#)
        try await sql.finish(try await sql.claim(worker)[0], worker)
        try await sql.settle()
        #expect(try await sql.int("select agentcorp.cancel(\(root))") == 3)
        #expect(try await sql.int("select agentcorp.retry_run(\(root))") == 3)
        #expect(try await sql.states(root) == ["p ready", "a completed", "b ready", "c blocked"])
        #expect(try await sql.claim(worker) == [root])
        try await sql.suspend(worker, root)
        try await sql.drain(worker)
        #expect(try await sql.states(root).allSatisfy { $0.hasSuffix("completed") })
    }
}
