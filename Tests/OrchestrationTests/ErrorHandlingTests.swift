import AgentTestSupport
import Agents
import Documents
import FoundationEssentials
import JSON
import Orchestration
import Plans
import Postgres
import Providers
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

/// The plans of `docs/error-handling.md` and `docs/teams.md`, run as they stand there.
@Suite struct ErrorHandlingTests {
    private static let docs = String(#filePath.split(separator: "/Tests/")[0]) + "/docs/"

    /// The plan of that name on a page.
    private static func plan(_ name: String, of page: String = "error-handling") throws -> Plan {
        let text = try String(contentsOfFile: docs + page + ".md", encoding: .utf8)
        let blocks = text.split(separator: "```yaml\n").dropFirst().map { $0.split(separator: "```")[0] }
        let block = try #require(blocks.first { $0.hasPrefix("plan: \(name)\n") })
        let report = PlanChecker().check(try YAMLDocument.parse(String(block)))
        #expect(report.issues.isEmpty, "\(report.issues)")
        return try #require(report.plan)
    }

    /// Agents answer with their prompts, but for those named `bad` and the painter, who refuse.
    private func world<Result>(
        _ agents: [JSONValue] = [], fails: @escaping @Sendable (String, Int) -> Bool = { _, _ in false },
        _ body: (PlanWorld, CommandLog) async throws -> Result
    ) async throws -> Result {
        let log = CommandLog()
        return try await PlanWorld.run(
            ["researcher", "painter", "cheap", "writer", "printer"].map { name in
                ["name": .string(name), "model": .string("script/\(name)")]
            } + agents,
            kinds: { handlers in
                for kind in ["command", "http"] {
                    handlers.register(kind) { context in
                        let args = try JSONValue(parsing: context.task.args)
                        let what = args["url"]?.string ?? args["argv"]?.text ?? ""
                        if fails(what, log.note(what)) { throw TaskFailure("no luck", reason: "test") }
                        return .completed(.init(JSONValue.string("done").bytes))
                    }
                }
            },
            answering: { request, _ in
                ["researcher", "painter", "cheap", "bad"].contains(request.model)
                    ? .text(nil, refusal: "no", finish: .refusal)
                    : .text("\(request.model): \(request.userTexts.last ?? "")")
            }
        ) { try await body($0, log) }
    }

    /// Ends the pauses before what is to be tried again.
    private static func hurry(_ world: PlanWorld) async throws {
        _ = try await world.agents.pool.call(
            "update agentcorp.scheduled s set run_at = agentcorp.clock() where s.run_at > agentcorp.clock()", [])
    }

    @Test("again: it is tried until it works", .checkedDatabase)
    func again() async throws {
        try await world(fails: { _, number in number < 3 }) { world, log in
            let plan = try Self.plan("again")
            let run = try await world.orchestrator.run(plan)
            for attempt in 1...2 {
                try await world.agents.wait(
                    "select count(*) from agentcorp.attempt a join agentcorp.task t on t.id = a.task_id where t.name = 'fetch' and a.outcome = 10",
                    "\(attempt)")
                try await Self.hurry(world)
            }
            #expect(try await world.agents.end(of: run) == "done")
            #expect(log.all.count == 3)
        }
    }

    @Test("elsewhere: another agent of the role", .checkedDatabase)
    func elsewhere() async throws {
        try await world([
            ["name": "a", "role": "coder", "model": "script/bad"],
            ["name": "b", "role": "coder", "model": "script/good"],
        ]) { world, _ in
            let run = try await world.orchestrator.run(try Self.plan("elsewhere"), input: ["what": "a loop"])
            #expect(try await world.agents.end(of: run) == "good: Write a loop.")
        }
    }

    @Test("without it: null, or a value in its place", .checkedDatabase)
    func without() async throws {
        try await world { world, _ in
            let run = try await world.orchestrator.run(try Self.plan("without"), input: ["topic": "tea"])
            #expect(
                try await world.agents.end(of: run)
                    == "writer: Write on tea. No figures were found. Without a picture.")
        }
    }

    @Test("in another way: the other task takes its place, and knows why", .checkedDatabase)
    func otherwise() async throws {
        try await world { world, _ in
            let run = try await world.orchestrator.run(try Self.plan("otherwise"), input: ["text": "salut"])
            let output = try await world.agents.end(of: run).string ?? ""
            #expect(output.hasPrefix("printer: Set this: writer: Translate: salut (It did not work before: "))
            #expect(output.contains("declined"))
        }
    }

    @Test(
        "by a person: somebody is asked when it has failed, and decides how it goes on", .checkedDatabase,
        arguments: [("approve", "writer: Announce the release."), ("reject", nil)] as [(String, JSONValue)])
    func escalated(_ decision: String, _ expected: JSONValue) async throws {
        try await world(fails: { what, _ in what.contains("deploy") }) { world, _ in
            let run = try await world.orchestrator.run(try Self.plan("escalate"))
            try await waitUntil("a request for approval") {
                try await Self.hurry(world)
                return try await !world.manager.approvals().isEmpty
            }
            let request = try await world.agents.approval()
            #expect(request.title == "Deploying has failed (no luck). Announce the release nonetheless?")
            try await world.manager.decide(request, decision, by: "ann")
            #expect(try await world.agents.end(of: run) == expected)
        }
    }

    @Test("undone: what was reserved is released, and the failure stands", .checkedDatabase)
    func undone() async throws {
        try await world(fails: { what, _ in what.contains("charge") }) { world, log in
            let run = try await world.orchestrator.run(
                try Self.plan("order"), input: ["item": "a7", "card": "x"])
            try await world.agents.wait(
                "select count(*) > 0 from agentcorp.attempt a join agentcorp.task t on t.id = a.task_id where t.name = 'charge'",
                "true")
            while try await !world.manager.standing(of: run).state.isFinal {
                try await Self.hurry(world)
            }
            #expect(try await world.agents.failure(of: run).message.contains("charge"))
            #expect(log.all.first == #"["./reserve","a7"]"# && log.all.last == #"["./release","a7"]"#)
        }
    }

    @Test("a blackboard: agents write the memory of the run, and expressions of the plan read it", .checkedDatabase)
    func blackboard() async throws {
        try await PlanWorld.run(
            ["scout_a", "scout_b"].map { name in
                ["name": .string(name), "model": .string("script/\(name)"), "tools": ["memory.append"]]
            } + [["name": "writer", "model": "script/writer"]],
            answering: { request, _ in
                guard request.model != "writer", request.answers == 0 else {
                    return .text(request.userTexts.last)
                }
                return .calls(
                    .call(
                        "memory__append", ["scope": "run", "key": "findings", "value": .string("by \(request.model)")]))
            }
        ) { world in
            let run = try await world.orchestrator.run(try Self.plan("survey", of: "teams"))
            let other = try await world.orchestrator.run(try Self.plan("survey", of: "teams"))
            for task in [run, other] {
                let output = try await world.agents.end(of: task).string ?? ""
                #expect(output.contains("by scout_a") && output.contains("by scout_b"))
                // Each run has a memory of its own.
                #expect(output.split(separator: "by scout_a").count == 2, "\(output)")
            }
        }
    }
}

/// What was run, in order.
private final class CommandLog: Sendable {
    private let list = Mutex<[String]>([])

    var all: [String] { list.withLock { $0 } }

    /// How often something has been run, this time included.
    func note(_ what: String) -> Int {
        list.withLock { list in
            list.append(what)
            return list.count { $0 == what }
        }
    }
}
