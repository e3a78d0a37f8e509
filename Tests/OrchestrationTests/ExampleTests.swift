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
        arguments: ["pipeline", "research", "debate", "evaluator"])
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

    private static func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
