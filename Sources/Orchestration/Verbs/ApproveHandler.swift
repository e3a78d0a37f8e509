internal import Agents
internal import JSON
internal import Queue
internal import Worker

/// Kind `approve`: a person decides. The task waits without a worker, and returns the decision, and the value as it was
/// shown or edited.
enum ApproveHandler {
    private struct Arguments: Decodable {
        let title: String
        let value: JSONValue?
        let approvers: [String]?
        let decisions: [String]?
        let expires: JSONValue?
        let `default`: String?
    }

    static func handle(_ context: TaskContext) async throws -> TaskResult {
        try context.refuseSecrets("what a person is shown")
        let arguments = try context.decode(Arguments.self)
        let expires = try context.duration(arguments.expires, "expires")
        let link = ApprovalLink(context)
        while true {
            let request = try await context.permanently {
                try await link.request(
                    reason: "task", title: arguments.title, decisions: arguments.decisions ?? ["approve", "reject"],
                    value: arguments.value, approvers: arguments.approvers ?? [], expires: expires,
                    fallback: arguments.default)
            }
            if let decision = request.decision { return try .output(decision) }
            try await context.wait(for: request)
        }
    }
}
