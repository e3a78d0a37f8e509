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
        arguments: ["pipeline", "research", "debate", "evaluator", "supervisor", "roles"])
    func example(_ name: String) async throws {
        let place = Self.folder + name
        let report = PlanChecker().check(try YAMLDocument.parse(try Self.text("\(place)/plan.yaml")))
        #expect(report.issues.isEmpty, "\(report.issues)")
        let plan = try #require(report.plan)
        let catalog = try ProviderCatalog(environment: [:], file: "\(place)/providers.json")
        try await PlanWorld.run(agents: "\(place)/agents", provider: try catalog.provider("crew")) { world in
            let input = try JSONValue(parsing: try Self.text("\(place)/input.json"))
            let result = try await world.agents.end(of: try await world.orchestrator.run(plan, input: input))
            let expected = try JSONValue(parsing: try Self.text("\(place)/output.json"))
            #expect(result == expected, "\(result.text)")
        }
    }

    private static let supervisors = Int(ProcessInfo.processInfo.environment["AGENTCORP_SUPERVISORS"] ?? "") ?? 20
    @Test("the plan of examples/event-driven starts on an event, once for each", .checkedDatabase)
    func eventDriven() async throws {
        let place = Self.folder + "event-driven"
        let report = PlanChecker().check(try YAMLDocument.parse(try Self.text("\(place)/plan.yaml")))
        #expect(report.issues.isEmpty, "\(report.issues)")
        let plan = try #require(report.plan)
        let catalog = try ProviderCatalog(environment: [:], file: "\(place)/providers.json")
        try await PlanWorld.run(agents: "\(place)/agents", provider: try catalog.provider("crew")) { world in
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

    @Test("many runs of the supervisor at once all return what one returns", .checkedDatabase)
    func manySupervisors() async throws {
        let place = Self.folder + "supervisor"
        let plan = try #require(PlanChecker().check(try YAMLDocument.parse(try Self.text("\(place)/plan.yaml"))).plan)
        let catalog = try ProviderCatalog(environment: [:], file: "\(place)/providers.json")
        try await PlanWorld.run(agents: "\(place)/agents", provider: try catalog.provider("crew")) { world in
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

    private static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
