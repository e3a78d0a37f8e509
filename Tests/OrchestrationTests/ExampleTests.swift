import AgentTestSupport
import Agents
import Documents
import FoundationEssentials
import JSON
import Orchestration
import Plans
import Providers
import TestSupport
import Testing

/// The plans of `examples/`, with the models that play scripts.
@Suite struct ExampleTests {
    private static let folder = String(#filePath.split(separator: "/Tests/")[0]) + "/examples/"

    @Test(
        "an example returns what its folder says", .checkedDatabase,
        arguments: ["pipeline", "research", "debate", "evaluator", "supervisor", "roles", "consensus"])
    func example(_ name: String) async throws {
        try await Self.use(name) { world, plan in
            let result = try await world.agents.end(
                of: try await world.orchestrator.run(plan, input: try Self.json(name, "input")))
            #expect(result == (try Self.json(name, "output")), "\(result.text)")
        }
    }

    @Test(
        "where the plan of an example asks for a role, only agents of its own folder fit, whichever others are loaded")
    func roles() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
            .filter { FileManager.default.fileExists(atPath: "\(Self.folder)\($0)/agents") }
        let plans = folders.filter { FileManager.default.fileExists(atPath: "\(Self.folder)\($0)/plan.yaml") }
        let agents = try (folders.map { "\($0)/agents" } + ["agents"]).flatMap { path in
            try AgentFolder.load(Self.folder + path).map { (folder: path, config: $0) }
        }
        #expect(plans.count > 8 && agents.count > 30)
        for name in plans {
            let plan = try #require(
                PlanChecker().check(try YAMLDocument.parse(try Self.text(name + "/plan.yaml"))).plan)
            for case .role(let role, let skills, _) in Self.choices(plan) {
                let fit = agents.filter { $0.config.role == role && Set(skills).isSubset(of: $0.config.skills) }
                #expect(!fit.isEmpty && fit.allSatisfy { $0.folder == name + "/agents" }, "\(name): \(role)")
            }
        }
    }

    private static func choices(_ plan: Plan) -> [AgentChoice] {
        plan.tasks.flatMap { task -> [AgentChoice] in
            switch task.verb {
            case .agent(let choices, _): choices
            case .plan(.inline(let inner), _): Self.choices(inner)
            default: []
            }
        }
    }

    @Test(
        "in examples/consensus a reason changes a mind, two tie, and the judge decides between them", .checkedDatabase)
    func consensus() async throws {
        try await Self.use("consensus") { world, plan in
            let run = try await world.orchestrator.run(plan, input: try Self.json("consensus", "input"))
            _ = try await world.agents.end(of: run)
            #expect(
                try await world.agents.rows(
                    """
                    select b.round, string_agg(concat_ws(' ', b.agent, b.weight, b.choice), ', ' order by b.voter nulls last)
                    from agentcorp.ballots b group by 1 order by 1
                    """) == [
                        "1|lead 2 2, operator 1 1, auditor 1 0", "2|lead 2 2, operator 1 0, auditor 1 0",
                        "3|lead 2 2, operator 1 0, auditor 1 0, architect 1 0",
                    ])
            #expect(
                try await world.agents.rows(
                    """
                    select s.name, s.value #>> '{0,value,status}' from agentcorp.task t cross join agentcorp.steps(t.id) s
                    where t.kind = 'vote' and s.name like 'tally%' order by 1
                    """) == ["tally 1|undecided", "tally 2|tied", "tally 3|tied"])
        }
    }

    @Test("the plan of examples/event-driven starts on an event, once for each", .checkedDatabase)
    func eventDriven() async throws {
        try await Self.use("event-driven") { world, plan in
            try await world.orchestrator.load(plan.document, named: "incident")
            for event in [#"{"id": "a1", "severity": 4, "text": "disk full"}"#, #"{"id": "a2", "severity": 1}"#] {
                for _ in 1...2 {
                    _ = try await world.agents.rows("select agentcorp.emit_event('alerts.db', '\(event)')")
                }
            }
            try await world.agents.wait(
                """
                select string_agg(agentcorp.output_of(t.id)::text, ', ') from agentcorp.tasks t
                where t.kind = 'plan' and t.state = 'completed'
                """, #""Delete the logs of last month.""#)
            try await world.agents.wait(
                "select string_agg(state, ' ' order by state) from agentcorp.tasks where kind = 'plan_trigger'",
                "completed completed skipped skipped")
        }
    }

    private static let supervisors = Int(ProcessInfo.processInfo.environment["AGENTCORP_SUPERVISORS"] ?? "") ?? 20

    @Test("many runs of the supervisor at once all return what one returns", .checkedDatabase)
    func manySupervisors() async throws {
        try await Self.use("supervisor") { world, plan in
            let loaded = try await world.orchestrator.load(plan.document, named: "project")
            var runs: [Int64] = []
            for number in 1...Self.supervisors {
                runs.append(
                    try await world.orchestrator.run(
                        "project", input: ["goal": .string("adder \(number)")], version: loaded.version))
            }
            try await waitUntil("all of them", timeout: .seconds(600)) {
                try await world.agents.rows(
                    "select count(*) from agentcorp.task t join agentcorp.output o on o.task_id = t.id where t.parent_id is null"
                )
                    == ["\(Self.supervisors)"]
            }
            for run in runs {
                #expect(try await world.agents.end(of: run) == "Delivered, and tested:\ndef add(a, b): return a + b")
            }
            // Three turns of the supervisor, two of the engineer and the tester each, one of the documenter.
            #expect(
                try await world.agents.rows(
                    "select count(*), count(distinct task_id) from agentcorp.turns")
                    == ["\(8 * Self.supervisors)|\(6 * Self.supervisors)"])
        }
    }

    /// A worker with the agents and the script of a folder, and its plan, which has no mistakes.
    private static func use(_ name: String, _ body: (PlanWorld, Plan) async throws -> Void) async throws {
        let report = PlanChecker().check(try YAMLDocument.parse(try text(name + "/plan.yaml")))
        #expect(report.issues.isEmpty, "\(report.issues)")
        let plan = try #require(report.plan)
        let catalog = try ProviderCatalog(environment: [:], file: folder + name + "/providers.json")
        try await PlanWorld.run(agents: folder + name + "/agents", provider: try catalog.provider("crew")) { world in
            try await body(world, plan)
        }
    }

    private static func json(_ name: String, _ file: String) throws -> JSONValue {
        try JSONValue(parsing: try text("\(name)/\(file).json"))
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder + path, encoding: .utf8)
    }
}
