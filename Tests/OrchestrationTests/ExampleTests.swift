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
