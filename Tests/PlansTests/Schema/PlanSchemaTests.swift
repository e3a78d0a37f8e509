import FoundationEssentials
import JSON
import Plans
import Testing

/// The schema for editors and the reader agree, as far as a schema can tell.
struct PlanSchemaTests {
    private let schema: JSONSchema

    init() throws {
        schema = try JSONSchema(JSONValue(parsing: PlanSchema.text))
    }

    @Test("the schema in the binary is that of the documentation")
    func embedded() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = try Data(contentsOf: root.appending(path: "docs/plan.schema.json"))
        #expect(
            String(decoding: file, as: UTF8.self) == PlanSchema.text,
            "the build does not notice that the file has changed: touch Sources/CPlanSchema/schema.c")
    }

    @Test("plans fit it", arguments: SixPatterns.all + GoodPlans.all)
    func good(text: String) throws {
        let document = try JSONValue(parsing: text)
        #expect(schema.violations(of: document).map(\.description) == [])
        #expect(PlanChecker().check(document).issues == [])
    }

    /// What a schema cannot tell: how one part of a document depends on another, and the inside of texts.
    private static let beyond = [
        "/tasks/b/needs/0: ", "the task needs itself", "wait for each other", "there is no task", "/tasks/a/when: ",
        "/tasks/a/retry/backoff: ", "/tasks/a/schema/type", "/tasks/a/prompt: ", "/tasks/a/args/x/0: ",
        "handles the failure", "/cron: ", "/topic: ",
    ]

    @Test("what is no plan does not fit it", arguments: BrokenPlans.all)
    func bad(text: String, message: String) throws {
        let violations = schema.violations(of: try JSONValue(parsing: text))
        let isBeyond = Self.beyond.contains { message.contains($0) && !message.contains("unknown field") }
        #expect(violations.isEmpty == (isBeyond && !message.contains("prompt is missing")), "\(violations)")
    }

    @Test("every field of it has a meaning for the reader, and the reader has none besides")
    func fields() throws {
        let text = PlanSchema.text
        let tasks = try #require(JSONValue(parsing: text)["$defs"]?["task"]?["properties"]?.members)
        for field in tasks.keys {
            // Of a field that is known, null is read as if it was not there.
            let document: JSONValue = ["tasks": ["a": ["wait": ["for": 1], .init(field): nil]]]
            let issues = PlanChecker().check(document).issues.filter { $0.message.contains("unknown field") }
            let companions = ["prompt", "args", "with", "schema", "repairs", "tools", "delegate"]
            #expect(issues.isEmpty || companions.contains(field), "\(field): \(issues)")
        }
    }
}
