import Foundation
import JSON
import MockServer
import Postgres
import TestSupport
import Testing

/// An API key that everybody tries to get out: it must not be found anywhere afterwards.
@Suite(.checkedDatabase, .serialized)
struct CanaryTests {
    private static let canary = "sk-canary-7f3e9a1c5b2d4e6f8a0b"

    /// What a key looks like wherever it gets out: as it is, and in base64.
    private static let forms = [
        canary, Data(canary.utf8).base64EncodedString().prefix(36).description, "canary-7f3e9a1c",
    ]

    /// Calls the tools that print what they know, repeats the key in texts and arguments, and fails with it.
    private static func answer(_ request: MockRequest) -> MockAnswer {
        guard case .array(let messages)? = request.json["messages"] else { return .hangUp }
        let prompt = messages.first { $0["role"]?.string == "user" }?["content"]?.text ?? ""
        if prompt.contains("fail") {
            return MockOpenAI.error(
                400, "Incorrect API key provided: \(canary), header Authorization: Bearer \(canary)",
                type: "invalid_request_error")
        }
        switch messages.count(where: { $0["role"]?.string == "assistant" }) {
        case 0:
            return MockOpenAI.stream(
                MockOpenAI.chunks(
                    text: "Your key is \(canary) , I think",
                    calls: [
                        MockCall("terminal__run_command", ["argv": ["env"]], id: "a"),
                        MockCall("terminal__run_command", ["argv": ["cat", "/proc/self/environ"]], id: "b"),
                        MockCall("memory__set", ["key": "k", "value": .string("it is \(canary)")], id: "c"),
                        MockCall("event__publish", ["topic": "keys.found", "data": ["key": .string(canary)]], id: "d"),
                        MockCall(
                            "task__update_task_status", ["status": "in_progress", "message": .string(canary)], id: "e"),
                        MockCall("nothing__\(canary)", ["key": .string(canary)], id: "f"),
                        MockCall("terminal__run_command", text: "{\"argv\": [\"\(canary)", id: "g"),
                        MockCall("terminal__run_command", ["argv": [.string("no-such-\(canary)")]], id: "h"),
                    ]))
        // The words come one by one: what is shown meanwhile must not show the half of it.
        case 1:
            return MockOpenAI.text("It is still \(canary) and \(Data(canary.utf8).base64EncodedString()) so there")
                .inserting(.pause(.milliseconds(400)), at: 6)
        default: return MockOpenAI.text("done")
        }
    }

    @Test("the key of a worker is in no row, log, error, environment or output", arguments: ["text", "json"])
    func canary(_ format: String) async throws {
        let model = try await MockServer.start { Self.answer($0) }
        try await TestDatabase.current.withPool { pool in
            let fleet = try AgentFleet(pool, model: model)
            try await fleet.putAgent([
                "tools": [
                    "terminal.run_command", "memory.set", "event.publish", "task.update_task_status",
                ],
                "context_settings": ["allowed_base_path": .string(fleet.folder), "commands": "any"],
            ])
            let worker = try fleet.startWorker(
                ["--log-level", "trace", "--log-format", format], environment: ["OPENAI_API_KEY": Self.canary])
            let good = try await fleet.ask()
            let bad = try await fleet.ask("fail")
            try await fleet.wait("select count(*) from agentcorp.turn", "2")
            try await fleet.wait(
                "select count(*) from agentcorp.tasks where id in (\(good), \(bad)) and state in ('completed', 'failed')",
                "2")
            #expect(try await fleet.rows("select state from agentcorp.tasks order by id") == ["completed", "failed"])
            #expect(
                Set(model.requests.map { $0.headers["authorization"] }) == ["Bearer \(Self.canary)"], "it is used")

            var places = [
                "environment": try Data(contentsOf: URL(filePath: "/proc/\(worker.pid)/environ")),
                "command line": try Data(contentsOf: URL(filePath: "/proc/\(worker.pid)/cmdline")),
                "log": Data(worker.errors.utf8), "output": Data(worker.output.utf8),
            ]
            let dump = try await TestProcess.run("pg_dump", ["--dbname", TestDatabase.current.dsn])
            try #require(dump.status == 0, "\(dump.errors)")
            places["database"] = Data(dump.output.utf8)
            for arguments in [
                ["tasks", "show", "\(good)"], ["tasks", "show", "\(bad)"], ["tasks", "show", "\(good)", "--json"],
                ["tasks", "list", "--json"],
            ] {
                let shown = try await TestProcess.run(
                    TestProcess.agentcorp, arguments, environment: ["AGENTCORP_DATABASE": TestDatabase.current.dsn])
                #expect(shown.status == 0, "\(shown.errors)")
                places[arguments.joined(separator: " ")] = Data((shown.output + shown.errors).utf8)
            }
            for (place, data) in places {
                for form in Self.forms {
                    #expect(data.range(of: Data(form.utf8)) == nil, "\(place) has the key, as \(form)")
                }
            }
            // It was there to be found: what stands in its place is.
            #expect(dump.output.contains("Your key is ***") && dump.output.contains("it is ***"))
            #expect(places["log"]!.count > 1000)
            worker.signal(SIGTERM)
            let ended = try await worker.waitForExit()
            #expect(!(ended.errors + ended.output).contains("canary-7f3e"))
        }
    }
}
