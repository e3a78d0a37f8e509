import AgentTestSupport
import JSON
import Postgres
import Providers
import Queue

/// What the voters of a test answer: the name of an agent is that of its model.
struct VoterScript: Sendable {
    /// A request for a ballot, or for the decision of a judge.
    struct Paper: Sendable {
        let request: ChatRequest
        let text: String

        var agent: String { request.model }

        /// The letter of the option that says this.
        func letter(_ option: String) -> JSONValue {
            let lines = text.split(separator: "\n")
            for line in lines where line.dropFirst().hasPrefix("| \(option)") { return .string(String(line.prefix(1))) }
            return "?"
        }

        func choose(_ option: String, _ rationale: String = "it is good") -> JSONValue {
            ["choice": letter(option), "confidence": 0.75, "rationale": .string(rationale)]
        }

        static let abstain: JSONValue = ["choice": nil, "confidence": 0.1, "rationale": "I do not know"]

        /// From 1.
        var round: Int {
            guard let range = text.firstRange(of: "in round "), let digit = text[range.upperBound...].first else {
                return 1
            }
            return digit.wholeNumberValue ?? 1
        }
    }

    static func agents(_ names: String..., role: String? = nil) -> [JSONValue] {
        names.map { name in
            var members: [String: JSONValue] = ["name": .string(name), "model": .string("script/\(name)")]
            members["role"] = role.map { .string($0) }
            return .object(members)
        }
    }

    static func answering(
        _ answer: @escaping @Sendable (Paper) throws -> JSONValue
    ) -> @Sendable (ChatRequest, Int) async throws -> ChatResponse {
        { request, _ in
            .text(try answer(Paper(request: request, text: request.userTexts.first ?? "")).text)
        }
    }
}

extension PlanWorld {
    /// Starts a vote by itself: two options `use a queue` and `use a stack`, unless it says others.
    func vote(_ more: JSONValue, attempts: Int = 10) async throws -> Int64 {
        var members: [String: JSONValue] = ["options": ["use a queue", "use a stack"], "rule": "majority"]
        members.merge(more.members ?? [:]) { $1 }
        var request = TaskRequest("vote", args: PostgresJSON(JSONValue.object(members).bytes))
        request.maxAttempts = attempts
        request.backoff = "fixed 0s"
        return try await manager.enqueue(request)
    }

    /// Model calls so far.
    var calls: Int {
        get async throws { Int(try await agents.rows("select count(*) from agentcorp.turn")[0]) ?? -1 }
    }
}
